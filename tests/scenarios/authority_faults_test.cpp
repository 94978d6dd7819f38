/// Faults of a mesh's certificate authority, of what it issues and of proxies' tokens, in a whole simulated mesh.
#include <gtest/gtest.h>

#include "kumasim/sim/world.hpp"
#include "reference-cp/identity/base64.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "scenarios/inspect/recorded_run.hpp"
#include "tests/scenarios/fault_mesh.hpp"

namespace kumasim::scenario {
namespace {

/// Connections are made anew every 2 s: those that live on show no certificate.
const std::string reconnect = "  - {at: 1s, every: 2s, fault: tcp.reset, between: [web, backend]}\n";

std::string served(std::string_view from, std::string_view to, std::string_view least = "90%") {
  return fmt::format("  - during: {{from: {}, to: {}, that: \"availability(web -> backend) >= {}\"}}\n", from, to,
                     least);
}
std::string unserved(std::string_view from, std::string_view to) {
  return fmt::format("  - during: {{from: {}, to: {}, that: \"availability(web -> backend) <= 10%\"}}\n", from, to);
}

/// How many certificates the secret of the CA holds at the end.
std::size_t trusted_at_the_end(const Scenario& scenario) {
  RecordedRun looked(scenario, {});
  std::string pem;
  for (const Commit& commit : looked.commits().all())
    if (commit.change.key.name == "default.ca-builtin-cert-ca" && commit.change.after)
      pem = cp::secret_data(*commit.change.after);
  std::size_t out = 0;
  for (std::size_t at = 0; (at = pem.find("BEGIN CERTIFICATE", at)) != std::string::npos; ++at) ++out;
  return out;
}

TEST(AuthorityFaults, ARotationInStepsLosesNoCall) {
  WorldRun done =
      run(mesh("40s", "  faults:\n" + reconnect + "  - {at: 5s, fault: pki.rotateCA, pause: 8s}",
               served("0s", "40s", "97%") + "  - always: no-plaintext\n  - always: allowed-pairs-share-trust\n"
                                            "  - during: {from: 12s, that: certificate-rotated(backend)}\n"
                                            "  - eventually: {after: 22s, within: 15s, that: converged}\n"));
  EXPECT_EQ(broken(done), "");
  EXPECT_EQ(times_of(done, "rotate the CA of the mesh default (pause 8s)").size(), 1u);
  for (const char* step :
       {"the new CA is trusted beside the old one", "the new CA signs", "the old CA is trusted no more"})
    EXPECT_EQ(times_of(done, step).size(), 1u) << step;
}

TEST(AuthorityFaults, AProxyThatLagsLosesItsCallsWhereTheCaIsExchangedAtOnce) {
  std::string lag = "  - {at: 3s, for: 12s, fault: pki.bundleLag, target: web-0}\n";
  EXPECT_EQ(broken("30s", "  faults:\n" + reconnect + lag + "  - {at: 5s, fault: pki.rotateCA, how: atOnce}",
                   served("0s", "5s") + unserved("8s", "15s") + served("18s", "30s")),
            "");
  EXPECT_EQ(broken("30s", "  faults:\n" + reconnect + lag + "  - {at: 5s, fault: pki.rotateCA, pause: 12s}",
                   served("0s", "30s", "97%")),
            "");
}

TEST(AuthorityFaults, NobodyIsBelievedOnceTheCaHasEnded) {
  EXPECT_EQ(broken("40s", "  faults:\n" + reconnect + "  - {at: 5s, for: 15s, fault: pki.caExpired, after: 3s}",
                   served("0s", "8s") + unserved("11s", "19900ms") + served("24s", "40s")),
            "");
}

TEST(AuthorityFaults, ARotationMendsACaThatHasEnded) {
  WorldRun done = run(mesh("40s",
                           "  faults:\n" + reconnect +
                               "  - {at: 5s, for: 30s, fault: pki.caExpired, after: 2s}\n"
                               "  - {at: 15s, fault: pki.rotateCA, how: atOnce}",
                           unserved("10s", "15s") + served("20s", "40s")));
  EXPECT_EQ(broken(done), "");
}

/// Nothing is signed by a CA that has ended: what the second has given lives on until its own end, at 27 s.
TEST(AuthorityFaults, OfTwoThatEndTheCaTheOneThatIsLeftCounts) {
  EXPECT_EQ(broken("60s",
                   "  faults:\n" + reconnect +
                       "  - {at: 5s, for: 35s, fault: pki.caExpired, after: 1s}\n"
                       "  - {at: 15s, for: 10s, fault: pki.caExpired, after: 12s}",
                   unserved("8s", "15s") + served("18s", "26s") + unserved("30s", "39900ms") + served("44s", "60s")),
            "");
}

/// The second begins between the first one's steps.
TEST(AuthorityFaults, RotationsThatOverlapLoseNoCall) {
  WorldRun done =
      run(mesh("70s", "  faults:\n" + reconnect + "  - {at: 5s, every: 15s, fault: pki.rotateCA, pause: 10s}",
               served("0s", "70s", "97%") + "  - always: allowed-pairs-share-trust\n"));
  EXPECT_EQ(broken(done), "");
  EXPECT_GE(times_of(done, "the old CA is trusted no more").size(), 3u);
}

TEST(AuthorityFaults, OneCaIsTrustedWhenAllIsOver) {
  for (const char* faults :
       {"  - {at: 5s, fault: pki.rotateCA, pause: 4s}\n",
        "  - {at: 5s, fault: pki.rotateCA, pause: 8s}\n  - {at: 8s, fault: pki.rotateCA, pause: 8s}\n",
        "  - {at: 5s, fault: pki.rotateCA, pause: 8s}\n  - {at: 8s, fault: pki.rotateCA, how: atOnce}\n",
        "  - {at: 5s, fault: pki.rotateCA, pause: 8s}\n"
        "  - {at: 8s, for: 20s, fault: pki.caExpired, after: 40s}\n"})
    EXPECT_EQ(trusted_at_the_end(mesh("40s", std::string("  faults:\n") + faults, "  - always: calls >= 1\n")), 1u)
        << faults;
}

/// What waited for the control plane is not done all at once.
TEST(AuthorityFaults, EachStepWaitsForTheOneBefore) {
  WorldRun done = run(mesh("70s",
                           "  faults:\n  - {at: 4s, for: 6s, fault: proc.kill, target: kuma-cp}\n"
                           "  - {at: 5s, fault: pki.rotateCA, pause: 20s}",
                           "  - always: allowed-pairs-share-trust\n"));
  EXPECT_EQ(broken(done), "");
  std::vector<Duration> signs = times_of(done, "the new CA signs"), trusts = times_of(done, "is trusted beside");
  ASSERT_EQ(signs.size(), 1u);
  ASSERT_EQ(trusts.size(), 1u);
  EXPECT_GE(signs[0] - trusts[0], std::chrono::seconds(20));
}

/// Those that are trusted beside it stay.
TEST(AuthorityFaults, ACaThatEndsWhileItIsExchangedIsLessTrustedAlone) {
  EXPECT_EQ(broken("50s",
                   "  faults:\n" + reconnect +
                       "  - {at: 5s, fault: pki.rotateCA, pause: 10s}\n"
                       "  - {at: 8s, for: 30s, fault: pki.caExpired, after: 12s}",
                   served("0s", "50s", "97%")),
            "");
}

std::string secret(const char* name, const std::string& bytes) {
  return fmt::format("  - {{type: Secret, mesh: default, name: {}, data: {}}}\n", name, cp::base64_encode(bytes));
}

TEST(AuthorityFaults, ACaThatIsProvidedIsExchangedInItsSecrets) {
  auto ca = cp::make_ca({.mesh = "default", .key = {}, .now = sim::WorldOptions().start});
  ASSERT_TRUE(ca);
  std::string text = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: provided}
spec:
  duration: 20s
  topology: {services: [{name: web, calls: [backend]}, {name: backend}]}
  resources:
  - {type: Mesh, name: default}
)" + secret("own-cert", ca->certificate_pem) +
                     secret("own-key", ca->key_pem) + R"(
  - {type: Mesh, name: default, mtls: {enabledBackend: own, backends: [{name: own, type: provided, conf: {cert: {secret: own-cert}, key: {secret: own-key}}}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load: [{from: web, to: backend, rate: 10/s}]
  faults:
  - {at: 1s, every: 2s, fault: tcp.reset, between: [web, backend]}
  - {at: 5s, fault: pki.rotateCA, pause: 3s}
  expect:
  - always: no-plaintext
  - always: availability(web -> backend) >= 97%
  - during: {from: 8s, that: certificate-rotated(backend)}
)";
  EXPECT_EQ(broken(run(must_load(load_scenario(text, "provided.yaml")))), "");
}

TEST(AuthorityFaults, AMeshWithoutACaSaysSo) {
  Scenario scenario = must_load(load_scenario(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: plain}
spec:
  duration: 10s
  topology: {services: [{name: web, calls: [backend]}, {name: backend}]}
  resources: [{type: Mesh, name: default}]
  load: [{from: web, to: backend, rate: 5/s}]
  faults:
  - {at: 2s, fault: pki.rotateCA, pause: 1s}
  - {at: 3s, for: 2s, fault: pki.caExpired}
  expect: [{always: reachable(web -> backend)}]
)",
                                              "plain.yaml"));
  WorldRun done = run(scenario);
  EXPECT_EQ(broken(done), "");
  EXPECT_GE(times_of(done, "the CA of the mesh default stays as it is: there is none that is kept in secrets").size(),
            2u);
}

TEST(AuthorityFaults, RunsRepeat) {
  Scenario scenario = mesh("20s", "  faults:\n" + reconnect + "  - {at: 5s, fault: pki.rotateCA, pause: 2s}",
                           "  - always: calls >= 1\n");
  EXPECT_EQ(run(scenario).fingerprint, run(scenario).fingerprint);
}

/// web-0 asks backend for its name, and gets the one of web.
TEST(CertificateFaults, AnotherServicesCertificateIsNotBelieved) {
  EXPECT_EQ(broken("30s",
                   "  faults:\n" + reconnect +
                       "  - {at: 5s, for: 10s, fault: pki.wrongSan, of: web, select: {service: backend, pick: all}}",
                   served("0s", "5s") + unserved("8s", "14900ms") + served("18s", "30s")),
            "");
}

Scenario with_tokens(const std::string& rest) {
  return must_load(load_scenario(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: tokens}
spec:
  duration: 40s
  topology:
    controlPlanes: [{settings: {KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE: dpToken}}]
    services: [{name: web, calls: [backend]}, {name: backend}]
  resources:
  - {type: Mesh, name: default}
  load: [{from: web, to: backend, rate: 10/s}]
)" + rest,
                                 "tokens.yaml"));
}

/// A stream that stands stands on; the next one is refused while the token is revoked.
TEST(TokenFaults, ARevokedTokenKeepsAProxyFromItsNextStream) {
  WorldRun done = run(with_tokens(R"(  faults:
  - {at: 5s, for: 20s, fault: pki.revokedToken, target: web-0}
  - {at: 10s, for: 2s, fault: xds.churn, period: 1s, target: web-0}
  changes:
  - {at: 7s, apply: {type: MeshTimeout, mesh: default, name: a, spec: {to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 3s}}]}}}
  - {at: 14s, apply: {type: MeshTimeout, mesh: default, name: a, spec: {to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 4s}}]}}}
  expect:
  - always: reachable(web -> backend)
  - during: {from: 8s, to: 10s, that: converged}
  - during: {from: 16s, to: 25s, that: converged}
  - eventually: {after: 25s, within: 15s, that: converged}
)"));
  ASSERT_EQ(done.verdicts.size(), 4u) << broken(done);
  EXPECT_TRUE(done.problems.empty()) << broken(done);
  EXPECT_TRUE(done.verdicts[0].held) << done.verdicts[0].why;
  EXPECT_TRUE(done.verdicts[1].held) << done.verdicts[1].why;
  EXPECT_FALSE(done.verdicts[2].held) << done.verdicts[2].seen;
  EXPECT_NE(done.verdicts[2].why.find("web-0"), std::string::npos) << done.verdicts[2].why;
  EXPECT_TRUE(done.verdicts[3].held) << done.verdicts[3].why;
}

TEST(TokenFaults, ProxiesWithoutTokensHaveNoneToRevoke) {
  auto loaded = load_scenario(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: none}
spec:
  duration: 10s
  topology: {services: [{name: web}]}
  resources: [{type: Mesh, name: default}]
  faults: [{at: 5s, for: 2s, fault: pki.revokedToken, target: web-0}]
  expect: [{always: no-plaintext}]
)",
                              "none.yaml");
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error()[0].text().find("pki.revokedToken needs proxies with tokens"), std::string::npos)
      << loaded.error()[0].text();
}

}  // namespace
}  // namespace kumasim::scenario
