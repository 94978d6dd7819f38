/// kuma-cp's start, as its program does it live.
#include "scenarios/engine/sim_control_plane.hpp"

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/sim/offload.hpp"
#include "kumasim/sim/rsa_key.hpp"
#include "kumasim/sim/world.hpp"
#include "kumasim/transport/http.hpp"
#include "reference-cp/app/kuma_cp/control_plane.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/store/memory.hpp"
#include "reference-cp/store/sqlite.hpp"
#include "scenarios/engine/faulty_store.hpp"
#include "scenarios/engine/shared_store.hpp"
#include "scenarios/engine/sim_tap.hpp"
#include "scenarios/engine/table_lease.hpp"
#include "kumasim/scenario/worlds.hpp"
#include "sim/envoy/envoy_bugs.hpp"

namespace kumasim::scenario {
namespace {

Result<cp::Config> configure(const SimControlPlaneOptions& options) {
  std::map<std::string, std::string> environment = options.settings;
  // Proxies of a scenario have no tokens; keys that sign some are made at each start, and RSA costs a third of a
  // second.
  environment.try_emplace("KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE", "none");
  environment.try_emplace("KUMA_DP_SERVER_AUTHN_ZONE_PROXY_TYPE", "none");
  environment.try_emplace("KUMASIM_IDENTITY_SIGNING_KEY", "ec-p256");
  // The operator has no token either, and may do all.
  for (const char* list : {"KUMA_ACCESS_STATIC_ADMIN_RESOURCES_USERS", "KUMA_ACCESS_STATIC_GENERATE_DP_TOKEN_USERS"})
    environment.try_emplace(list, "mesh-system:admin,mesh-system:anonymous");
  // One of the proxies' is none of its own.
  auto bugs = cp::policy::PlantedBugs::from_name(sim::EnvoyBugs::from_name(options.planted_bug) ? std::string()
                                                                                                : options.planted_bug);
  if (!bugs) return fail(bugs.error());
  auto config = cp::load_config("", "", [&](std::string_view name) -> std::optional<std::string> {
    auto found = environment.find(std::string(name));
    if (found == environment.end()) return std::nullopt;
    return found->second;
  });
  if (config) config->planted = *bugs;
  return config;
}

using Failed = std::function<void(std::string)>;

/// Hears of tasks whose exception spawn() logged; all else passes through, and by the tap where there is one.
class TaskLog final : public Log {
 public:
  TaskLog(Log& inner, Failed failed, const SimTap* tap) : inner_(inner), failed_(std::move(failed)), tap_(tap) {}

  bool enabled(LogLevel level) const override {
    return level == LogLevel::error || tap_ != nullptr || inner_.enabled(level);
  }
  void write(const LogRecord& record) override {
    if (tap_ != nullptr) tap_->logged(record);
    if (record.level == LogLevel::error && record.message == "task failed") {
      std::string text = fmt::format("its task `{}` failed", record.component);
      for (const LogField& field : record.fields) {
        if (field.key == "error") text += ": " + field.value;
      }
      failed_(std::move(text));
    }
    if (inner_.enabled(record.level)) inner_.write(record);
  }

 private:
  Log& inner_;
  Failed failed_;
  const SimTap* tap_;
};

/// A runtime with a log of its own; they live as long as the process.
struct Watched {
  Watched(Runtime& outer, Failed failed, const SimTap* tap)
      : log(outer.log, std::move(failed), tap),
        runtime{outer.executor, outer.clock, outer.random, outer.timers, outer.network, outer.disk, log} {}
  TaskLog log;
  Runtime runtime;
};

/// One life of it.
struct Served {
  std::shared_ptr<cp::ControlPlane> control_plane;
  std::shared_ptr<cp::Store> store;
  Runtime& runtime;
  std::shared_ptr<SharedStore> shared = {};  // the one behind `store`; null: it is its own
  bool asked_to_stop = false;
};

using Life = std::shared_ptr<std::weak_ptr<Served>>;

/// A pod whose kuma-cp could not reach its store is started again after so long.
constexpr Duration open_pause = std::chrono::seconds(1);

asio::awaitable<void> work_on(std::shared_ptr<Served> served, StoreWork work, Failed failed,
                              std::function<void()> done) {
  Result<> worked = co_await work(*served->store, served->runtime);
  if (!worked) failed("a fault could not write to its store: " + worked.error().message);
  done();
}

/// run() ends only where somebody asked for it, and the program with it.
asio::awaitable<void> serve(sim::Process& process, std::shared_ptr<Served> served, Failed failed) {
  co_await served->control_plane->run();
  if (!served->asked_to_stop) co_return failed("it ended by itself");
  process.kill();
}

/// Where its resources are, and who of several leads.
struct Kept {
  std::shared_ptr<cp::Store> store;
  std::shared_ptr<SharedStore> shared = {};
  std::shared_ptr<cp::Election> election = {};
};

/// With the names of all that share it, and no addresses but this machine's own.
Result<TlsIdentity> common_identity(SharedByReplicas& shared, Runtime& runtime) {
  if (!shared.identity) {
    std::vector<std::string> hosts = shared.names;
    hosts.insert(hosts.end(), {shared.name, "localhost", "127.0.0.1"});
    auto made =
        cp::make_server({.hosts = std::move(hosts), .key = {}, .now = runtime.clock.wall_now()}, runtime.random);
    if (!made) return fail(made.error());
    shared.identity = TlsIdentity{made->certificate_pem, made->key_pem};
  }
  return *shared.identity;
}

/// Starts it on its store.
void begin(sim::Process& process, Runtime& runtime, cp::Config config, const SimControlPlaneOptions& options, Kept kept,
           const Life& life, const Failed& failed) {
  std::shared_ptr<cp::Store> store = std::move(kept.store);
  if (options.tap != nullptr) store->subscribe(options.tap->written);
  if (options.on_store) options.on_store(*store);
  if (options.store_faults != nullptr)
    store = std::make_shared<FaultyStore>(store, runtime, *options.store_faults, options.reads_late_max);
  cp::ControlPlaneOptions identity;
  identity.hosts = {process.name(), "localhost", "127.0.0.1", process.address()};
  if (options.shared) {
    auto common = common_identity(*options.shared, runtime);
    if (!common) return failed("its certificate cannot be made: " + common.error().message);
    identity.dp_server = identity.api_server = identity.kds_server = std::move(*common);
  }
  identity.hostname = process.name();
  auto offload = std::make_shared<sim::VirtualOffload>(runtime.timers);
  process.keep(offload);
  identity.offload = offload.get();
  identity.make_rsa = sim::make_rsa_key;
  if (kept.election) process.keep(kept.election);
  identity.election = kept.election.get();
  auto control_plane = std::make_shared<cp::ControlPlane>(runtime, std::move(config), store, std::move(identity));
  auto served = std::make_shared<Served>(std::move(control_plane), std::move(store), runtime, std::move(kept.shared));
  process.keep(served);
  *life = served;
  spawn(runtime.executor, runtime.log, "kuma-cp", serve(process, served, failed));
  if (options.began) options.began();
}

/// The same with a store that it shares, once that can be reached.
asio::awaitable<void> begin_with_others(sim::Process& process, Runtime& runtime, cp::Config config,
                                        SimControlPlaneOptions options, Life life, Failed failed) {
  for (;;) {
    auto opened = co_await SharedStore::open(runtime, options.shared->table);
    if (opened) {
      std::shared_ptr<SharedStore> shared = std::move(*opened);
      begin(process, runtime, std::move(config), options,
            {.store = shared, .shared = shared, .election = make_table_election(runtime, options.shared->table)}, life,
            failed);
      co_return;
    }
    runtime.log.error("kuma-cp", "the store cannot be opened", {{"error", opened.error().message}});
    co_await sleep(runtime.timers, open_pause);
  }
}

}  // namespace

const std::vector<std::string>& planted_bugs() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names = cp::policy::PlantedBugs::names();
    names.insert(names.end(), sim::EnvoyBugs::names().begin(), sim::EnvoyBugs::names().end());
    return names;
  }();
  return all;
}

SimControlPlaneOptions with_setting(SimControlPlaneOptions options, const std::string& set) {
  std::size_t end = set.find('=');
  if (end != std::string::npos) options.settings[set.substr(0, end)] = set.substr(end + 1);
  return options;
}

std::string check_control_plane(const SimControlPlaneOptions& options) {
  auto config = configure(options);
  return config ? std::string() : config.error().message;
}

SimControlPlane start_control_plane(sim::Process& process, SimControlPlaneOptions options, Failed failed) {
  auto life = std::make_shared<std::weak_ptr<Served>>();
  auto extra = std::make_shared<std::string>();
  process.start([&process, life, extra, options = std::move(options), failed](Runtime& outer) {
    auto watched = std::make_shared<Watched>(outer, failed, options.tap);
    process.keep(watched);
    Runtime& runtime = watched->runtime;
    cp::Config config = *configure(with_setting(options, *extra));
    if (options.shared) {
      spawn(runtime.executor, runtime.log, "store",
            begin_with_others(process, runtime, std::move(config), options, life, failed));
      return;
    }
    std::shared_ptr<cp::Store> store;
    if (config.store_type == "memory") {
      store = std::make_shared<cp::MemoryStore>();
    } else {
      auto opened = cp::open_sqlite(runtime.disk, config.store_sqlite_path, runtime.random);
      if (!opened) {
        runtime.log.error("kuma-cp", "the store cannot be opened", {{"error", opened.error().message}});
        failed("its store cannot be opened: " + opened.error().message);
        return;
      }
      store = std::move(*opened);
    }
    begin(process, runtime, std::move(config), options, {.store = std::move(store)}, life, failed);
  });
  auto ask = [&process, life](const std::string& target) {
    auto served = life->lock();
    if (!served || served->asked_to_stop || !process.up() || process.paused()) return std::string();
    const auto& control_plane = served->control_plane;
    if (!control_plane->ready()) return std::string();
    HttpRequest request;
    request.method = "GET";
    request.target = target;
    request.headers.add("Host", "localhost");
    request.peer.address.host = "127.0.0.1";
    HttpResponse answer = control_plane->diagnose(request);
    return answer.status == 200 ? answer.body : std::string();
  };
  auto stop = [&process, life] {
    auto served = life->lock();
    if (!served || !process.up() || std::exchange(served->asked_to_stop, true)) return;
    served->control_plane->stop();
  };
  auto federated = [&process, life] {
    auto served = life->lock();
    return served && process.up() && served->control_plane->federated();
  };
  auto has_store = [&process, life] {
    auto served = life->lock();
    return served && process.up() && (served->shared == nullptr || served->shared->connected());
  };
  auto drop_streams = [&process, life](const std::string& zone, const std::string& stream) {
    // As all that it does, between two of its own events; here and below.
    if (!process.up()) return;
    process.world().post(process, Duration(0), sim::EventKind::post, 0, [life, zone, stream] {
      if (auto served = life->lock()) served->control_plane->drop_zone(zone, stream);
    });
  };
  auto with_store = [&process, life, failed = std::move(failed)](StoreWork work, std::function<void()> done) {
    if (!process.up()) return;
    process.world().post(process, Duration(0), sim::EventKind::post, 0,
                         [life, failed, work = std::move(work), done = std::move(done)] {
                           auto served = life->lock();
                           if (!served) return;
                           Runtime& runtime = served->runtime;
                           spawn(runtime.executor, runtime.log, "store", work_on(served, work, failed, done));
                         });
  };
  return {ask, federated, has_store, stop, [extra](const std::string& set) { *extra = set; }, drop_streams, with_store};
}

}  // namespace kumasim::scenario
