/// What a TCP proxy tells outlier detection: connections that fail, and connections that stand.
#include <gtest/gtest.h>

#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using sim::proxy::Type;

void ok(const sim::proxy::Checked<>& outcome) { ASSERT_TRUE(outcome) << outcome.error(); }

constexpr auto nobody = "10.0.0.99:80";   // no machine: no answer
constexpr auto refusing = "10.0.0.1:81";  // nobody listens there
constexpr auto apart = "split_external_local_origin_errors: true, consecutive_local_origin_failure: 2";
constexpr auto together = "consecutive_5xx: 2, consecutive_local_origin_failure: 1";

/// web's TCP proxy on 127.0.0.1:10002 has the cluster `backend`, whose hosts are ejected after two failures.
class TcpOutliers : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { bed.machine("web", "10.0.0.1", "-"); }

  void serve() {
    if (!app) app = &bed.world.add_process("app", "10.0.0.11");
    app->start([](Runtime&) {});
    bed.world.run_for(Duration(1));
    app->keep(std::make_shared<sim::Instance>(bed.fabric, *app,
                                              sim::InstanceOptions{.name = "app", .host = app->address(), .port = 80}));
  }
  void route(const std::vector<std::string>& hosts) {
    const std::string detection = std::string("outlier_detection: {max_ejection_percent: 100, base_ejection_time: ") +
                                  "30s, " + GetParam() + "}\n";
    ok(apply(config(), Type::cluster,
             {eds_cluster("backend", detection + "common_lb_config: {healthy_panic_threshold: {value: 0}}\n")}));
    ok(apply(config(), Type::endpoints, {endpoints("backend", hosts)}));
    ok(apply(config(), Type::listener, {tcp_outbound(10002, "cluster: backend")}));
  }
  std::string flags() {
    auto result = bed.call("web", raw_to_port(10002));
    return result.status == 200 ? "answered" : result.response_flags;
  }
  int failed(int calls) {
    int out = 0;
    for (int i = 0; i < calls; ++i) out += flags() != "answered";
    return out;
  }
  std::uint64_t ejected() {
    return bed["web"].proxy->stats().get("cluster.backend.outlier_detection.ejections_enforced_total");
  }
  sim::proxy::ConfigState& config() { return bed["web"].proxy->config(); }

  Bed bed;
  sim::Process* app = nullptr;
};

TEST_P(TcpOutliers, WhoRefusesConnectionsIsEjected) {
  serve();
  route({"10.0.0.11:80", refusing});
  EXPECT_EQ(failed(10), 2);
  EXPECT_EQ(ejected(), 1u);
  bed.world.run_for(40s);
  EXPECT_EQ(failed(10), 2);
  EXPECT_EQ(ejected(), 2u);
}

TEST_P(TcpOutliers, WhoDoesNotAnswerIsEjected) {
  serve();
  route({"10.0.0.11:80", nobody});
  EXPECT_EQ(failed(10), 2);
  EXPECT_EQ(ejected(), 1u);
}

TEST_P(TcpOutliers, AConnectionThatStandsBeginsTheCountAnew) {
  serve();
  route({"10.0.0.11:80"});
  for (int i = 0; i < 3; ++i) {
    app->kill();
    EXPECT_EQ(flags(), "UF,URX");
    serve();
    EXPECT_EQ(flags(), "answered");
  }
  EXPECT_EQ(ejected(), 0u);
  app->kill();
  EXPECT_EQ(failed(2), 2);
  EXPECT_EQ(flags(), "UH");
  EXPECT_EQ(ejected(), 1u);
}

INSTANTIATE_TEST_SUITE_P(All, TcpOutliers, testing::Values(apart, together), [](const auto& tested) {
  return tested.param == std::string(apart) ? "LocalOriginApart" : "AllTogether";
});

}  // namespace
}  // namespace kumasim::test
