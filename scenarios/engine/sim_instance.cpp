/// The application, kuma-dp's bootstrap and a simulated Envoy in one life of a process.
#include "scenarios/engine/sim_instance.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "kumasim/envoy/event_kind.hpp"
#include "kumasim/runtime/task.hpp"
#include "reference-cp/app/kuma_dp/bootstrap_client.hpp"
#include "scenarios/engine/sim_application.hpp"
#include "scenarios/engine/sim_tap.hpp"
#include "sim/apps/retrying_client.hpp"
#include "sim/envoy/data/fabric.hpp"
#include "sim/envoy/envoy_process.hpp"

namespace kumasim::scenario {
namespace {

constexpr std::uint16_t service_port = 3000, first_outbound_port = 20000;
/// kuma-dp starts Envoy with its --drain-time, 30 s: so long may a connection go on under an old filter chain.
constexpr Duration drain_time = std::chrono::seconds(30);

/// Access control speaks by a step of its filter, or by Envoy's response code details.
bool denied(const sim::CallResult& result) {
  if (result.ok()) return false;
  if (result.details.find("rbac_access_denied") != std::string::npos) return true;
  for (auto step = result.why.rbegin(); step != result.why.rend(); ++step) {
    if (step->kind == "rbac") return step->name.find("denied") != std::string::npos;
  }
  return false;
}

/// What the way between two machines was like, by the steps of the proxies that took the call in.
Crossing crossing(const sim::CallResult& result) {
  if (result.plaintext) return Crossing::plaintext;
  bool encrypted = std::ranges::any_of(result.why, [](const sim::Step& step) {
    return step.kind == "tls" && (step.name.starts_with("client ") || step.name == "no client certificate");
  });
  return encrypted ? Crossing::encrypted : Crossing::none;
}

/// "Listener", as in the type's URL.
std::string short_type(sim::proxy::Type type) {
  std::string_view url = sim::proxy::type_url(type);
  return std::string(url.substr(url.rfind('.') + 1));
}

CallRecord record_without_steps(const sim::CallResult& result) {
  CallRecord out;
  out.latency = result.latency;
  out.status = result.status;
  out.flags = result.response_flags;
  out.endpoint = result.endpoint;
  out.instance = result.ok() ? result.instance : "";
  out.crossing = crossing(result);
  out.denied = denied(result);
  out.why = sim::explain(result);
  return out;
}

}  // namespace

struct SimInstance::Life {
  std::unique_ptr<sim::Instance> application;
  std::unique_ptr<sim::RetryingClient> client;
  std::shared_ptr<sim::EnvoyProcess> envoy;  // null until the control plane gave the bootstrap
  // What was seen of its endpoints last, and where.
  Endpoints endpoints;
  std::vector<sim::proxy::LoadAssignmentPtr> assignments;
};

SimInstance::SimInstance(sim::proxy::Fabric& fabric, sim::Process& process, const Scenario& scenario,
                         const Instance& instance, sim::EnvoyBugs bugs)
    : fabric_(fabric),
      process_(process),
      scenario_(scenario),
      instance_(instance),
      ports_{scenario.find_service(instance.service)->port, service_port, first_outbound_port},
      bugs_(bugs) {}

SimInstance::~SimInstance() = default;

std::string SimInstance::address() const { return fmt::format("{}:{}", process_.address(), ports_.inbound); }

void SimInstance::start() {
  process_.start([this](Runtime& runtime) {
    auto life = std::make_shared<Life>();
    life_ = life;
    process_.keep(life);
    life->application = std::make_unique<sim::Instance>(
        fabric_, process_, application_of(scenario_, as_it_starts(), ports_, process_.world().seed()),
        [this](const sim::ScriptCall& call, const sim::CallResult& result) {
          observe(call.call.authority, call.call.path, result);
        });
    life->application->set_faults(faults_);
    life->client = std::make_unique<sim::RetryingClient>(fabric_, process_);
    spawn(runtime.executor, runtime.log, "kuma-dp", run_sidecar(runtime, life.get()));
  });
}

Instance SimInstance::as_it_starts() const {
  Instance out = instance_;
  std::size_t end = override_.find('=');
  if (end != std::string::npos) out.tags[override_.substr(0, end)] = override_.substr(end + 1);
  return out;
}

asio::awaitable<void> SimInstance::run_sidecar(Runtime& runtime, Life* life) {
  nlohmann::json dataplane = dataplane_of(scenario_, as_it_starts(), process_.address(), ports_);
  dp::BootstrapRequest request{.mesh = dataplane["mesh"], .name = dataplane["name"]};
  request.dataplane_resource = dataplane.dump();
  request.envoy_version = "1.40.0";
  request.envoy_build = "simulated";
  request.features = {"feature-tcp-accesslog-via-named-pipe"};
  request.workdir = "/tmp/kuma-dp";
  dp::BootstrapOptions options{.control_plane_url = fmt::format("https://{}:5678", scenario_.control_plane.name),
                               .verify = false};
  auto answer = co_await dp::fetch_bootstrap(runtime, std::move(request), std::move(options));
  if (!answer) {
    runtime.log.error("kuma-dp", "no bootstrap configuration", {{"error", answer.error().message}});
    co_return;
  }
  std::string bootstrap = std::move(answer->bootstrap);
  if (tap_ != nullptr) tap_->started(instance_.process, bootstrap);
  sim::EnvoyOptions as{.name = {}, .drain_time = drain_time, .on_event = [this](sim::EnvoyEvent event) {
                         if (envoy_observer_) envoy_observer_(std::move(event));
                       }};
  if (tap_ != nullptr)
    as.on_message = [this](const sim::EnvoyMessage& message) {
      tap_->discovery({instance_.process, message.sent, message.delta, message.bytes});
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

void SimInstance::call(const CallRequest& request, std::function<void(CallRecord)> done) {
  std::shared_ptr<Life> life = life_.lock();
  if (!process_.up() || !life) return;
  sim::Call call = outbound_call(scenario_, instance_, request.to, ports_);
  call.path = request.path;
  call.timeout = request.timeout;
  call.more_bytes = request.bytes;
  process_.world().post(process_, Duration(0), sim::TrafficKind::call, 0,
                        [this, client = life->client.get(), call = std::move(call), retries = to_sim(request.retries),
                         done = std::move(done)]() mutable {
                          client->call(
                              std::move(call), retries,
                              [this, done = std::move(done)](sim::CallResult result) { done(record_of(result)); });
                        });
}

CallRecord SimInstance::record_of(const sim::CallResult& result) const {
  CallRecord out = record_without_steps(result);
  if (tap_ == nullptr) return out;
  for (const sim::Step& step : result.why)
    out.steps.push_back({step.proxy, std::string(step.kind), step.name, step.version});
  return out;
}

const sim::EnvoyProcess* SimInstance::envoy() const {
  std::shared_ptr<Life> life = life_.lock();
  return process_.up() && life ? life->envoy.get() : nullptr;
}

void SimInstance::observe(const std::string& to, const std::string& path, const sim::CallResult& result) const {
  if (!observer_) return;
  CallRecord record = record_of(result);
  record.from = instance_.service;
  record.to = to;
  record.from_process = instance_.process;
  record.path = path;
  observer_(result.started, std::move(record));
}

void SimInstance::set_app_faults(const sim::InstanceFaults& faults) {
  faults_ = faults;
  std::shared_ptr<Life> life = life_.lock();
  if (process_.up() && life) life->application->set_faults(faults_);
}

void SimInstance::set_discovery_faults(const sim::proxy::DiscoveryFaults& faults) {
  discovery_faults_ = faults;
  if (!process_.up()) return;
  // Between two of its own events, as all that it does; here and below.
  process_.world().post(process_, Duration(0), sim::EventKind::post, 0, [this] {
    if (std::shared_ptr<Life> life = life_.lock(); life && life->envoy)
      life->envoy->set_discovery_faults(discovery_faults_);
  });
}

void SimInstance::ask_unknown() {
  if (!process_.up()) return;
  process_.world().post(process_, Duration(0), sim::EventKind::post, 0, [this] {
    if (std::shared_ptr<Life> life = life_.lock(); life && life->envoy) life->envoy->ask_unknown();
  });
}

void SimInstance::drain(Duration time) {
  std::shared_ptr<Life> life = life_.lock();
  if (process_.up() && life && life->envoy) life->envoy->drain(time);
}

std::map<std::string, std::string> SimInstance::uninterpreted() const {
  std::shared_ptr<Life> life = life_.lock();
  if (!process_.up() || !life || !life->envoy) return {};
  return life->envoy->uninterpreted();
}

Endpoints SimInstance::endpoints_of(const sim::proxy::ConfigState& config) const {
  std::vector<std::string> called;
  Endpoints::Map out;
  for (const Outbound& outbound : scenario_.find_service(instance_.service)->calls) {
    called.push_back(outbound.to);
    out[outbound.to];
  }
  for (const auto& [name, cluster] : config.clusters()) {
    std::string of = cluster.assignment ? service_of_cluster(name, called) : std::string();
    if (of.empty()) continue;
    for (const auto& locality : cluster.assignment->localities) {
      for (const auto& endpoint : locality.endpoints) out[of].insert(endpoint.text);
    }
  }
  return out;
}

ProxyState SimInstance::state() const {
  ProxyState out;
  out.up = process_.up();
  out.life = process_.lives();
  out.address = address();
  std::shared_ptr<Life> life = life_.lock();
  if (!out.up || !life || !life->envoy) return out;
  const sim::EnvoyProcess& envoy = *life->envoy;
  const sim::proxy::ConfigState& config = envoy.config();
  out.connected = envoy.connected();
  out.ready = envoy.live() && config.warming_clusters().empty() && config.warming_listeners().empty();
  out.accepted = envoy.ads().acks();
  out.refused = envoy.ads().nacks();
  for (const auto& [type, text] : envoy.ads().refusals()) out.refusals[short_type(type)] = text;
  for (const auto& [name, secret] : config.secrets()) {
    if (!secret.value || !secret.value->certificate) continue;
    const auto& uris = secret.value->certificate->uris;
    bool workload = std::ranges::any_of(uris, [](const std::string& uri) { return uri.starts_with("spiffe://"); });
    if (!workload) continue;
    out.certificate = secret.value->certificate->serial;
    out.certificate_end = secret.value->certificate->not_after;
  }
  std::vector<sim::proxy::LoadAssignmentPtr> assignments;
  for (const auto& [name, cluster] : config.clusters()) assignments.push_back(cluster.assignment);
  if (assignments != life->assignments) {
    life->endpoints = endpoints_of(config);
    life->assignments = std::move(assignments);
  }
  out.endpoints = life->endpoints;
  return out;
}

}  // namespace kumasim::scenario
