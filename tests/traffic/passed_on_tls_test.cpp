/// TLS that proxies pass on by its server name, as zone ingresses and egresses do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using sim::proxy::Type;
using testing::HasSubstr;

constexpr auto web_id = "spiffe://default/web";
constexpr auto backend_id = "spiffe://default/backend";

/// Listener address:10001 that passes connections with this server name on to the cluster `passed`.
Yaml passing(const std::string& address, const std::string& server_name, const std::string& before = "") {
  return "name: passing\naddress: {socket_address: {address: " + address +
         ", port_value: 10001}}\ntraffic_direction: INBOUND\n" +
         "listener_filters: [{name: tls, typed_config: {\"@type\": "
         "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector}}]\n" +
         "filter_chains:\n- filter_chain_match: {transport_protocol: tls, server_names: [" + server_name + "]}\n" +
         "  filters:\n" + before + "  - name: envoy.filters.network.tcp_proxy\n    typed_config:\n" +
         "      \"@type\": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy\n" +
         "      stat_prefix: passed\n      cluster: passed\n";
}

/// web -> egress -> ingress -> backend.
class PassedOnTls : public ::testing::Test {
 protected:
  void SetUp() override {
    bed.machine("web", "10.0.0.1", "-");
    bed.machine("egress", "10.0.0.2", "-");
    bed.machine("ingress", "10.0.1.2", "-");
    bed.machine("backend", "10.0.1.1");
    pass("egress", "10.0.0.2", "backend", "10.0.1.2:10001");
    pass("ingress", "10.0.1.2", "backend", "10.0.1.1:7000");
    serve(web_id);
    call_through("10.0.0.2:10001", web_id);
  }

  sim::proxy::ConfigState& config(const char* name) { return bed[name].proxy->config(); }
  void ok(const sim::proxy::Checked<>& outcome) { ASSERT_TRUE(outcome) << outcome.error(); }

  void pass(const char* name, const std::string& address, const std::string& server_name, const std::string& to) {
    ok(apply(config(name), Type::cluster, {eds_cluster("passed")}));
    ok(apply(config(name), Type::endpoints, {endpoints("passed", {to})}));
    ok(apply(config(name), Type::listener, {passing(address, server_name)}));
  }
  void serve(const std::string& allowed) {
    ok(apply(config("backend"), Type::cluster, {local_cluster()}));
    ok(apply(config("backend"), Type::listener,
             {inbound("10.0.1.1", 7000, downstream_tls("spiffe://default/"), allowed)}));
    ok(apply(config("backend"), Type::secret, {identity(root.issue(backend_id)), ca(root.bundle())}));
  }
  void call_through(const std::string& address, const std::string& id, const std::string& tls_version = "TLSv1_2") {
    auto tls = upstream_tls(backend_id);
    tls.insert(tls.find("      alpn_protocols"),
               "      tls_params: {tls_maximum_protocol_version: " + tls_version + "}\n");
    ok(apply(config("web"), Type::cluster, {eds_cluster("backend", tls)}, address + tls_version));
    ok(apply(config("web"), Type::endpoints, {endpoints("backend", {address})}));
    ok(apply(config("web"), Type::secret, {identity(root.issue(id)), ca(root.bundle())}));
    ok(apply(config("web"), Type::listener, {outbound(10001, route_all("cluster: backend"))}));
  }
  sim::CallResult call() { return bed.call("web", to_port(10001)); }

  Bed bed;
  Authority root{"mesh"};
};

TEST_F(PassedOnTls, ItsEndsKnowEachOther) {
  for (const char* version : {"TLSv1_2", "TLSv1_3"}) {
    call_through("10.0.0.2:10001", web_id, version);
    auto result = call();
    EXPECT_EQ(result.status, 200) << explain(result);
    EXPECT_FALSE(result.plaintext);
    EXPECT_EQ(result.peer_spiffe_id, backend_id);
    EXPECT_EQ(result.client_spiffe_id, web_id);
    EXPECT_EQ(result.endpoint, "10.0.0.2:10001");
    EXPECT_THAT(explain(result), HasSubstr("egress tls passed on, backend"));
    EXPECT_THAT(explain(result), HasSubstr("ingress endpoint 10.0.1.1:7000"));
  }
}

TEST_F(PassedOnTls, EachRequestOfAConnectionTellsItsWay) {
  call();
  EXPECT_THAT(explain(call()), HasSubstr("ingress cluster passed"));
}

TEST_F(PassedOnTls, AnotherServerNameIsTakenByNoChain) {
  pass("ingress", "10.0.1.2", "other", "10.0.1.1:7000");
  auto result = call();
  EXPECT_EQ(result.status, 503) << explain(result);
  EXPECT_EQ(result.response_flags, "UF");
}

TEST_F(PassedOnTls, TheServersRefusalComesBack) {
  for (const auto& [version, flags] : {std::pair("TLSv1_2", "UF"), std::pair("TLSv1_3", "UC")}) {
    call_through("10.0.0.2:10001", "spiffe://elsewhere/web", version);
    auto result = call();
    EXPECT_EQ(result.status, 503) << explain(result);
    EXPECT_EQ(result.response_flags, flags) << explain(result);
    EXPECT_THAT(result.details, HasSubstr("SSLV3_ALERT_CERTIFICATE_UNKNOWN"));
  }
}

TEST_F(PassedOnTls, WithoutAServerTheConnectionEnds) {
  bed["backend"].process->kill();
  auto result = call();
  EXPECT_EQ(result.status, 503) << explain(result);
  EXPECT_EQ(result.response_flags, "UF") << explain(result);
  EXPECT_LT(result.latency, 1s);
}

TEST_F(PassedOnTls, WithoutAnEndpointTheConnectionEnds) {
  ok(apply(config("ingress"), Type::endpoints, {endpoints("passed", {})}, "2"));
  EXPECT_EQ(call().response_flags, "UF");
}

TEST_F(PassedOnTls, WhoIsReachedIsNotEjectedForWhatFailsBehindIt) {
  ok(apply(config("egress"), Type::cluster,
           {eds_cluster("passed", "outlier_detection: {max_ejection_percent: 100, consecutive_5xx: 2}\n")}, "2"));
  ok(apply(config("egress"), Type::endpoints, {endpoints("passed", {"10.0.1.2:10001"})}, "2"));
  auto ejected = [&] {
    return bed["egress"].proxy->stats().get("cluster.passed.outlier_detection.ejections_enforced_total");
  };
  auto fail_often = [&] {
    for (int i = 0; i < 4; ++i) EXPECT_EQ(call().response_flags, "UF");
  };
  bed["backend"].process->kill();
  fail_often();
  EXPECT_EQ(ejected(), 0u);
  bed["ingress"].process->kill();
  fail_often();
  EXPECT_EQ(ejected(), 1u);
}

/// The session is there since the hello, the refusal comes with the first bytes: nothing of it stays.
TEST_F(PassedOnTls, WhatIsDeniedAfterItsHelloLeavesNoConnection) {
  ok(apply(config("ingress"), Type::cluster,
           {eds_cluster("passed", "circuit_breakers: {thresholds: [{max_connections: 2}]}\n")}, "2"));
  ok(apply(config("ingress"), Type::endpoints, {endpoints("passed", {"10.0.1.1:7000"})}, "2"));
  const std::string deny =
      "  - name: rbac\n    typed_config: {\"@type\": "
      "type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC, "
      "stat_prefix: r, rules: {action: DENY, policies: {all: {permissions: [{any: true}], principals: [{any: "
      "true}]}}}}\n";
  ok(apply(config("ingress"), Type::listener, {passing("10.0.1.2", "backend", deny)}, "2"));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(call().status, 503);
  ok(apply(config("ingress"), Type::listener, {passing("10.0.1.2", "backend")}, "3"));
  auto result = call();
  EXPECT_EQ(result.status, 200) << explain(result);
}

TEST_F(PassedOnTls, WhatPassesItOnMayDie) {
  EXPECT_EQ(call().status, 200);
  bed["ingress"].process->kill();
  auto result = call();
  EXPECT_EQ(result.status, 503) << explain(result);
}

}  // namespace
}  // namespace kumasim::test
