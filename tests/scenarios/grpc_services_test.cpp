/// Services with protocol grpc in whole runs: their errors are statuses of gRPC, which retries, ejection and access
/// control go by.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tests/scenarios/scenario_texts.hpp"
#include "tests/scenarios/sim_run.hpp"

namespace kumasim::scenario {
namespace {

/// web calls backend of gRPC; the fields of backend, a policy of web's calls or rules, what is expected.
Scenario grpc(const std::string& backend, const std::string& policy, const std::string& expected,
              const std::string& action = "Allow") {
  return must_load(load_scenario(fmt::format(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {{name: grpc}}
spec:
  duration: 30s
  topology:
    services:
    - {{name: web, calls: [backend]}}
    - {{name: backend, protocol: grpc{}}}
  resources:
  - {{type: Mesh, name: default, skipCreatingInitialPolicies: ['*'], mtls: {{enabledBackend: ca, backends: [{{name: ca, type: builtin}}]}}}}
  - {{type: MeshTrafficPermission, mesh: default, name: all, spec: {{from: [{{targetRef: {{kind: Mesh}}, default: {{action: {}}}}}]}}}}
{}  load:
  - {{from: web, to: backend, rate: 50/s}}
  expect:
  - {}
)",
                                             backend, action, policy, expected),
                                 "s.yaml"));
}

std::string retry(const std::string& on) {
  return "  - {type: MeshRetry, mesh: default, name: r, spec: {to: [{targetRef: {kind: Mesh}, default: {grpc: "
         "{numRetries: 5, backOff: {baseInterval: 1ms, maxInterval: 5ms}, retryOn: [" +
         on + "]}}}]}}\n";
}

constexpr auto mostly = "always: availability(web -> backend) >= 99%";
constexpr auto unavailable = ", errors: 20%", internal = ", errors: {rate: 20%, grpcStatus: Internal}";

TEST(GrpcErrors, AreTriedAgainByTheirStatus) {
  for (auto [backend, on] : {std::pair(unavailable, "Unavailable"), {internal, "DeadlineExceeded, Internal"}}) {
    WorldRun done = run(grpc(backend, retry(on), mostly));
    EXPECT_TRUE(done.passed()) << on << broken(done);
  }
}

TEST(GrpcErrors, AreNotTriedAgainByAnother) {
  for (auto [backend, on] : {std::pair(unavailable, "Internal"), {internal, "Unavailable"}}) {
    WorldRun done = run(grpc(backend, retry(on), mostly));
    ASSERT_FALSE(done.passed()) << on;
    EXPECT_NEAR(double(done.flows[0].failed) / double(done.flows[0].calls), 0.2, 0.04);
  }
}

TEST(GrpcErrors, AreToldByName) {
  WorldRun done = run(grpc(internal, "", mostly));
  const Verdict* verdict = find(done, "availability");
  ASSERT_NE(verdict, nullptr);
  EXPECT_NE(verdict->why.find("grpc-status 13 (Internal)"), std::string::npos) << verdict->why;
  EXPECT_NE(verdict->why.find("answered grpc-status 13"), std::string::npos) << verdict->why;
}

/// Of one that is always unavailable outlier detection takes the status for 503.
TEST(GrpcErrors, EjectWhoFails) {
  const std::string one_fails = ", versions: [{name: good, instances: 1}, {name: bad, instances: 1, errors: 100%}]";
  const std::string breaker =
      "  - {type: MeshCircuitBreaker, mesh: default, name: b, spec: {to: [{targetRef: {kind: Mesh}, default: "
      "{outlierDetection: {interval: 1s, maxEjectionPercent: 100, baseEjectionTime: 60s, detectors: {gatewayFailures: "
      "{consecutive: 3}}}}}]}}\n";
  EXPECT_FALSE(run(grpc(one_fails, "", mostly)).passed());
  WorldRun done = run(grpc(one_fails, breaker, mostly));
  EXPECT_TRUE(done.passed()) << broken(done);
}

/// The proxy's own answer to gRPC is 200 with a status.
TEST(GrpcDenials, AreDenials) {
  WorldRun done = run(grpc("", "", "always: denied(web -> backend)", "Deny"));
  EXPECT_TRUE(done.passed()) << broken(done);
  EXPECT_EQ(done.flows[0].denied, done.flows[0].calls);
}

TEST(GrpcStatus, IsForServicesOfGrpc) {
  std::string text = "{name: backend, errors: {rate: 1%, grpcStatus: Internal}}";
  auto errors_of = [](const std::string& backend) {
    return errors(
        "apiVersion: kumasim/v1\nkind: Scenario\nmetadata: {name: g}\nspec:\n  duration: 5s\n  topology:\n"
        "    services:\n    - {name: web, calls: [backend]}\n    - " +
        backend +
        "\n  resources:\n  - {type: Mesh, name: default}\n  load:\n  - {from: web, to: backend, rate: 5/s}\n"
        "  expect:\n  - always: calls(web -> backend) >= 1\n");
  };
  EXPECT_NE(errors_of(text).find("spec.topology.services[1].errors.grpcStatus: is for services with `protocol: grpc`; "
                                 "backend has `http`"),
            std::string::npos)
      << errors_of(text);
  EXPECT_EQ(errors_of("{name: backend, protocol: grpc, errors: {rate: 1%, grpcStatus: Internal}}"), "");
  EXPECT_NE(errors_of("{name: backend, protocol: grpc, errors: {rate: 1%, status: 503, grpcStatus: Internal}}")
                .find("grpcStatus: stands beside `status`"),
            std::string::npos);
}

}  // namespace
}  // namespace kumasim::scenario
