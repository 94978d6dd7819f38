/// Options of simulated applications and of their calls.
#include "scenarios/engine/sim_application.hpp"

#include "kumasim/sim/hash.hpp"
#include "scenarios/engine/law.hpp"

namespace kumasim::scenario {
namespace {

sim::Script script_of(const Scenario& scenario, const Instance& instance, const std::vector<WorkStep>& steps,
                      const DataplanePorts& ports) {
  sim::Script out;
  for (const WorkStep& step : steps) {
    sim::ScriptStep made;
    if (step.sleep) made.sleep = to_sim(*step.sleep);
    if (const auto& call = step.call) {
      sim::ScriptCall& to = made.call.emplace();
      to.call = outbound_call(scenario, instance, call->to, ports);
      to.call.path = call->path;
      add_head(call->head, to.call);
      to.call.timeout = call->timeout;
      to.call.more_bytes = call->bytes;
      to.retries = to_sim(call->retries);
      to.times = call->times;
      to.at_once = call->at_once;
      to.probability_ppm = static_cast<std::uint32_t>(call->probability_ppm);
    }
    made.together = script_of(scenario, instance, step.together, ports);
    out.push_back(std::move(made));
  }
  return out;
}

}  // namespace

sim::ClientRetries to_sim(const Retries& retries) {
  return {.most = retries.most,
          .backoff = retries.backoff,
          .backoff_max = retries.backoff_max,
          .budget_ppm = static_cast<std::uint32_t>(retries.budget_ppm)};
}

void add_head(const RequestHead& head, sim::Call& call) {
  if (!head.method.empty()) call.method = head.method;
  call.headers.insert(call.headers.end(), head.headers.begin(), head.headers.end());
}

sim::Call outbound_call(const Scenario& scenario, const Instance& from, const std::string& to,
                        const DataplanePorts& ports) {
  sim::Call call{
      .address = "127.0.0.1", .port = outbound_port(*scenario.find_service(from.service), to, ports), .authority = to};
  if (scenario.find_service(to)->protocol == "tcp") call.protocol = sim::CallProtocol::tcp;
  if (scenario.find_service(to)->protocol == "grpc") {
    call.method = "POST";
    call.headers = {{"te", "trailers"}, {"content-type", "application/grpc"}};
  }
  return call;
}

sim::InstanceOptions application_of(const Scenario& scenario, const Instance& instance, const DataplanePorts& ports,
                                    std::uint64_t seed) {
  const Application& application = instance.application;
  sim::InstanceOptions out{.name = instance.process, .port = ports.service};
  if (auto version = instance.tags.find("version"); version != instance.tags.end()) out.version = version->second;
  out.latency.other = to_sim(instance.latency);
  out.errors_ppm = static_cast<std::uint32_t>(application.errors_ppm);
  out.error_status = application.error_status;
  out.error_grpc_status = application.error_grpc_status;
  out.grpc = scenario.find_service(instance.service)->protocol == "grpc";
  out.concurrency_max = application.concurrency;
  out.between_starts = application.between_starts.value_or(Duration(0));
  if (application.queue) out.queue_max = *application.queue;
  out.drop_overflow = application.drop;
  out.brownout = {static_cast<std::uint32_t>(application.brownout.share_ppm), application.brownout.factor};
  const SlownessSpec& slowness = application.slowness;
  out.slowness = {slowness.every, slowness.lasts, slowness.factor,
                  sim::hash_text(slowness.shared ? instance.service : instance.process, sim::mix(seed, 1))};
  out.response_bytes = application.response_bytes;
  out.script = script_of(scenario, instance, application.script, ports);
  return out;
}

}  // namespace kumasim::scenario
