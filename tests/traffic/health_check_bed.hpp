/// A proxy whose cluster `backend` has a health check, and servers that answer it as a test wants.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/traffic/bed.hpp"

namespace kumasim::test {

/// Listens on port 80 of its machine, without a proxy; answers checks and calls with `answer`.
class Server : public sim::proxy::End {
 public:
  Server(sim::proxy::Fabric& fabric, sim::Process& process) : End(fabric, process) {
    fabric.bind(*this, sim::proxy::Fabric::Role::application, process.address(), 80);
  }

  bool on_accept(const sim::proxy::WirePtr&) override {
    accepted.push_back(now());
    return true;
  }
  void on_request(const sim::proxy::ExchangePtr& exchange) override {
    heard.push_back(exchange->request);
    at.push_back(now());
    if (silent) return;
    exchange->response = answer;
    exchange->response.headers.emplace_back("x-instance", process().name());
    fabric().respond(exchange);
  }

  sim::proxy::Response answer{.status = 200, .headers = {}, .body = {}};
  bool silent = false;
  std::vector<sim::proxy::Request> heard;
  std::vector<MonotonicTime> at, accepted;
};

/// web, with an outbound 127.0.0.1:10001 to the cluster `backend`; servers one and two at 10.0.0.11 and 10.0.0.12.
class HealthChecks : public ::testing::Test {
 protected:
  HealthChecks() : one(serve("one", "10.0.0.11")), two(serve("two", "10.0.0.12")) {
    bed.machine("web", "10.0.0.1", "-");
    bed.world.network().set_default_link({.delay = sim::DelayLaw::constant(std::chrono::microseconds(250))});
  }

  Server& serve(const std::string& name, const std::string& address) {
    auto& process = bed.world.add_process(name, address);
    process.start([](Runtime&) {});
    bed.world.run_for(Duration(1));
    auto server = std::make_shared<Server>(bed.fabric, process);
    process.keep(server);
    return *server;
  }

  /// An application of the simulator, without a proxy too.
  std::shared_ptr<sim::Instance> application(const std::string& name, const std::string& address) {
    auto& process = bed.world.add_process(name, address);
    process.start([](Runtime&) {});
    bed.world.run_for(Duration(1));
    auto out = std::make_shared<sim::Instance>(bed.fabric, process, sim::InstanceOptions{.host = address, .port = 80});
    process.keep(out);
    return out;
  }

  static std::string check(const std::string& fields, const std::string& kind = "http_health_check: {path: /health}") {
    return "health_checks:\n- {timeout: 1s, interval: 2s, no_traffic_interval: 2s, unhealthy_threshold: 3, "
           "healthy_threshold: 2, " +
           fields + (fields.empty() ? "" : ", ") + kind +
           "}\ncommon_lb_config: {healthy_panic_threshold: {value: 0}}\n";
  }
  /// The cluster, its endpoints and the listener.
  void use(const std::string& cluster_extra, const std::vector<std::string>& hosts = {"10.0.0.11:80", "10.0.0.12:80"}) {
    ok(apply(web(), sim::proxy::Type::cluster, {eds_cluster("backend", cluster_extra)}));
    endpoints_are(hosts);
    ok(apply(web(), sim::proxy::Type::listener, {outbound(10001, route_all("cluster: backend, timeout: 3s"))}));
  }
  void endpoints_are(const std::vector<std::string>& hosts) {
    ok(apply(web(), sim::proxy::Type::endpoints, {endpoints("backend", hosts)}));
  }
  void ok(const sim::proxy::Checked<>& outcome) { ASSERT_TRUE(outcome) << outcome.error(); }

  sim::proxy::ConfigState& web() { return bed["web"].proxy->config(); }
  std::uint64_t stat(const std::string& name) { return web().stats().get("cluster.backend." + name); }
  std::uint64_t checked(const std::string& name) { return stat("health_check." + name); }
  bool passes(const std::string& host) {
    return !bed["web"].proxy->upstreams().at("backend")->hosts().at(host)->check.failed;
  }
  sim::CallResult call() { return bed.call("web", to_port(10001)); }
  /// How many of ten calls each server answered; those that nobody did by their flags.
  std::map<std::string, int> ten_calls() {
    std::map<std::string, int> out;
    for (int i = 0; i < 10; ++i) {
      auto result = call();
      ++out[result.response_flags.empty() ? result.instance : result.response_flags];
    }
    return out;
  }
  void run_for(Duration time) { bed.world.run_for(time); }

  Bed bed;
  Server &one, &two;
};

}  // namespace kumasim::test
