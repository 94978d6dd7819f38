#include "sim/apps/instance.hpp"

#include <deque>

#include "sim/envoy/data/fabric.hpp"

namespace kumasim::sim {

class Instance::Server : public proxy::End {
 public:
  Server(proxy::Fabric& fabric, Process& process, InstanceOptions options)
      : End(fabric, process), options_(std::move(options)) {
    if (options_.name.empty()) options_.name = process.name();
    fabric.bind(*this, proxy::Fabric::Role::application, options_.host, options_.port);
  }

  void on_request(const proxy::ExchangePtr& exchange) override {
    ++requests_;
    if (options_.concurrency_max > 0 && busy_ >= options_.concurrency_max)
      queue_.push_back(exchange);
    else
      work(exchange);
  }

  InstanceOptions options_;
  std::uint64_t requests_ = 0;

 private:
  void work(const proxy::ExchangePtr& exchange) {
    ++busy_;
    auto time = draw(options_.latency, random());
    after(time, [this, exchange] {
      answer(exchange);
      --busy_;
      if (queue_.empty()) return;
      auto next = queue_.front();
      queue_.pop_front();
      work(next);
    });
  }

  void answer(const proxy::ExchangePtr& exchange) {
    auto& response = exchange->response;
    bool failed = options_.errors_ppm > 0 && random().below(1'000'000) < options_.errors_ppm;
    response.status = failed ? options_.error_status : 200;
    response.headers = {{"x-instance", options_.name}, {"x-version", options_.version}};
    response.body = options_.name + (options_.version.empty() ? "" : " " + options_.version) + "\n";
    auto& record = *exchange->record;
    record.step(process().name(), "app", options_.name + " answered " + std::to_string(response.status),
                options_.version);
    fabric().respond(exchange);
  }

  std::uint32_t busy_ = 0;
  std::deque<proxy::ExchangePtr> queue_;
};

Instance::Instance(proxy::Fabric& fabric, Process& process, InstanceOptions options)
    : server_(std::make_unique<Server>(fabric, process, std::move(options))) {}
Instance::~Instance() = default;
void Instance::set_latency(LatencyLaw latency) { server_->options_.latency = latency; }
void Instance::set_errors_ppm(std::uint32_t errors) { server_->options_.errors_ppm = errors; }
std::uint64_t Instance::requests() const { return server_->requests_; }

}  // namespace kumasim::sim
