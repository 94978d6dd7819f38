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
        "converged", "policy-applied(p)", "certificate-rotated(web)", "refusals-known"}) {
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

/// web-0 and b-1 run, b-2 does not.
StateSample sample(Duration at, std::set<std::string> knows, std::string certificate = "1") {
  StateSample out;
  out.at = at;
  out.proxies["web-0"] = {.up = true,
                          .connected = true,
                          .ready = true,
                          .life = 1,
                          .certificate = std::move(certificate),
                          .endpoints = {{"backend", std::move(knows)}}};
  out.proxies["b-1"].up = true;
  out.proxies["b-1"].ready = true;
  out.proxies["b-2"] = {};
  out.rollout = Rollout{.at = at};
  for (const char* process : {"web-0", "b-1"}) out.rollout->proxies[process] = {.connected = true, .current = true};
  return out;
}

/// The same, and whom the policy MeshTimeout/p is about.
StateSample with_policy(Duration at, std::map<std::string, bool> about) {
  StateSample out = sample(at, {});
  out.rollout->policies["MeshTimeout/p"] = std::move(about);
  return out;
}

TEST(Expectation, ConvergedComparesWithWhatRuns) {
  Observations seen;
  seen.addresses = {{"b-1", "10.0.0.1:80"}, {"b-2", "10.0.0.2:80"}};
  StateSample apart = sample(1s, {"10.0.0.1:80", "10.0.0.2:80"});
  seen.samples = {apart, apart, sample(5s, {"10.0.0.1:80"})};
  EXPECT_FALSE(outcome("converged", seen, 0s, 10s).holds);
  EXPECT_NE(outcome("converged", seen, 0s, 10s).why.find("10.0.0.2:80"), std::string::npos);
  EXPECT_TRUE(outcome("converged", seen, 2s, 10s).holds);
}

TEST(Expectation, ConvergedAsksTheControlPlaneWhatTheProxiesShouldHave) {
  Observations seen;
  seen.addresses = {{"b-1", "10.0.0.1:80"}};
  const StateSample good = sample(1s, {"10.0.0.1:80"});
  auto why = [&](const auto& spoil) {
    seen.samples = {good};
    spoil(*seen.samples[0].rollout);
    Outcome out = outcome("converged", seen);
    EXPECT_NE(out.holds, !out.why.empty());
    return out.why;
  };
  EXPECT_EQ(why([](Rollout&) {}), "");
  EXPECT_EQ(why([](Rollout& r) { r.behind = true; }), "the control plane has not sent out all that was written");
  EXPECT_EQ(why([](Rollout& r) { r.proxies["b-1"].current = false; }), "b-1 has not taken its newest configuration");
  EXPECT_EQ(why([](Rollout& r) { r.proxies["b-1"].connected = false; }), "b-1 is not connected to the control plane");
  EXPECT_EQ(why([](Rollout& r) { r.proxies.erase("b-1"); }), "b-1 is not connected to the control plane");
  EXPECT_EQ(why([](Rollout& r) { r.proxies["b-1"].refusals["Cluster"] = "no"; }), "b-1 refused the last Cluster: no");
  seen.samples = {good};
  seen.samples[0].rollout.reset();
  EXPECT_EQ(outcome("converged", seen).why, "the control plane did not say what the proxies run");
}

TEST(Expectation, ConvergedNeedsAWordSinceTheLastWrite) {
  Observations seen;
  seen.addresses = {{"b-1", "10.0.0.1:80"}};
  seen.samples = {sample(6s, {"10.0.0.1:80"})};
  seen.samples[0].rollout->at = 2s;
  EXPECT_TRUE(outcome("converged", seen).holds) << "nothing was written";
  seen.resources = {{"Mesh", "default", 0s}, {"MeshTimeout", "p", 1s}, {"MeshRetry", "q", 2s}};
  EXPECT_TRUE(outcome("converged", seen).holds) << "it spoke after the last write";
  seen.resources.push_back({"MeshTimeout", "p", 3s});
  Outcome stale = outcome("converged", seen);
  EXPECT_FALSE(stale.holds);
  EXPECT_EQ(stale.when, 6s);
  EXPECT_EQ(stale.why, "the control plane has not said what the proxies run since the write at 3s");
  seen.resources.back().at = 7s;
  EXPECT_TRUE(outcome("converged", seen).holds) << "what is written later takes nothing back";
  seen.resources = {{"Mesh", "default", 0s}};
  seen.samples[0].rollout->at = -1s;
  EXPECT_TRUE(outcome("converged", seen).holds) << "set-up waited for all of its resources";
}

TEST(Expectation, WhoIsCutOffHasNotConverged) {
  Observations seen;
  seen.addresses = {{"b-1", "10.0.0.1:80"}};
  seen.samples = {sample(1s, {"10.0.0.1:80"})};
  ASSERT_TRUE(outcome("converged", seen).holds);
  seen.samples[0].proxies["b-1"].cut_off = true;
  EXPECT_EQ(outcome("converged", seen).why, "b-1 is cut off from the control plane");
  seen.samples[0].proxies["b-1"].cut_off = false;
  seen.samples[0].proxies["b-2"].cut_off = true;
  EXPECT_TRUE(outcome("converged", seen).holds) << "b-2 does not run";
}

TEST(Expectation, RefusalsHaveToReachTheControlPlane) {
  Observations seen;
  for (Duration at : {1s, 2s, 3s, 4s, 5s}) seen.samples.push_back(sample(at, {}));
  EXPECT_TRUE(outcome("refusals-known", seen).holds);
  auto refuse = [&](std::size_t first, std::size_t last, bool known) {
    for (std::size_t i = first; i <= last; ++i) {
      seen.samples[i].proxies["web-0"].refusals = {{"Cluster", "no"}};
      seen.samples[i].rollout->proxies["web-0"].refusals.clear();
      if (known) seen.samples[i].rollout->proxies["web-0"].refusals = {{"Cluster", "no"}};
    }
  };
  refuse(0, 4, true);
  EXPECT_TRUE(outcome("refusals-known", seen).holds);
  refuse(1, 3, false);
  EXPECT_TRUE(outcome("refusals-known", seen).holds) << "it was on its way for 2 s";
  refuse(1, 4, false);
  Outcome unknown = outcome("refusals-known", seen);
  EXPECT_FALSE(unknown.holds);
  EXPECT_EQ(unknown.when, 2s);
  EXPECT_EQ(unknown.why, "web-0 refused the last Cluster, and the control plane does not know: no");
  for (StateSample& each : seen.samples) each.proxies["web-0"].cut_off = true;
  EXPECT_TRUE(outcome("refusals-known", seen).holds) << "it cannot know";
}

TEST(Expectation, RotationNeedsANewCertificateOfEveryRunningInstance) {
  Observations seen;
  seen.samples = {sample(1s, {}, "a"), sample(5s, {}, "a"), sample(9s, {}, "b")};
  EXPECT_FALSE(outcome("certificate-rotated(web)", seen, 0s, 6s).holds);
  EXPECT_TRUE(outcome("certificate-rotated(web)", seen, 0s, 10s).holds);
}

TEST(Expectation, ARestartIsNoRotation) {
  Observations seen;
  seen.samples = {sample(1s, {}, "a"), sample(5s, {}, "b"), sample(9s, {}, "b")};
  for (std::size_t i : {1, 2}) seen.samples[i].proxies["web-0"].life = 2;
  Outcome restarted = outcome("certificate-rotated(web)", seen);
  EXPECT_FALSE(restarted.holds);
  EXPECT_EQ(restarted.why, "no new certificate came while it ran in web-0 (restarted)");
  seen.samples.push_back(sample(12s, {}, "c"));
  seen.samples.back().proxies["web-0"].life = 2;
  EXPECT_TRUE(outcome("certificate-rotated(web)", seen).holds) << "the new life had its own rotation";
}

TEST(Expectation, WhoWentDownBeforeItsRotationBreaksIt) {
  Observations seen;
  seen.samples = {sample(1s, {}), sample(5s, {}), sample(9s, {})};
  const char* certificates[] = {"a", "b", "b"};
  for (std::size_t i = 0; i < 3; ++i) {
    for (const char* process : {"b-1", "b-2"})
      seen.samples[i].proxies[process] = {.up = true, .life = 1, .certificate = certificates[i]};
  }
  EXPECT_TRUE(outcome("certificate-rotated(backend)", seen).holds);
  seen.samples[1].proxies["b-2"] = seen.samples[2].proxies["b-2"] = {};
  Outcome down = outcome("certificate-rotated(backend)", seen);
  EXPECT_FALSE(down.holds) << "it ran in the window, and got none";
  EXPECT_EQ(down.seen, "1 of 2 instances that ran");
  EXPECT_EQ(down.why, "no new certificate came while it ran in b-2 (down since 5s)");
  seen.samples[0].proxies["b-2"] = {};
  EXPECT_TRUE(outcome("certificate-rotated(backend)", seen).holds) << "it did not run at all";
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

TEST(Expectation, PolicyAppliedNeedsEveryRunningProxyThatItIsAbout) {
  Observations seen;
  seen.resources = {{"MeshTimeout", "p", 3s}};
  auto at_end = [&](std::map<std::string, bool> about) {
    seen.samples = {with_policy(2s, {{"b-1", true}}), with_policy(6s, std::move(about))};
    return outcome("policy-applied(p)", seen);
  };
  EXPECT_TRUE(at_end({{"b-1", true}}).holds);
  EXPECT_TRUE(at_end({{"b-1", true}, {"b-2", false}}).holds) << "b-2 does not run";
  EXPECT_EQ(at_end({{"b-1", true}, {"web-0", true}}).seen, "applied at 3s, in all 2 proxies that it is about by 6s");
  Outcome one_lacks_it = at_end({{"b-1", true}, {"web-0", false}});
  EXPECT_FALSE(one_lacks_it.holds);
  EXPECT_EQ(one_lacks_it.why, "web-0 runs a configuration that was made without it");
  EXPECT_EQ(one_lacks_it.when, 6s);
  EXPECT_EQ(at_end({}).why, "it is about no running proxy");
  EXPECT_EQ(at_end({{"b-2", true}}).why, "it is about no running proxy");
  seen.samples.resize(1);
  EXPECT_FALSE(outcome("policy-applied(p)", seen).holds) << "what was seen before it was written is of another one";
}

TEST(Expectation, PolicyAppliedIsNotAnyLaterConfiguration) {
  Observations seen;
  seen.resources = {{"MeshTimeout", "p", 3s}};
  seen.samples = {with_policy(5s, {{"b-1", false}}), with_policy(6s, {{"b-1", false}})};
  seen.samples[1].proxies["b-1"].accepted = 99;
  seen.samples[1].proxies["b-1"].certificate = "new";
  EXPECT_FALSE(outcome("policy-applied(p)", seen).holds);
  seen.samples.push_back(with_policy(7s, {{"b-1", true}}));
  EXPECT_TRUE(outcome("policy-applied(p)", seen).holds);
  EXPECT_FALSE(outcome("policy-applied(p)", seen, 0s, 6s).holds);
  seen.samples.push_back(with_policy(8s, {{"b-1", false}}));
  EXPECT_FALSE(outcome("policy-applied(p)", seen).holds) << "it must be so at the end";
}

TEST(Expectation, PolicyAppliedNeedsTheControlPlanesWord) {
  Observations seen;
  seen.resources = {{"MeshTimeout", "p", 3s}};
  seen.samples = {with_policy(6s, {{"b-1", true}})};
  ASSERT_TRUE(outcome("policy-applied(p)", seen).holds);
  const StateSample good = seen.samples[0];
  auto why = [&](const auto& spoil) {
    seen.samples = {good};
    spoil(seen.samples[0]);
    return outcome("policy-applied(p)", seen).why;
  };
  EXPECT_EQ(why([](StateSample& s) { s.rollout.reset(); }), "the control plane did not say what the proxies run");
  EXPECT_EQ(why([](StateSample& s) { s.rollout->at = 2900ms; }), "the control plane did not say what the proxies run");
  EXPECT_EQ(why([](StateSample& s) { s.rollout->policies.clear(); }), "the control plane does not hold it");
  EXPECT_EQ(why([](StateSample& s) { s.rollout->proxies.erase("web-0"); }),
            "web-0 is not registered with the control plane");
  EXPECT_EQ(why([](StateSample& s) { s.rollout->proxies["b-1"].connected = false; }),
            "b-1 is not connected to the control plane");
  EXPECT_EQ(why([](StateSample& s) { s.proxies["b-1"].cut_off = true; }), "b-1 is cut off from the control plane");
  EXPECT_EQ(why([](StateSample& s) {
              s.rollout->policies["MeshTimeout/p"]["b-1"] = false;
              s.rollout->proxies["b-1"].refusals["Listener"] = "bad";
            }),
            "b-1 refused the last Listener: bad");
  seen.samples = {good};
  seen.resources[0].problem = "refused";
  EXPECT_FALSE(outcome("policy-applied(p)", seen).holds);
  seen.resources[0] = {"MeshTimeout", "p", 0s};
  EXPECT_EQ(outcome("policy-applied(p)", seen).why, "") << "of set-up";
}

TEST(Expectation, PolicyAppliedGoesByKindAndName) {
  Observations seen;
  seen.resources = {{"MeshTimeout", "p", 3s}};
  seen.samples = {with_policy(6s, {{"b-1", true}})};
  EXPECT_TRUE(outcome("policy-applied(MeshTimeout/p)", seen).holds);
  EXPECT_FALSE(outcome("policy-applied(MeshRetry/p)", seen).holds);
  seen.resources.push_back({.type = "MeshRetry", .name = "p", .at = 3s, .problem = {}, .removed = true});
  EXPECT_TRUE(outcome("policy-applied(MeshTimeout/p)", seen).holds) << "another kind was deleted";
  seen.resources.back().type = "MeshTimeout";
  Outcome deleted = outcome("policy-applied(MeshTimeout/p)", seen);
  EXPECT_FALSE(deleted.holds);
  EXPECT_EQ(deleted.why, "it was deleted at 3s");
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

Verdict eventually(std::string_view text, const Observations& seen, Duration from = 0s, Duration to = 10s) {
  return judged({.mode = Expectation::Mode::eventually,
                 .from = from,
                 .to = to,
                 .that = *parse_predicate(text),
                 .text = std::string(text),
                 .mark = {}},
                seen);
}

TEST(Verdict, EventuallyIsNotMetByAShortEnoughRest) {
  Observations seen;
  for (int i = 0; i < 100; ++i) seen.calls.push_back(call(i * 100ms, 503));
  EXPECT_FALSE(eventually("calls(web -> backend) <= 5", seen).held);
  EXPECT_EQ(eventually("calls(web -> backend) <= 5", seen).seen, "100 calls");
  EXPECT_TRUE(eventually("calls(web -> backend) >= 100", seen).held);
  EXPECT_FALSE(eventually("failed-calls(web -> backend) <= 5", seen).held);
  EXPECT_FALSE(eventually("failed-calls(web -> backend) == 0", seen).held);
  for (int i : {98, 99}) seen.calls[static_cast<std::size_t>(i)] = call(i * 100ms);
  EXPECT_FALSE(eventually("reachable(web -> backend)", seen).held) << "two good calls at the very end";
  for (int i = 90; i < 100; ++i) seen.calls[static_cast<std::size_t>(i)] = call(i * 100ms);
  EXPECT_TRUE(eventually("reachable(web -> backend)", seen).held);
  EXPECT_TRUE(eventually("failed-calls(web -> backend) == 0", seen).held);
  EXPECT_FALSE(eventually("failed-calls(web -> backend) <= 5", seen).held);
}

TEST(Verdict, EventuallyIsNotMetByAnEmptyRest) {
  Observations seen;
  for (int i = 0; i < 10; ++i) seen.calls.push_back(call(i * 100ms));
  EXPECT_FALSE(eventually("calls(web -> backend) <= 5", seen).held) << "ten calls, and then none";
  for (CallRecord& each : seen.calls) each = call(each.start, 503);
  EXPECT_FALSE(eventually("failed-calls(web -> backend) <= 5", seen).held);
  EXPECT_FALSE(eventually("failed-calls(web -> backend) < 1", seen).held);
  EXPECT_NE(eventually("failed-calls(web -> backend) < 1", seen).seen, "no call") << "the last that was seen is told";
}

TEST(Expectation, ACallWithoutAnAnswerIsNoSilence) {
  Observations seen;
  seen.calls = {call(1s, 0), call(2s, 503)};
  Outcome out = outcome("share(web -> backend, version=v1) <= 100%", seen);
  EXPECT_FALSE(out.holds);
  EXPECT_FALSE(out.silent);
  EXPECT_EQ(out.seen, "none of 2 calls was answered");
  EXPECT_NE(out.why.find("no answer"), std::string::npos) << out.why;
  EXPECT_TRUE(outcome("share(web -> backend, version=v1) <= 100%", {}).silent);
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
