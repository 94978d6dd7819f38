/// Mutual TLS with real certificates at virtual time, and permissions on top of it.
#include <gtest/gtest.h>

#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using sim::proxy::Type;

constexpr auto web_id = "spiffe://default/web";
constexpr auto backend_id = "spiffe://default/backend";

class MtlsTraffic : public ::testing::Test {
 protected:
  void SetUp() override {
    bed.machine("web", "10.0.0.1", "-");
    bed.machine("backend", "10.0.0.11");
    client(web_id, root.bundle());
    server(backend_id, web_id);
    route(backend_id);
  }

  sim::proxy::ConfigState& config(const char* name) { return bed[name].proxy->config(); }
  void ok(const sim::proxy::Checked<>& outcome) { ASSERT_TRUE(outcome) << outcome.error(); }

  void client(const std::string& id, const std::string& bundle, Validity validity = {}) {
    client_identity = root.issue(id, validity);
    client_bundle = bundle;
  }
  void route(const std::string& expected_server) {
    ok(apply(config("web"), Type::cluster, {eds_cluster("backend", upstream_tls(expected_server))}));
    ok(apply(config("web"), Type::endpoints, {endpoints("backend", {"10.0.0.11:7000"})}));
    secrets();
    ok(apply(config("web"), Type::listener, {outbound(10001, route_all("cluster: backend"))}));
  }
  void secrets() { ok(apply(config("web"), Type::secret, {identity(client_identity), ca(client_bundle)})); }
  void server(const std::string& id, const std::string& allowed, Validity validity = {}) {
    ok(apply(config("backend"), Type::cluster, {local_cluster()}));
    ok(apply(config("backend"), Type::listener,
             {inbound("10.0.0.11", 7000, downstream_tls("spiffe://default/"), allowed)}));
    ok(apply(config("backend"), Type::secret, {identity(root.issue(id, validity)), ca(root.bundle())}));
  }
  sim::CallResult call() { return bed.call("web", to_port(10001)); }
  /// Connections of before are gone, so that the next call shakes hands.
  void reconnect() {
    route(backend_id + std::string("x"));
    route(backend_id);
  }

  Bed bed;
  Authority root{"mesh"}, other{"other"};
  Pem client_identity;
  std::string client_bundle;
};

TEST_F(MtlsTraffic, both_sides_know_each_other) {
  auto result = call();
  EXPECT_EQ(result.status, 200) << explain(result);
  EXPECT_FALSE(result.plaintext);
  EXPECT_EQ(result.peer_spiffe_id, backend_id);
  EXPECT_EQ(result.client_spiffe_id, web_id);
}

TEST_F(MtlsTraffic, a_chain_is_verified_once_for_many_connections) {
  EXPECT_EQ(call().status, 200);
  auto before = bed.fabric.cache()->certificates().verifications();
  for (int i = 0; i < 5; ++i) {
    reconnect();
    EXPECT_EQ(call().status, 200);
  }
  EXPECT_EQ(bed.fabric.cache()->certificates().verifications(), before);
}

TEST_F(MtlsTraffic, rbac_refuses_another_identity) {
  server(backend_id, "spiffe://default/other");
  auto result = call();
  EXPECT_EQ(result.status, 403) << explain(result);
  EXPECT_EQ(result.body, "RBAC: access denied");
  EXPECT_EQ(result.response_flags, "");
  EXPECT_NE(explain(result).find("denied, policy none"), std::string::npos) << explain(result);
}

TEST_F(MtlsTraffic, the_server_must_have_the_expected_name) {
  route("spiffe://default/other");
  auto result = call();
  EXPECT_EQ(result.status, 503);
  EXPECT_EQ(result.response_flags, "UF") << explain(result);
  EXPECT_NE(result.details.find("CERTIFICATE_VERIFY_FAILED"), std::string::npos) << result.details;
}

TEST_F(MtlsTraffic, a_foreign_authority_is_not_trusted) {
  client_bundle = other.bundle();
  route(backend_id);
  EXPECT_EQ(call().response_flags, "UF");
}

TEST_F(MtlsTraffic, a_client_of_another_mesh_is_refused_by_the_server) {
  client("spiffe://elsewhere/web", root.bundle());
  secrets();
  auto result = call();
  EXPECT_EQ(result.status, 503);
  // Envoy's clients speak TLS 1.2 by default: they are connected only after the server has judged them.
  EXPECT_EQ(result.response_flags, "UF") << explain(result);
  EXPECT_NE(result.details.find("SSLV3_ALERT_CERTIFICATE_UNKNOWN"), std::string::npos) << result.details;
}

TEST_F(MtlsTraffic, with_tls_1_3_the_refusal_comes_after_the_connection) {
  client("spiffe://elsewhere/web", root.bundle());
  auto tls = upstream_tls(backend_id);
  tls.insert(tls.find("      alpn_protocols"), "      tls_params: {tls_maximum_protocol_version: TLSv1_3}\n");
  ok(apply(config("web"), Type::cluster, {eds_cluster("backend", tls)}, "2"));
  ok(apply(config("web"), Type::endpoints, {endpoints("backend", {"10.0.0.11:7000"})}));
  secrets();
  auto result = call();
  EXPECT_EQ(result.status, 503);
  EXPECT_EQ(result.response_flags, "UC") << explain(result);
}

TEST_F(MtlsTraffic, with_spiffe_bundles_a_peer_is_judged_by_its_own_trust_domain) {
  auto call_with = [&](const std::map<std::string, std::string>& bundles) {
    reconnect();
    ok(apply(config("web"), Type::secret, {identity(client_identity), spiffe_ca(bundles)}));
    return call();
  };
  EXPECT_EQ(call_with({{"default", root.bundle()}}).status, 200);
  EXPECT_EQ(call_with({{"default", other.bundle() + root.bundle()}}).status, 200) << "while a CA is rotated";
  EXPECT_EQ(call_with({{"default", root.bundle()}, {"elsewhere", other.bundle()}}).status, 200);
  auto foreign = call_with({{"elsewhere", root.bundle()}});
  EXPECT_EQ(foreign.response_flags, "UF");
  EXPECT_NE(foreign.details.find("no_trust_bundle_store"), std::string::npos) << foreign.details;
  EXPECT_EQ(call_with({{"default", other.bundle()}, {"elsewhere", root.bundle()}}).response_flags, "UF");
}

TEST_F(MtlsTraffic, certificates_expire_at_virtual_time) {
  EXPECT_EQ(call().status, 200);
  bed.world.run_for(25h);
  EXPECT_EQ(call().status, 503);  // the pooled connection idled away, the next handshake is judged now
  server(backend_id, web_id, {.until = Validity().until + 24h});
  EXPECT_EQ(call().status, 503);  // the root has expired too
}

TEST_F(MtlsTraffic, rotation_loses_no_call) {
  int failed = 0;
  for (int i = 0; i < 20; ++i) {
    client(web_id, root.bundle());
    secrets();
    server(backend_id, web_id);
    for (int j = 0; j < 5; ++j) failed += call().status != 200;
    bed.world.run_for(2h);
    if (i == 10) break;
  }
  EXPECT_EQ(failed, 0);
}

TEST_F(MtlsTraffic, plain_bytes_do_not_pass_a_tls_chain) {
  ok(apply(config("web"), Type::cluster, {eds_cluster("backend")}));
  ok(apply(config("web"), Type::endpoints, {endpoints("backend", {"10.0.0.11:7000"})}));
  auto result = call();
  EXPECT_EQ(result.status, 503);
  EXPECT_EQ(result.response_flags, "UC") << explain(result);
}

TEST_F(MtlsTraffic, a_permissive_listener_takes_both) {
  auto http = [&](const std::string& tls) { return inbound("10.0.0.11", 7000, tls, ""); };
  auto plain = http("");
  auto with_tls = http(downstream_tls("spiffe://default/"));
  auto chain_of = [](const std::string& yaml) { return yaml.substr(yaml.find("- filters:")); };
  auto matched = [&](const std::string& yaml, const std::string& match) {
    return "- filter_chain_match: {" + match + "}\n  " + chain_of(yaml).substr(2);
  };
  auto head = plain.substr(0, plain.find("- filters:"));
  ok(apply(config("backend"), Type::listener,
           {head + matched(plain, "transport_protocol: raw_buffer") +
            matched(with_tls, "transport_protocol: tls, application_protocols: [kuma]")},
           "2"));
  EXPECT_EQ(call().status, 200);
  EXPECT_FALSE(call().plaintext);
  ok(apply(config("web"), Type::cluster, {eds_cluster("backend")}, "2"));
  ok(apply(config("web"), Type::endpoints, {endpoints("backend", {"10.0.0.11:7000"})}));
  auto result = call();
  EXPECT_EQ(result.status, 200) << explain(result);
  EXPECT_TRUE(result.plaintext);
}

}  // namespace
}  // namespace kumasim::test
