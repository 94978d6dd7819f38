#include "identity/rotation_bed.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/http2_exchange.hpp"
#include "reference-cp/identity/mesh_authorities.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/manager/manager.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/sqlite.hpp"
#include "reference-cp/xds/type_url.hpp"

namespace kumasim::cp::testing {

using Json = nlohmann::json;
using namespace std::chrono_literals;

namespace {

constexpr const char* mesh_name = "default";
/// Batches, and the rotation's look, are shorter than this.
constexpr Duration settling = 300ms;

std::shared_ptr<Store> open(Runtime& runtime) {
  auto opened = open_sqlite(runtime.disk, "kuma.db", runtime.random);
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

void require(const auto& outcome, const char* what) {
  if (!outcome) throw std::runtime_error(what);
}

Resource mesh_resource(const WantedTls& wanted) {
  Json backend = {{"name", wanted.backend}, {"type", "builtin"}};
  backend["dpCert"]["rotation"]["expiration"] = wanted.leaf_lifetime;
  backend["conf"]["caCert"]["expiration"] = wanted.ca_lifetime;
  Resource out;
  out.kind = &kind::mesh();
  out.meta.name = mesh_name;
  out.spec = {{"skipCreatingInitialPolicies", {"*"}}, {"meshServices", {{"mode", "Disabled"}}}};
  out.spec["mtls"]["backends"] = Json::array({backend});
  if (wanted.enabled) out.spec["mtls"]["enabledBackend"] = wanted.backend;
  return out;
}

Resource dataplane(const std::string& name, const std::string& version) {
  Resource out;
  out.kind = &kind::dataplane();
  out.meta.mesh = mesh_name;
  out.meta.name = name;
  Json tags = {{"kuma.io/service", name}, {"kuma.io/protocol", "http"}, {"version", version}};
  out.spec["networking"] = {{"address", "10.0.0.1"}, {"inbound", Json::array({{{"port", 8080}, {"tags", tags}}})}};
  return out;
}

/// The text is in some Secret of the snapshot.
bool hands_out(const Snapshot& snapshot, const std::string& text) {
  for (const auto& [name, resource] : snapshot.of(type_url::secret))
    if (resource->any->find(text) != std::string::npos) return true;
  return false;
}

}  // namespace

struct RotationBed::Parts {
  explicit Parts(Runtime& given)
      : runtime(given),
        store(open(given)),
        authorities(*store, runtime.clock, runtime.log, {.ca_key = {}, .signing_key = {}}),
        manager(*store, runtime.clock, &authorities, {}),
        reconciler(runtime, config, store, authorities) {}

  asio::awaitable<void> start() {
    require(co_await reconciler.start(), "the reconciler does not start");
    spawn(runtime.executor, runtime.log, "reconciler", reconciler.run());
    spawn(runtime.executor, runtime.log, "rotation", reconciler.rotate());
  }

  asio::awaitable<void> write(Resource resource) {
    auto held = co_await store->get(*resource.kind, resource.key());
    if (held) resource.meta.version = (*held)->meta.version;
    auto done = held ? co_await manager.update(std::move(resource)) : co_await manager.create(std::move(resource));
    if (!done) throw std::runtime_error(done.error().error.message);
  }

  Runtime runtime;
  Config config;
  std::shared_ptr<Store> store;
  MeshAuthorities authorities;
  Manager manager;
  Reconciler reconciler;
  std::exception_ptr failure;
};

RotationBed::RotationBed(std::uint64_t seed) : world_(std::make_unique<sim::World>(sim::WorldOptions{.seed = seed})) {
  process_ = &world_->add_process("kuma-cp");
  process_->start([this](Runtime& runtime) {
    auto parts = std::make_shared<Parts>(runtime);
    parts_ = parts.get();
    process_->keep(parts);
    run([](Parts& all) { return all.start(); });
  });
  world_->run_for(settling);
  set_mesh({});
}

RotationBed::~RotationBed() = default;

/// What it throws is thrown again by wait().
void RotationBed::run(std::function<asio::awaitable<void>(Parts&)> task) {
  auto kept = std::make_shared<std::function<asio::awaitable<void>(Parts&)>>(std::move(task));
  auto work = (*kept)(*parts_);
  asio::co_spawn(parts_->runtime.executor, std::move(work), [parts = parts_, kept](std::exception_ptr escaped) {
    if (escaped && !parts->failure) parts->failure = escaped;
  });
}

void RotationBed::wait(Duration time) {
  world_->run_for(time);
  world_->run_for(settling);
  if (parts_->failure) std::rethrow_exception(parts_->failure);
}

void RotationBed::set_mesh(const WantedTls& wanted) {
  // Kuma's rule: with mutual TLS on, another backend can only be had by way of none.
  if (wanted_.enabled && wanted.enabled && wanted_.backend != wanted.backend) {
    WantedTls off = wanted;
    off.enabled = false;
    set_mesh(off);
  }
  wanted_ = wanted;
  run([wanted](Parts& parts) { return parts.write(mesh_resource(wanted)); });
  wait({});
}

void RotationBed::connect(const std::string& proxy) {
  auto exchange = std::make_shared<Http2Exchange>(parts_->runtime.executor, 1, Http2Exchange::Form::messages, 1 << 20);
  auto fresh = std::make_shared<Proxy>(parts_->runtime.executor, AdsVariant::delta, "kuma-cp",
                                       GrpcServerStream(exchange, HttpPeer{}));
  fresh->key = {mesh_name, proxy};
  fresh->metadata_json = "{}";
  fresh->metadata.admin_port = 9901;
  fresh->metadata.readiness_port = 9902;
  connected_[proxy] = fresh;
  parts_->reconciler.add(fresh);
}

void RotationBed::join(const std::string& proxy) {
  run([proxy](Parts& parts) { return parts.write(dataplane(proxy, "1")); });
  known_.insert(proxy);
  connect(proxy);
  wait({});
}

void RotationBed::disconnect(const std::string& proxy) {
  parts_->reconciler.remove(connected_.at(proxy));
  connected_.erase(proxy);
  wait({});
}

void RotationBed::reconnect(const std::string& proxy) {
  connect(proxy);
  wait({});
}

void RotationBed::leave(const std::string& proxy) {
  if (connected_.contains(proxy)) disconnect(proxy);
  known_.erase(proxy);
  run([proxy](Parts& parts) -> asio::awaitable<void> {
    require(co_await parts.manager.remove(kind::dataplane(), {mesh_name, proxy}), "the Dataplane cannot be removed");
  });
  wait({});
}

void RotationBed::retag(const std::string& proxy, const std::string& version) {
  run([proxy, version](Parts& parts) { return parts.write(dataplane(proxy, version)); });
  wait({});
}

void RotationBed::remove_ca(const std::string& backend) {
  run([backend](Parts& parts) -> asio::awaitable<void> {
    for (const auto& name : {builtin_certificate_secret(mesh_name, backend), builtin_key_secret(mesh_name, backend)})
      (void)co_await parts.store->remove(kind::secret(), {mesh_name, name});
  });
  wait({});
}

void RotationBed::lose_ca_key(const std::string& backend) {
  run([backend](Parts& parts) -> asio::awaitable<void> {
    require(co_await parts.store->remove(kind::secret(), {mesh_name, builtin_key_secret(mesh_name, backend)}),
            "the CA's key cannot be removed");
  });
  wait({});
}

void RotationBed::restart() {
  auto before = std::exchange(connected_, {});
  process_->restart();
  world_->run_for(settling);
  for (const auto& [name, proxy] : before) connect(name);
  before.clear();
  wait({});
}

std::map<std::string, IdentityPtr> RotationBed::held() const {
  std::map<std::string, IdentityPtr> out;
  for (const auto& [name, proxy] : connected_)
    if (proxy->identity) out[name] = proxy->identity;
  return out;
}

std::uint64_t RotationBed::issued() const { return parts_->reconciler.identities().issued(); }

std::string RotationBed::complaint() const {
  WallTime now = process_->runtime().clock.wall_now();
  auto identities = held();
  for (const auto& [name, proxy] : connected_) {
    if (!proxy->snapshot) return fmt::format("{} was sent nothing", name);
    if (!wanted_.enabled && (proxy->identity || !proxy->snapshot->of(type_url::secret).empty()))
      return fmt::format("{} holds secrets without mutual TLS", name);
    if (wanted_.enabled && !proxy->identity) return fmt::format("{} has no certificate", name);
  }
  for (const auto& [name, identity] : identities) {
    const Snapshot& snapshot = *connected_.at(name)->snapshot;
    if (!hands_out(snapshot, identity->leaf.certificate_pem) || !hands_out(snapshot, identity->leaf.key_pem) ||
        !hands_out(snapshot, identity->ca_bundle_pem))
      return fmt::format("what {} was sent is not what is kept of it", name);
    auto info = inspect_certificate(identity->leaf.certificate_pem);
    if (!info || info->not_after != identity->expires) return fmt::format("the end of {} is not as noted", name);
    if (now >= info->not_after) return fmt::format("the certificate of {} is past its end", name);
    if (now > identity->rotate_at() + settling) return fmt::format("{} was not renewed at 4/5 of its life", name);
    if (identity->tls.backend != wanted_.backend) return fmt::format("{} is of another backend", name);
    for (const auto& [other, its] : identities)
      if (!chains_to(identity->leaf.certificate_pem, its->ca_bundle_pem, now))
        return fmt::format("{} does not verify against what {} trusts", name, other);
  }
  return {};
}

}  // namespace kumasim::cp::testing
