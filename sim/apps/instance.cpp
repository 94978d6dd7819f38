#include "sim/apps/instance.hpp"

#include <deque>

#include "sim/apps/processor.hpp"
#include "sim/envoy/data/fabric.hpp"
#include "sim/envoy/data/grpc_health.hpp"
#include "sim/envoy/data/grpc_status.hpp"

namespace kumasim::sim {
namespace {

/// Of an Envoy, or of gRPC's health service.
bool health_check(const proxy::Request& request) {
  return request.path == proxy::grpc_health_path ||
         proxy::find_header(request.headers, "user-agent").value_or("") == "Envoy/HC";
}

}  // namespace

class Instance::Server : public proxy::End {
 public:
  Server(proxy::Fabric& fabric, Process& process, InstanceOptions options, ScriptRunner::CallObserver observer)
      : End(fabric, process), options_(std::move(options)), processor_(process), slow_periods_(options_.slowness) {
    if (options_.name.empty()) options_.name = process.name();
    fabric.bind(*this, proxy::Fabric::Role::application, options_.host, options_.port);
    if (!options_.script.empty()) script_runner_.emplace(fabric, process, processor_, std::move(observer));
  }

  void on_request(const proxy::ExchangePtr& exchange) override {
    ++counts_.requests;
    if (faults_.says_healthy && health_check(exchange->request))
      return answer(exchange, *faults_.says_healthy ? 200 : 503);
    if (faults_.black_hole) return;
    if (queue_.empty() && worker_free() && gate_open()) return work(exchange, now());
    if (queue_.size() >= options_.queue_max) return turn_away(exchange);
    queue_.push_back({exchange, now()});
    wait_for_gate();
  }

  InstanceCounts counts() const {
    auto out = counts_;
    out.busy += busy_ * (now() - busy_since_);
    return out;
  }

  void set_faults(const InstanceFaults& faults) {
    faults_ = faults;
    processor_.set_speed_ppm(faults.speed_ppm);
  }

  InstanceOptions options_;

 private:
  struct Waiting {
    proxy::ExchangePtr exchange;
    MonotonicTime since;
  };

  bool worker_free() const { return options_.concurrency_max == 0 || busy_ < options_.concurrency_max; }
  bool gate_open() const { return processor_.done() >= gate_opens_; }

  /// Whoever can begin begins.
  void next() {
    while (!queue_.empty() && worker_free() && gate_open()) {
      auto first = std::move(queue_.front());
      queue_.pop_front();
      work(first.exchange, first.since);
    }
    wait_for_gate();
  }

  void wait_for_gate() {
    if (gate_armed_ || queue_.empty() || !worker_free() || gate_open()) return;
    gate_armed_ = true;
    processor_.work(gate_opens_ - processor_.done(), [this] {
      gate_armed_ = false;
      next();
    });
  }

  void work(const proxy::ExchangePtr& exchange, MonotonicTime since) {
    ++counts_.begun;
    counts_.waited += now() - since;
    set_busy(busy_ + 1);
    if (options_.between_starts > Duration::zero()) gate_opens_ = processor_.done() + options_.between_starts;
    auto time = faults_.latency ? faults_.latency->draw(random()) : draw(options_.latency, random());
    auto factor = request_factor();
    processor_.work(stretched(time, factor), [this, exchange, factor] { run(exchange, factor); });
  }

  /// How many times as long a request takes that begins now.
  std::uint64_t request_factor() {
    std::uint64_t out = 1;
    auto brownout = faults_.brownout.value_or(options_.brownout);
    if (brownout.share_ppm > 0 && random().below(1'000'000) < brownout.share_ppm) out *= brownout.factor;
    if (slow_periods_.slow(now())) out *= options_.slowness.factor;
    return out * start_factor();
  }

  /// Rounded up.
  std::uint64_t start_factor() const {
    const auto& [factor, over, since] = faults_.slow_start;
    auto age = now() - born_;
    if (born_ < since || age >= over) return 1;
    auto left = static_cast<unsigned __int128>((over - age).count()) * (factor - 1);
    auto length = static_cast<std::uint64_t>(over.count());
    return 1 + static_cast<std::uint64_t>((left + length - 1) / length);
  }

  void run(const proxy::ExchangePtr& exchange, std::uint64_t factor) {
    auto errors_ppm = faults_.errors_ppm.value_or(options_.errors_ppm);
    bool failed = errors_ppm > 0 && random().below(1'000'000) < errors_ppm;
    failed |= faults_.says_healthy.value_or(false);
    if (failed || !script_runner_ || health_check(exchange->request))
      return failed ? finish(exchange, options_.error_status, options_.error_grpc_status) : finish(exchange, 200);
    script_runner_->run(options_.script, factor, [this, exchange](bool ok) { finish(exchange, ok ? 200 : 500); });
  }

  void finish(const proxy::ExchangePtr& exchange, int status, std::optional<int> grpc_status = {}) {
    if (!faults_.black_hole) answer(exchange, status, grpc_status);
    set_busy(busy_ - 1);
    next();
  }

  void answer(const proxy::ExchangePtr& exchange, int status, std::optional<int> grpc_status = {}) {
    ++counts_.answered;
    if (status >= 500) ++counts_.failed;
    auto& response = exchange->response;
    std::optional<int> grpc;
    if (exchange->request.path == proxy::grpc_health_path) {
      response = proxy::grpc_health_response(status < 400);
    } else {
      response.status = status;
      response.headers = {{"x-instance", options_.name}, {"x-version", options_.version}};
      response.body = options_.name + (options_.version.empty() ? "" : " " + options_.version) + "\n";
      response.more_bytes = options_.response_bytes;
      if (options_.grpc && proxy::is_grpc(exchange->request.headers)) {
        grpc = status < 400 ? 0 : grpc_status.value_or(proxy::grpc_of_http(status));
        if (*grpc == 0)
          response.headers.insert(response.headers.end(), {{"content-type", "application/grpc"}, {"grpc-status", "0"}});
        else
          proxy::make_grpc(response, *grpc);
      }
    }
    auto text = options_.name + " answered " +
                (grpc ? "grpc-status " + std::to_string(*grpc) : std::to_string(response.status));
    exchange->record->step(process().name(), "app", std::move(text), options_.version);
    fabric().respond(exchange);
  }

  void turn_away(const proxy::ExchangePtr& exchange) {
    ++counts_.turned_away;
    if (options_.drop_overflow) return exchange->record->step(process().name(), "app", "queue full: dropped");
    exchange->record->step(process().name(), "app", "queue full");
    answer(exchange, 503);
  }

  void set_busy(std::uint32_t workers) {
    counts_.busy += busy_ * (now() - busy_since_);
    busy_since_ = now();
    busy_ = workers;
  }

  InstanceFaults faults_;
  MonotonicTime born_ = now();
  Processor processor_;
  std::uint32_t busy_ = 0;
  MonotonicTime busy_since_ = {};
  Duration gate_opens_ = {};  // as the processor counts
  bool gate_armed_ = false;
  std::deque<Waiting> queue_;
  InstanceCounts counts_;
  SlowPeriods slow_periods_;
  std::optional<ScriptRunner> script_runner_;
};

Instance::Instance(proxy::Fabric& fabric, Process& process, InstanceOptions options,
                   ScriptRunner::CallObserver observer)
    : server_(std::make_unique<Server>(fabric, process, std::move(options), std::move(observer))) {}
Instance::~Instance() = default;
void Instance::set_latency(LatencyLaw latency) { server_->options_.latency = latency; }
void Instance::set_errors_ppm(std::uint32_t errors) { server_->options_.errors_ppm = errors; }
void Instance::set_faults(const InstanceFaults& faults) { server_->set_faults(faults); }
std::uint64_t Instance::requests() const { return server_->counts().requests; }
InstanceCounts Instance::counts() const { return server_->counts(); }

}  // namespace kumasim::sim
