/// What expectations mean: each holds where it must and breaks where it must, and says why.
#include <gtest/gtest.h>

#include "kumasim/scenario/report.hpp"
#include "kumasim/scenario/verdict.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

Scenario two_services() {
  Scenario out;
  out.duration = 100s;
  out.services = {{.name = "web", .calls = {{"backend", "/"}}}, {.name = "backend", .calls = {}}};
  out.instances = {{"web-0", "web", {}, {}},
                   {"b-1", "backend", {{"version", "v1"}}, {}},
                   {"b-2", "backend", {{"version", "v2"}}, {}}};
  return out;
}

CallRecord call(Duration start, int status = 200, std::string instance = "b-1") {
  CallRecord out;
  out.start = start;
  out.latency = 2ms;
  out.from = "web";
  out.to = "backend";
  out.from_process = "web-0";
  out.status = status;
  out.instance = status == 200 ? instance : "";
  out.crossing = Crossing::encrypted;
  out.why = "listener outbound -> cluster backend";
  return out;
}

Outcome outcome(std::string_view text, const Observations& seen, Duration from = 0s, Duration to = 100s) {
  auto predicate = parse_predicate(text);
  EXPECT_TRUE(predicate) << text;
  return evaluate(*predicate, two_services(), seen, from, to);
}

TEST(Predicate, RefusesNonsense) {
  for (const char* text : {"",
                           "xyz",
                           "no-plaintext(web -> backend)",
                           "availability >= 99",
                           "availability >= 101%",
                           "failed-calls == -1",
                           "failed-calls = 0",
                           "share(web -> backend) >= 1%",
                           "share(web -> backend, version) >= 1%",
                           "latency(a -> b, 99) < 1s",
                           "latency(a -> b, p0) < 1s",
                           "latency(a -> b, p99) < 5",
                           "reachable(a, b)",
                           "reachable(a -> b",
                           "reachable",
                           "denied(a -> b) == 1",
                           "calls in 5",
                           "calls in 9..3",
                           "policy-applied()",
                           "policy-applied(/p)",
                           "policy-applied(MeshRetry/)",
                           "policy-applied(MeshRetry/a/b)",
                           "certificate-rotated(a b)"}) {
    EXPECT_FALSE(parse_predicate(text)) << text;
  }
}

TEST(Predicate, ReadsComparisons) {
  auto share = parse_predicate("share(web->backend, version=v1) in 87%..93%");
  ASSERT_TRUE(share);
  EXPECT_EQ(share->from, "web");
  EXPECT_EQ(share->to, "backend");
  EXPECT_TRUE(share->holds(870'000) && share->holds(930'000) && share->holds(900'000));
  EXPECT_FALSE(share->holds(869'999) || share->holds(930'001));
  auto latency = parse_predicate("latency(web -> backend, p99) <= 1.5ms");
  ASSERT_TRUE(latency);
  EXPECT_TRUE(latency->holds(1'500'000));
  EXPECT_FALSE(latency->holds(1'500'001));
}

TEST(Expectation, SilenceProvesNothing) {
  Observations none;
  for (const char* text :
       {"no-plaintext", "reachable(web -> backend)", "denied(web -> backend)", "failed-calls == 0",
        "availability >= 0%", "share(web -> backend, version=v1) <= 100%", "latency(web -> backend, p50) < 1h",
        "converged", "policy-applied(p)", "certificate-rotated(web)"}) {
    EXPECT_FALSE(outcome(text, none).holds) << text;
  }
  EXPECT_TRUE(outcome("calls == 0", none).holds);
}

TEST(Expectation, CountsFailedCallsInTheirWindow) {
  Observations seen;
  seen.calls = {call(1s), call(2s, 503), call(3s), call(50s, 0)};
  EXPECT_FALSE(outcome("failed-calls == 0", seen).holds);
  EXPECT_EQ(outcome("failed-calls == 0", seen).when, 2s);
  EXPECT_TRUE(outcome("failed-calls == 2", seen).holds);
  EXPECT_TRUE(outcome("failed-calls == 0", seen, 3s, 50s).holds);
  EXPECT_FALSE(outcome("failed-calls == 0", seen, 2s, 3s).holds);
  EXPECT_TRUE(outcome("availability(web -> backend) == 50%", seen).holds);
  EXPECT_NE(outcome("failed-calls == 0", seen).why.find("status 503"), std::string::npos);
}

TEST(Expectation, FindsOneCallInTheClear) {
  Observations seen;
  seen.calls = {call(1s), call(2s)};
  EXPECT_TRUE(outcome("no-plaintext", seen).holds);
  seen.calls[1].crossing = Crossing::plaintext;
  EXPECT_FALSE(outcome("no-plaintext", seen).holds);
  EXPECT_EQ(outcome("no-plaintext", seen).when, 2s);
}

TEST(Expectation, ACallThatCrossedNoProxyIsNotEncrypted) {
  Observations seen;
  seen.calls = {call(1s), call(2s, 0)};
  seen.calls[1].crossing = Crossing::none;
  EXPECT_TRUE(outcome("no-plaintext", seen).holds);
  EXPECT_EQ(outcome("no-plaintext", seen).seen, "1 of 2 calls were encrypted, 1 did not cross a proxy");
  seen.calls[0].crossing = Crossing::none;
  EXPECT_FALSE(outcome("no-plaintext", seen).holds) << "where nothing crossed nothing is proved";
  EXPECT_NE(outcome("no-plaintext", seen).why.find("no call crossed a proxy"), std::string::npos);
}

TEST(Expectation, SharesCountAnsweredCallsOnly) {
  Observations seen;
  for (int i = 0; i < 9; ++i) seen.calls.push_back(call(std::chrono::seconds(i)));
  seen.calls.push_back(call(9s, 200, "b-2"));
  seen.calls.push_back(call(10s, 503));
  EXPECT_TRUE(outcome("share(web -> backend, version=v1) == 90%", seen).holds);
  EXPECT_FALSE(outcome("share(web -> backend, version=v2) in 11%..100%", seen).holds);
}

TEST(Expectation, DeniedIsNotJustFailed) {
  Observations seen;
  seen.calls = {call(1s, 503)};
  EXPECT_FALSE(outcome("denied(web -> backend)", seen).holds);
  seen.calls[0].denied = true;
  EXPECT_TRUE(outcome("denied(web -> backend)", seen).holds);
  EXPECT_FALSE(outcome("reachable(web -> backend)", seen).holds);
}

TEST(Expectation, PercentilesCountAnUnansweredCallAsForEver) {
  Observations seen;
  for (int i = 1; i <= 100; ++i) {
    seen.calls.push_back(call(std::chrono::seconds(i)));
    seen.calls.back().latency = std::chrono::milliseconds(i);
  }
  EXPECT_TRUE(outcome("latency(web -> backend, p99) == 99ms", seen, 0s, 200s).holds);
  EXPECT_TRUE(outcome("latency(web -> backend, p50) == 50ms", seen, 0s, 200s).holds);
  EXPECT_TRUE(outcome("latency(web -> backend, p100) == 100ms", seen, 0s, 200s).holds);
  seen.calls[0].status = 0;
  seen.calls[1].status = 0;
  EXPECT_TRUE(outcome("latency(web -> backend, p98) <= 100ms", seen, 0s, 200s).holds);
  EXPECT_FALSE(outcome("latency(web -> backend, p99) <= 1h", seen, 0s, 200s).holds);
  EXPECT_TRUE(outcome("latency(web -> backend, p99) >= 1h", seen, 0s, 200s).holds);
  EXPECT_EQ(outcome("latency(web -> backend, p99) <= 1h", seen, 0s, 200s).seen, "p99 without an answer of 100 calls");

  Scenario scenario = two_services();
  scenario.load = {{.from = "web", .to = "backend"}};
  std::vector<Flow> flows = flows_of(scenario, seen);
  ASSERT_EQ(flows.size(), 1u);
  EXPECT_EQ(flows[0].p50, 52ms);
  EXPECT_EQ(flows[0].p99, never);
  EXPECT_EQ(latency_text(flows[0].p99), "none");
}

StateSample sample(Duration at, std::set<std::string> knows, std::string certificate = "1",
                   std::uint64_t accepted = 1) {
  StateSample out;
  out.at = at;
  out.proxies["web-0"] = {.up = true,
                          .connected = true,
                          .ready = true,
                          .accepted = accepted,
                          .version = accepted,
                          .certificate = std::move(certificate),
                          .endpoints = {{"backend", std::move(knows)}}};
  out.proxies["b-1"].up = true;
  out.proxies["b-1"].ready = true;
  out.proxies["b-2"] = {};
  return out;
}

TEST(Expectation, ConvergedComparesWithWhatRuns) {
  Observations seen;
  seen.addresses = {{"b-1", "10.0.0.1:80"}, {"b-2", "10.0.0.2:80"}};
  seen.samples = {sample(1s, {"10.0.0.1:80", "10.0.0.2:80"}), sample(5s, {"10.0.0.1:80"})};
  EXPECT_FALSE(outcome("converged", seen, 0s, 10s).holds);
  EXPECT_NE(outcome("converged", seen, 0s, 10s).why.find("10.0.0.2:80"), std::string::npos);
  EXPECT_TRUE(outcome("converged", seen, 2s, 10s).holds);
}

TEST(Expectation, RotationNeedsANewCertificateOfEveryRunningInstance) {
  Observations seen;
  seen.samples = {sample(1s, {}, "a"), sample(5s, {}, "a"), sample(9s, {}, "b")};
  EXPECT_FALSE(outcome("certificate-rotated(web)", seen, 0s, 6s).holds);
  EXPECT_TRUE(outcome("certificate-rotated(web)", seen, 0s, 10s).holds);
}

TEST(Expectation, ARefusedUpdateIsNotConverged) {
  Observations seen;
  seen.addresses = {{"b-1", "10.0.0.1:80"}};
  seen.samples = {sample(1s, {"10.0.0.1:80"}), sample(2s, {"10.0.0.1:80"})};
  EXPECT_TRUE(outcome("converged", seen).holds);
  seen.samples[1].proxies["web-0"].refusals["Listener"] = "missing ]: [";
  Outcome refused = outcome("converged", seen);
  EXPECT_FALSE(refused.holds);
  EXPECT_EQ(refused.when, 2s);
  EXPECT_EQ(refused.why, "web-0 refused the last Listener: missing ]: [");
  seen.samples[1].proxies["web-0"].up = false;
  EXPECT_NE(outcome("converged", seen).why, refused.why) << "one that is down holds nothing back";
}

TEST(Expectation, PolicyAppliedNeedsAProxyThatTookIt) {
  Observations seen;
  seen.resources = {{"MeshTimeout", "p", 3s}};
  seen.samples = {sample(1s, {}, "a", 4), sample(5s, {}, "a", 4)};
  EXPECT_FALSE(outcome("policy-applied(p)", seen).holds);
  seen.samples.push_back(sample(6s, {}, "a", 5));
  EXPECT_TRUE(outcome("policy-applied(p)", seen).holds);
  EXPECT_FALSE(outcome("policy-applied(p)", seen, 0s, 5s).holds);
  seen.resources[0].problem = "refused";
  EXPECT_FALSE(outcome("policy-applied(p)", seen).holds);
}

TEST(Expectation, PolicyAppliedGoesByKindAndName) {
  Observations seen;
  seen.resources = {{"MeshTimeout", "p", 3s}};
  seen.samples = {sample(1s, {}, "a", 4), sample(6s, {}, "a", 5)};
  EXPECT_TRUE(outcome("policy-applied(MeshTimeout/p)", seen).holds);
  EXPECT_FALSE(outcome("policy-applied(MeshRetry/p)", seen).holds);
  seen.resources.push_back({.type = "MeshRetry", .name = "p", .at = 3s, .problem = {}, .removed = true});
  EXPECT_TRUE(outcome("policy-applied(MeshTimeout/p)", seen).holds) << "another kind was deleted";
  seen.resources.back().type = "MeshTimeout";
  Outcome deleted = outcome("policy-applied(MeshTimeout/p)", seen);
  EXPECT_FALSE(deleted.holds);
  EXPECT_EQ(deleted.why, "it was deleted at 3s");
}

TEST(Expectation, PolicyAppliedIsNotAnyLaterAnswer) {
  Observations seen;
  seen.resources = {{"MeshTimeout", "p", 3s}};
  seen.samples = {sample(1s, {}, "a", 4), sample(6s, {}, "b", 9)};
  seen.samples[1].proxies["web-0"].version = seen.samples[0].proxies["web-0"].version;
  EXPECT_FALSE(outcome("policy-applied(p)", seen).holds) << "a new certificate was accepted, no other configuration";
  seen.samples[0].proxies["web-0"] = {};
  seen.samples[1].proxies["web-0"].version = 77;
  EXPECT_FALSE(outcome("policy-applied(p)", seen).holds) << "a proxy that started later takes anything";
}

Verdict judged(Expectation expectation, const Observations& seen) {
  Scenario scenario = two_services();
  scenario.expectations = {std::move(expectation)};
  return judge(scenario, seen).at(0);
}

TEST(Verdict, EventuallyMustStayTrueToTheEndOfItsWindow) {
  Observations seen;
  for (int i = 0; i < 10; ++i) seen.calls.push_back(call(std::chrono::seconds(i), i < 4 ? 503 : 200));
  Expectation eventually{.mode = Expectation::Mode::eventually,
                         .from = 0s,
                         .to = 10s,
                         .that = *parse_predicate("reachable(web -> backend)"),
                         .text = "r",
                         .mark = {}};
  EXPECT_TRUE(judged(eventually, seen).held);
  seen.calls[9] = call(9s, 503);
  EXPECT_FALSE(judged(eventually, seen).held);
  eventually.to = 9s;
  EXPECT_TRUE(judged(eventually, seen).held);
  eventually.to = 3s;
  EXPECT_FALSE(judged(eventually, seen).held);
}

TEST(Verdict, NamesTheFaultBefore) {
  Observations seen;
  seen.calls = {call(1s), call(30s, 503)};
  seen.timeline = {{20s, "kill b-1", true, false}, {25s, "start b-1", false, true}, {40s, "kill b-2", true, false}};
  Verdict verdict = judged({.mode = Expectation::Mode::always,
                            .from = 0s,
                            .to = 100s,
                            .that = *parse_predicate("failed-calls == 0"),
                            .text = "failed-calls == 0",
                            .mark = {}},
                           seen);
  EXPECT_FALSE(verdict.held);
  EXPECT_EQ(verdict.when, 30s);
  EXPECT_EQ(verdict.after, "kill b-1 at 20s");
}

}  // namespace
}  // namespace kumasim::scenario
