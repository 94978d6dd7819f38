/// kuma-dp's bootstrap and a simulated Envoy in one life of a process.
#include "scenarios/engine/sim_proxy.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kumasim/envoy/event_kind.hpp"
#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/http.hpp"
#include "scenarios/engine/sim_tap.hpp"
#include "sim/envoy/data/fabric.hpp"
#include "sim/envoy/envoy_process.hpp"

namespace kumasim::scenario {
namespace {

/// kuma-dp starts Envoy with its --drain-time, 30 s: so long may a connection go on under an old filter chain.
constexpr Duration drain_time = std::chrono::seconds(30);
/// For a token, and between two tries to get one.
constexpr Duration token_patience = std::chrono::seconds(5), token_pause = std::chrono::seconds(1);

/// "Listener", as in the type's URL.
std::string short_type(sim::proxy::Type type) {
  std::string_view url = sim::proxy::type_url(type);
  return std::string(url.substr(url.rfind('.') + 1));
}

}  // namespace

struct SimProxy::Life {
  std::shared_ptr<sim::EnvoyProcess> envoy;  // null until the control plane gave the bootstrap
};

SimProxy::SimProxy(sim::proxy::Fabric& fabric, sim::Process& process, std::string control_plane, sim::EnvoyBugs bugs)
    : fabric_(fabric), process_(process), control_plane_(std::move(control_plane)), bugs_(bugs) {}

SimProxy::~SimProxy() = default;

void SimProxy::begin_life() {
  auto life = std::make_shared<Life>();
  life_ = life;
  process_.keep(std::move(life));
}

void SimProxy::start(Runtime& runtime, dp::BootstrapRequest request) {
  request.envoy_version = "1.40.0";
  request.envoy_build = "simulated";
  request.features = {"feature-tcp-accesslog-via-named-pipe"};
  request.workdir = "/tmp/kuma-dp";
  spawn(runtime.executor, runtime.log, "kuma-dp", run(runtime, life_.lock().get(), std::move(request)));
}

asio::awaitable<void> SimProxy::get_token(Runtime& runtime, const dp::BootstrapRequest& request) {
  HttpRequest ask{.method = "POST"};
  ask.headers.add("Content-Type", "application/json");
  ask.body = nlohmann::json{{"mesh", request.mesh}, {"name", request.name}, {"type", "dataplane"}}.dump();
  std::string url = fmt::format("http://{}:5681/tokens/dataplane", control_plane_);
  for (;; co_await sleep(runtime.timers, token_pause)) {
    auto answer = co_await http_call(runtime.network, runtime.timers, url, ask, nullptr, token_patience);
    bool made = answer && answer->status == 200;
    if (made) token_ = answer->body;
    if (made) co_return;
    runtime.log.debug("kuma-dp", "no token yet",
                      {{"reason", answer ? fmt::format("status {}", answer->status) : answer.error().message}});
  }
}

asio::awaitable<void> SimProxy::run(Runtime& runtime, Life* life, dp::BootstrapRequest request) {
  if (asks_for_token_ && token_.empty()) co_await get_token(runtime, request);
  request.dataplane_token = token_;
  dp::BootstrapOptions options{.control_plane_url = fmt::format("https://{}:5678", control_plane_), .verify = false};
  auto answer = co_await dp::fetch_bootstrap(runtime, std::move(request), std::move(options));
  if (!answer) {
    runtime.log.error("kuma-dp", "no bootstrap configuration", {{"error", answer.error().message}});
    co_return;
  }
  std::string bootstrap = std::move(answer->bootstrap);
  if (tap_ != nullptr) tap_->started(process_.name(), bootstrap);
  sim::EnvoyOptions as{.name = {}, .drain_time = drain_time, .on_event = [this](sim::EnvoyEvent event) {
                         using Kind = sim::EnvoyEvent::Kind;
                         if (configured_ && (event.kind == Kind::acked || event.kind == Kind::nacked)) configured_();
                         if (observer_) observer_(std::move(event));
                       }};
  if (tap_ != nullptr)
    as.on_message = [this](const sim::EnvoyMessage& message) {
      tap_->discovery({process_.name(), message.sent, message.delta, message.bytes});
    };
  as.bugs = bugs_;
  auto envoy = sim::EnvoyProcess::start(fabric_, process_, bootstrap, std::move(as));
  if (!envoy) {
    runtime.log.debug("kuma-dp", "bootstrap", {{"text", bootstrap}});
    runtime.log.error("kuma-dp", "Envoy refuses its bootstrap",
                      {{"error", envoy.error().message}, {"field", envoy.error().field}});
    co_return;
  }
  life->envoy = *envoy;
  if (!discovery_faults_.none()) life->envoy->set_discovery_faults(discovery_faults_);
}

const sim::EnvoyProcess* SimProxy::envoy() const {
  std::shared_ptr<Life> life = life_.lock();
  return process_.up() && life ? life->envoy.get() : nullptr;
}

void SimProxy::set_discovery_faults(const sim::proxy::DiscoveryFaults& faults) {
  discovery_faults_ = faults;
  if (!process_.up()) return;
  // Between two of its own events, as all that it does; here and below.
  process_.world().post(process_, Duration(0), sim::EventKind::post, 0, [this] {
    if (std::shared_ptr<Life> life = life_.lock(); life && life->envoy)
      life->envoy->set_discovery_faults(discovery_faults_);
    if (configured_) configured_();
  });
}

void SimProxy::ask_unknown() {
  if (!process_.up()) return;
  process_.world().post(process_, Duration(0), sim::EventKind::post, 0, [this] {
    if (std::shared_ptr<Life> life = life_.lock(); life && life->envoy) life->envoy->ask_unknown();
  });
}

void SimProxy::drain(Duration time) {
  std::shared_ptr<Life> life = life_.lock();
  if (process_.up() && life && life->envoy) life->envoy->drain(time);
}

std::map<std::string, std::string> SimProxy::uninterpreted() const {
  const sim::EnvoyProcess* running = envoy();
  return running == nullptr ? std::map<std::string, std::string>() : running->uninterpreted();
}

ProxyState SimProxy::state() const {
  ProxyState out;
  out.up = process_.up();
  out.life = process_.lives();
  const sim::EnvoyProcess* running = envoy();
  if (running == nullptr) return out;
  const sim::proxy::ConfigState& config = running->config();
  out.connected = running->connected();
  out.ready = running->live() && config.warming_clusters().empty() && config.warming_listeners().empty();
  out.accepted = running->ads().acks();
  out.refused = running->ads().nacks();
  for (const auto& [type, text] : running->ads().refusals()) out.refusals[short_type(type)] = text;
  for (const auto& [name, secret] : config.secrets()) {
    if (!secret.value || !secret.value->certificate) continue;
    const auto& uris = secret.value->certificate->uris;
    bool workload = std::ranges::any_of(uris, [](const std::string& uri) { return uri.starts_with("spiffe://"); });
    if (!workload) continue;
    out.certificate = secret.value->certificate->serial;
    out.certificate_end = secret.value->certificate->not_after;
  }
  return out;
}

}  // namespace kumasim::scenario
