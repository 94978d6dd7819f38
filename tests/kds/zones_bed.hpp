/// A global control plane's server of zones and zones that connect to it, each in a process of one simulated world,
/// over stores on the processes' disks.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kds/delta_bed.hpp"
#include "kumasim/runtime/task.hpp"
#include "kumasim/sim/world.hpp"
#include "kumasim/transport/serve.hpp"
#include "reference-cp/kds/global_server.hpp"
#include "reference-cp/kds/zone_client.hpp"
#include "reference-cp/manager/manager.hpp"
#include "reference-cp/model/subscriptions.hpp"
#include "reference-cp/store/sqlite.hpp"
#include "store/run_now.hpp"

namespace kumasim::cp::kds::testing {

using namespace std::chrono_literals;
using cp::testing::run_now;
using nlohmann::json;

inline constexpr std::uint16_t kds_port = 5685;

inline SinkNode node_of(const std::string& id) {
  SinkNode out{.id = id,
               .instance = id + "-1",
               .version = "2.12.14",
               .git_tag = "v",
               .git_commit = "c",
               .build_date = "d",
               .config = R"({"store":{"type":"memory"}})",
               .features = {}};
  for (std::string_view feature : own_features()) out.features.emplace_back(feature);
  return out;
}

/// One life of Global. What it is made of is destroyed after all frames of the process.
struct GlobalLife {
  GlobalLife(const Runtime& given, const GlobalServerOptions& options)
      : runtime(given),
        store(*open_sqlite(runtime.disk, "store.db", runtime.random)),
        manager(*store, runtime.clock, nullptr, {.labels = {.mode = CpMode::global}}),
        server(std::make_shared<GlobalServer>(runtime, *store, manager, options)),
        listener(runtime.network.listen({"", kds_port})) {}

  Runtime runtime;
  std::unique_ptr<Store> store;
  Manager manager;
  std::shared_ptr<GlobalServer> server;
  Listener listener;
};

/// Hands all on, but a commit that is to throw.
class ThrowingStore : public Store {
 public:
  explicit ThrowingStore(std::unique_ptr<Store> under) : under_(std::move(under)) {}

  asio::awaitable<Result<ResourcePtr>> get(const Kind& kind, ResourceKey key) override {
    return under_->get(kind, std::move(key));
  }
  asio::awaitable<Result<ResourcePtr>> create(Resource resource, WallTime now) override {
    return under_->create(std::move(resource), now);
  }
  asio::awaitable<Result<ResourcePtr>> update(Resource resource, WallTime now) override {
    return under_->update(std::move(resource), now);
  }
  asio::awaitable<Result<>> remove(const Kind& kind, ResourceKey key) override {
    return under_->remove(kind, std::move(key));
  }
  asio::awaitable<Result<std::vector<ResourcePtr>>> commit(std::vector<Write> writes, WallTime now) override {
    if (std::exchange(next_throws, false)) throw std::runtime_error("no memory");
    return under_->commit(std::move(writes), now);
  }
  asio::awaitable<Result<List>> list(const Kind& kind, ListOptions options) override {
    return under_->list(kind, std::move(options));
  }
  void subscribe(std::function<void(const Change&)> on_change) override { under_->subscribe(std::move(on_change)); }
  Result<> close() override { return under_->close(); }

  bool next_throws = false;

 private:
  std::unique_ptr<Store> under_;
};

struct ZoneLife {
  ZoneLife(const Runtime& given, ZoneClientOptions options, EnvoyAdminAnswers::Ask ask)
      : runtime(given),
        store(*open_sqlite(runtime.disk, "store.db", runtime.random)),
        client(runtime, store, std::move(options), std::move(ask)) {}

  asio::awaitable<void> run() {
    co_await asio::co_spawn(runtime.executor, client.run(),
                            asio::bind_cancellation_slot(give_up.slot(), asio::use_awaitable));
  }

  Runtime runtime;
  ThrowingStore store;
  ZoneClient client;
  asio::cancellation_signal give_up;
};

class Zones {
 public:
  explicit Zones(GlobalServerOptions options = {}, std::uint64_t seed = 1, ServeLimits limits = {})
      : world({.seed = seed}), global_options_(std::move(options)), limits_(limits) {
    global_options_.node = node_of("global");
    global_options_.status.instance = "global-1";
    sim::Process& process = world.add_process("global");
    process.start([this, &process](Runtime& runtime) {
      auto life = std::make_shared<GlobalLife>(runtime, global_options_);
      process.keep(life);
      global_ = life;
      spawn(runtime.executor, runtime.log, "global", serve(*life));
      spawn(runtime.executor, runtime.log, "feed", life->server->run());
      spawn(runtime.executor, runtime.log, "watch", life->server->watch_zones());
    });
    world.run_for(1s);
  }

  void join(const std::string& zone) { join(zone, zone); }
  /// By a process of another name.
  void join(const std::string& zone, const std::string& name) {
    sim::Process& process = world.add_process(name);
    process.start([this, &process, zone, name](Runtime& runtime) {
      ZoneClientOptions options;
      options.global = {"global", kds_port};
      options.node = node_of(zone);
      options.node.instance = options.status.instance = name + "-1";
      options.backoff_base = 1s;
      auto life = std::make_shared<ZoneLife>(
          runtime, std::move(options),
          [this, name](ResourcePtr proxy, std::string target) { return answer(name, proxy, std::move(target)); });
      process.keep(life);
      zones_[name] = life;
      spawn(runtime.executor, runtime.log, "client", life->run());
      spawn(runtime.executor, runtime.log, "feed", life->client.run_feed());
    });
    world.run_for(5s);
  }

  Store& global() { return *global_.lock()->store; }
  GlobalServer& server() { return *global_.lock()->server; }
  ThrowingStore& zone(const std::string& name) { return zones_.at(name).lock()->store; }
  /// Its task of streams is cancelled.
  void give_up(const std::string& zone) { zones_.at(zone).lock()->give_up.emit(asio::cancellation_type::terminal); }
  /// As its control plane's stop does; whether its streams ended in time.
  bool stop(const std::string& zone) {
    auto life = zones_.at(zone).lock();
    bool idle = false;
    auto task = [](ZoneClient& client, bool& ended) -> asio::awaitable<void> {
      client.stop();
      co_await client.wait_idle();
      ended = true;
    };
    spawn(life->runtime.executor, life->runtime.log, "stop", task(life->client, idle));
    world.run_for(1s);
    return idle;
  }
  bool connected(const std::string& zone) { return zones_.at(zone).lock()->client.connected(); }
  sim::Process& process(const std::string& name) { return *world.find_process(name); }

  void create(Store& store, const Resource& resource) {
    auto done = run_now(store.create(resource, world.wall_now()));
    ASSERT_TRUE(done) << done.error().message;
  }
  void update(Store& store, const Kind& kind, const ResourceKey& key, const std::function<void(json&)>& change) {
    auto held = run_now(store.get(kind, key));
    ASSERT_TRUE(held) << held.error().message;
    Resource next = **held;
    change(next.spec);
    auto done = run_now(store.update(std::move(next), world.wall_now()));
    ASSERT_TRUE(done) << done.error().message;
  }

  /// Display names, with the zone in front where there is one; in order.
  static std::vector<std::string> names(Store& store, const Kind& kind) {
    std::vector<std::string> out;
    for (const ResourcePtr& each : run_now(store.list(kind, {}))->items) {
      std::string zone = each->meta.label("kuma.io/zone"), name = each->meta.label("kuma.io/display-name");
      out.push_back((zone.empty() ? "" : zone + "/") + (name.empty() ? each->meta.name : name));
    }
    std::ranges::sort(out);
    return out;
  }

  json insight(const std::string& zone) { return insight(zone, global()); }
  static json insight(const std::string& zone, Store& store) {
    auto found = run_now(store.get(kind::zone_insight(), {"", zone}));
    return found ? (*found)->spec : json::object();
  }
  /// How many of the zone's subscriptions have not ended.
  std::ptrdiff_t open_subscriptions(const std::string& zone) { return open_subscriptions(zone, global()); }
  static std::ptrdiff_t open_subscriptions(const std::string& zone, Store& store) {
    const json spec = insight(zone, store);
    return spec.contains("subscriptions") ? std::ranges::count_if(spec["subscriptions"], is_open) : 0;
  }

  /// Global's question about this proxy.
  Result<std::string> ask(ResourcePtr proxy, std::string target) {
    std::optional<Result<std::string>> out;
    auto task = [](GlobalServer& server, ResourcePtr of, std::string what,
                   std::optional<Result<std::string>>& answer) -> asio::awaitable<void> {
      answer = co_await server.ask_envoy(std::move(of), std::move(what));
    };
    auto life = global_.lock();
    spawn(life->runtime.executor, life->runtime.log, "ask", task(*life->server, proxy, std::move(target), out));
    world.run_for(20s);
    return out ? *out : Result<std::string>(fail(Code::internal, "no answer came"));
  }

  sim::World world;
  Duration answers_after = Duration::zero();  ///< that an Envoy takes
  Names unknown_methods;                      ///< Global answers UNIMPLEMENTED

 private:
  asio::awaitable<void> serve(GlobalLife& life) {
    auto started = co_await life.server->start();
    EXPECT_TRUE(started);
    GrpcHandler handler = [this, server = life.server](GrpcServerStream stream) -> asio::awaitable<void> {
      if (unknown_methods.contains(stream.path())) co_return stream.finish(GrpcCode::unimplemented, "unknown method");
      co_await server->serve(std::move(stream));
    };
    co_await serve_listener(life.runtime, life.listener, nullptr, nullptr, std::move(handler), limits_);
  }

  asio::awaitable<Result<std::string>> answer(std::string zone, ResourcePtr proxy, std::string target) {
    co_await sleep(zones_.at(zone).lock()->runtime.timers, answers_after);
    if (proxy->meta.name == "broken") co_return fail(Code::unavailable, "Envoy answered 503");
    if (proxy->meta.name == "silent") co_return std::string();
    if (proxy->meta.name == "garbled") throw std::runtime_error("Envoy's answer is no text");
    co_return zone + " " + proxy->kind->type() + " " + proxy->meta.mesh + "." + proxy->meta.name + " " + target;
  }

  GlobalServerOptions global_options_;
  ServeLimits limits_;
  std::weak_ptr<GlobalLife> global_;
  std::map<std::string, std::weak_ptr<ZoneLife>> zones_;
};

/// A Dataplane of mesh m as a zone has it.
inline Resource dataplane(const std::string& name) {
  const json inbound = {{"port", 80}, {"tags", {{"kuma.io/service", "web"}, {"kuma.io/zone", "elsewhere"}}}};
  return resource_of({{"type", "Dataplane"},
                      {"mesh", "m"},
                      {"name", name},
                      {"labels", {{"kuma.io/origin", "zone"}, {"kuma.io/display-name", name}}},
                      {"networking", {{"address", "10.1.1.1"}, {"inbound", json::array({inbound})}}}});
}

inline Resource zone_ingress(const std::string& name, const std::string& zone) {
  return resource_of({{"type", "ZoneIngress"},
                      {"name", name},
                      {"zone", zone},
                      {"labels", {{"kuma.io/origin", "zone"}, {"kuma.io/display-name", name}}},
                      {"networking", {{"address", "10.1.1.2"}, {"port", 10001}}}});
}

}  // namespace kumasim::cp::kds::testing
