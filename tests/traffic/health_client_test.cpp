/// The simulated Envoy's health discovery: it connects to what it is told to, and reports what became of that.
#include <gtest/gtest.h>

#include "envoy/service/health/v3/hds.pb.h"
#include "sim/envoy/bootstrap.hpp"
#include "sim/envoy/hds/health_client.hpp"
#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using sim::proxy::HealthClient;
using Message = ::envoy::service::health::v3::HealthCheckRequestOrEndpointHealthResponse;
namespace core = ::envoy::config::core::v3;

/// A machine without an application, and a client of health discovery on it whose messages are kept.
class Probing {
 public:
  Probing() {
    client.on_stream([this](std::string bytes) {
      said.emplace_back();
      EXPECT_TRUE(said.back().ParseFromString(bytes));
    });
  }

  void tell(const std::string& unhealthy_threshold = "1") {
    ::envoy::service::health::v3::HealthCheckSpecifier specifier;
    auto ok = sim::proxy::message_from_text(
        "interval: 5s\n"
        "cluster_health_checks:\n"
        "- cluster_name: kuma:envoy:admin\n"
        "  locality_endpoints: [{endpoints: [{address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}]}]\n"
        "  health_checks: [{timeout: 2s, interval: 1s, http_health_check: {path: /ready}}]\n"
        "- cluster_name: localhost:80\n"
        "  locality_endpoints: [{endpoints: [{address: {socket_address: {address: 127.0.0.1, port_value: 80}}}]}]\n"
        "  health_checks: [{timeout: 2s, interval: 1s, healthy_threshold: 1, unhealthy_threshold: " +
            unhealthy_threshold + ", tcp_health_check: {}}]\n",
        specifier);
    EXPECT_TRUE(ok) << ok.error().message;
    EXPECT_TRUE(client.on_message(specifier.SerializeAsString()));
  }

  /// Of the cluster in the last report.
  core::HealthStatus status(const std::string& name) const {
    for (const auto& cluster : said.back().endpoint_health_response().cluster_endpoints_health())
      if (cluster.cluster_name() == name)
        return cluster.locality_endpoints_health(0).endpoints_health(0).health_status();
    return core::UNKNOWN;
  }

  Bed bed;
  Machine& machine = bed.machine("web", "10.0.0.1", "-");
  bool live = true;
  std::vector<Message> said;
  HealthClient client{bed.fabric, *machine.process, core::Node().SerializeAsString(), [this] { return live; }};
};

TEST(HealthClient, ReportsWhetherTheApplicationAccepts) {
  Probing p;
  ASSERT_EQ(p.said.size(), 1u);
  EXPECT_TRUE(p.said[0].has_health_check_request());
  p.tell();
  p.bed.world.run_for(5500ms);
  ASSERT_EQ(p.said.size(), 2u);
  EXPECT_EQ(p.status("localhost:80"), core::UNHEALTHY);
  EXPECT_EQ(p.status("kuma:envoy:admin"), core::HEALTHY);
  {
    sim::Instance app(p.bed.fabric, *p.machine.process, {.host = "127.0.0.1", .port = 80});
    p.bed.world.run_for(5s);
    EXPECT_EQ(p.status("localhost:80"), core::HEALTHY);
  }
  p.bed.world.run_for(5s);
  EXPECT_EQ(p.status("localhost:80"), core::UNHEALTHY);
  EXPECT_EQ(p.said.size(), 4u);
}

TEST(HealthClient, ADrainingProxyIsNotHealthy) {
  Probing p;
  p.tell();
  p.live = false;
  p.bed.world.run_for(5500ms);
  EXPECT_EQ(p.status("kuma:envoy:admin"), core::UNHEALTHY);
}

TEST(HealthClient, FailuresCountByTheThreshold) {
  Probing p;
  auto app = std::make_unique<sim::Instance>(p.bed.fabric, *p.machine.process,
                                             sim::InstanceOptions{.host = "127.0.0.1", .port = 80});
  p.tell("4");
  p.bed.world.run_for(4500ms);
  app = nullptr;
  p.bed.world.run_for(1s);
  EXPECT_EQ(p.status("localhost:80"), core::HEALTHY) << "one failure is no four";
  p.bed.world.run_for(5s);
  EXPECT_EQ(p.status("localhost:80"), core::UNHEALTHY);
}

TEST(HealthClient, NothingIsProbedOrReportedWithoutAStream) {
  Probing p;
  p.tell();
  p.bed.world.run_for(3s);
  EXPECT_GT(p.client.probes(), 0u);
  p.client.on_stream_end();
  auto probes = p.client.probes();
  p.bed.world.run_for(1min);
  EXPECT_EQ(p.client.probes(), probes);
  EXPECT_EQ(p.said.size(), 1u);
  EXPECT_FALSE(p.client.on_message("\xff"));
}

}  // namespace
}  // namespace kumasim::test
