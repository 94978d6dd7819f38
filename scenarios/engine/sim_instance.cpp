/// The application beside its sidecar in one life of a process.
#include "scenarios/engine/sim_instance.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "kumasim/envoy/event_kind.hpp"
#include "scenarios/engine/sim_application.hpp"
#include "sim/apps/retrying_client.hpp"
#include "sim/envoy/data/fabric.hpp"
#include "sim/envoy/envoy_process.hpp"

namespace kumasim::scenario {
namespace {

constexpr std::uint16_t service_port = 3000, first_outbound_port = 20000;

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

CallRecord record_without_steps(const sim::CallResult& result) {
  CallRecord out;
  out.latency = result.latency;
  out.status = result.status;
  out.grpc_status = result.grpc_status;
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
      destinations_(Destinations(scenario).of(*scenario.find_service(instance.service), instance)),
      ports_{scenario.find_service(instance.service)->port, service_port, first_outbound_port},
      proxy_(fabric, process, scenario.control_plane_of(instance.process).name, bugs) {
  if (scenario.control_plane_of(instance.process).asks_for_tokens()) proxy_.ask_for_token();
}

SimInstance::~SimInstance() = default;

std::string SimInstance::address() const { return fmt::format("{}:{}", process_.address(), ports_.inbound); }

void SimInstance::start() {
  process_.start([this](Runtime& runtime) {
    proxy_.begin_life();
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
    proxy_.start(runtime, bootstrap_request());
  });
}

Instance SimInstance::as_it_starts() const {
  Instance out = instance_;
  std::size_t end = override_.find('=');
  if (end != std::string::npos) out.tags[override_.substr(0, end)] = override_.substr(end + 1);
  return out;
}

dp::BootstrapRequest SimInstance::bootstrap_request() const {
  nlohmann::json dataplane = dataplane_of(scenario_, as_it_starts(), process_.address(), ports_);
  dp::BootstrapRequest out{.mesh = dataplane["mesh"], .name = dataplane["name"]};
  out.dataplane_resource = dataplane.dump();
  return out;
}

sim::Call SimInstance::call_to(const std::string& service) const {
  return outbound_call(scenario_, instance_, service, ports_);
}

void SimInstance::call(const CallRequest& request, std::function<void(CallRecord)> done) {
  std::shared_ptr<Life> life = life_.lock();
  if (!process_.up() || !life) return;
  sim::Call call = call_to(request.to);
  call.path = request.path;
  call.timeout = request.timeout;
  add_head(request.head, call);
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
  if (!keeps_steps_) return out;
  for (const sim::Step& step : result.why)
    out.steps.push_back({step.proxy, std::string(step.kind), step.name, step.version});
  return out;
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

Endpoints SimInstance::endpoints_of(const sim::proxy::ConfigState& config) const {
  Endpoints::Map out;
  for (const Destination& destination : destinations_) out[destination.service];
  for (const auto& [name, cluster] : config.clusters()) {
    std::string of = cluster.assignment ? service_of_cluster(name, destinations_) : std::string();
    if (of.empty()) continue;
    for (const auto& locality : cluster.assignment->localities) {
      for (const auto& endpoint : locality.endpoints) out[of].insert(endpoint.text);
    }
  }
  return out;
}

ProxyState SimInstance::state() const {
  ProxyState out = proxy_.state();
  out.address = address();
  std::shared_ptr<Life> life = life_.lock();
  const sim::EnvoyProcess* envoy = proxy_.envoy();
  if (envoy == nullptr || !life) return out;
  const sim::proxy::ConfigState& config = envoy->config();
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
