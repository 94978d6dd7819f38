/// Health checks take the way of calls: through the callee's proxy, with the cluster's TLS, past its permissions.
#include <gtest/gtest.h>

#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using sim::proxy::Type;

constexpr auto web_id = "spiffe://default/web";
constexpr auto backend_id = "spiffe://default/backend";

/// web -> backend, which lets `allowed` in, over mutual TLS.
class MutualTlsChecks : public ::testing::Test {
 protected:
  MutualTlsChecks() {
    bed.machine("web", "10.0.0.1", "-");
    bed.machine("backend", "10.0.0.11");
  }

  void serve(const std::string& allowed, Validity validity = {}) {
    auto& config = bed["backend"].proxy->config();
    ok(apply(config, Type::cluster, {local_cluster()}));
    ok(apply(config, Type::listener, {inbound("10.0.0.11", 7000, downstream_tls("spiffe://default/"), allowed)}));
    ok(apply(config, Type::secret, {identity(root.issue(backend_id, validity)), ca(root.bundle())}));
  }
  void use() {
    const std::string check =
        "health_checks: [{timeout: 1s, interval: 1s, no_traffic_interval: 1s, unhealthy_threshold: 2, "
        "healthy_threshold: 1, reuse_connection: false, http_health_check: {path: /health}}]\n";
    ok(apply(web(), Type::cluster, {eds_cluster("backend", check + upstream_tls(backend_id))}));
    ok(apply(web(), Type::endpoints, {endpoints("backend", {"10.0.0.11:7000"})}));
  }
  void secrets() { ok(apply(web(), Type::secret, {identity(root.issue(web_id)), ca(root.bundle())})); }
  void ok(const sim::proxy::Checked<>& outcome) { ASSERT_TRUE(outcome) << outcome.error(); }

  sim::proxy::ConfigState& web() { return bed["web"].proxy->config(); }
  std::uint64_t checked(const std::string& name) { return web().stats().get("cluster.backend.health_check." + name); }

  Bed bed;
  Authority root{"mesh"};
};

TEST_F(MutualTlsChecks, PassWhereTheCallerMayCall) {
  serve(web_id);
  use();
  bed.world.run_for(5s);
  EXPECT_EQ(checked("attempt"), 0u) << "the secrets are not there";
  secrets();
  bed.world.run_for(4500ms);
  EXPECT_EQ(checked("success"), 5u);
  EXPECT_EQ(checked("failure"), 0u);
  EXPECT_EQ(web().stats().get("cluster.backend.ssl.handshake"), 5u);
  EXPECT_EQ(bed["backend"].app->requests(), 5u);
}

TEST_F(MutualTlsChecks, FailAtOnceWhereItMayNot) {
  serve(web_id);
  use();
  secrets();
  bed.world.run_for(500ms);
  EXPECT_EQ(checked("healthy"), 1u);
  serve("spiffe://default/other");
  bed.world.run_for(1s);
  EXPECT_EQ(checked("healthy"), 0u);
  EXPECT_EQ(checked("failure"), 1u);
  EXPECT_EQ(checked("network_failure"), 0u);
}

TEST_F(MutualTlsChecks, FailAsTheNetworkWhereACertificateIsRefused) {
  serve(web_id, {.until = Validity().from + 2h});
  use();
  secrets();
  bed.world.run_for(500ms);
  EXPECT_EQ(checked("healthy"), 1u);
  bed.world.run_for(1h + 5s);
  EXPECT_EQ(checked("healthy"), 0u);
  EXPECT_GT(checked("network_failure"), 1u);
  EXPECT_EQ(checked("network_failure"), checked("failure"));
}

/// A TCP check ends at the callee's proxy, whatever becomes of its application.
TEST_F(MutualTlsChecks, OverTcpTellOfTheProxyAlone) {
  serve("spiffe://default/other");
  ok(apply(web(), Type::cluster,
           {eds_cluster("backend",
                        "health_checks: [{timeout: 1s, interval: 1s, no_traffic_interval: 1s, "
                        "unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {}}]\n" +
                            upstream_tls(backend_id))}));
  ok(apply(web(), Type::endpoints, {endpoints("backend", {"10.0.0.11:7000"})}));
  secrets();
  bed.world.run_for(3500ms);
  EXPECT_EQ(checked("success"), 4u);
  EXPECT_EQ(bed["backend"].app->requests(), 0u);
}

}  // namespace
}  // namespace kumasim::test
