/// Generated calls match what they are made for, and a seed makes the same ones again.
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/envoy/config/string_match.hpp"
#include "tests/real_envoy/calls.hpp"
#include "tests/real_envoy/calls_example.hpp"
#include "tests/real_envoy/traffic_verdict.hpp"
#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using sim::proxy::Type;

TEST(CallExamples, regular_expressions_match_their_examples) {
  for (const char* expression : {"/re/[0-9]+", "v[^1-3x]", "(a|b)+c?", "^/x/.*$", "a{3}b{1,2}", R"(\d+\.\w*)",
                                 "(?:one|two)/(?P<id>[a-z]*)", ""}) {
    auto regex = sim::proxy::Regex::compile(expression);
    ASSERT_TRUE(regex) << expression;
    EXPECT_TRUE(regex->matches(example_of_regex(expression))) << expression << " and " << example_of_regex(expression);
  }
}

/// One listener with routes by path, header and parameter, and one that only redirected connections reach.
TrafficSnapshot served() {
  cp::Snapshot snapshot;
  auto add = [&](const std::string& name, const Yaml& yaml) {
    auto any = std::make_shared<const std::string>(packed_any(Type::listener, yaml));
    snapshot.add(sim::proxy::type_url(Type::listener),
                 std::make_shared<const cp::XdsResource>(cp::XdsResource{name, "1", any}));
  };
  add("out", outbound(10001, R"(- name: api
  domains: [api.mesh]
  routes:
  - {match: {path: /exact, headers: [{name: ':method', string_match: {exact: PUT}}]}, route: {cluster: one}}
  - {match: {prefix: /q, query_parameters: [{name: a, string_match: {exact: b}}]}, route: {weighted_clusters: {clusters: [{name: one, weight: 1}, {name: two, weight: 3}, {name: none, weight: 0}]}}}
)"));
  auto vip = outbound(80, route_all("cluster: one"));
  add("vip", vip.replace(0, vip.find('\n'), "name: vip") + "bind_to_port: false\n");
  return {snapshot, {}, "10.0.0.1", 15001};
}

std::vector<std::string> texts(const CallPlan& plan) {
  std::vector<std::string> out;
  for (const auto& call : plan.calls) out.push_back(describe(call));
  return out;
}

TEST(Calls, are_the_seeds) {
  EXPECT_EQ(texts(generate_calls(served(), 7)), texts(generate_calls(served(), 7)));
  EXPECT_NE(texts(generate_calls(served(), 7)), texts(generate_calls(served(), 8)));
}

TEST(Calls, hit_and_just_miss_every_match) {
  auto plan = generate_calls(served(), 1, {.least = 20, .most = 200});
  auto has = [&](const std::string& method, const std::string& path, const std::string& authority) {
    return std::ranges::any_of(plan.calls, [&](const GeneratedCall& c) {
      return c.call.method == method && c.call.path == path && c.call.authority == authority;
    });
  };
  EXPECT_TRUE(has("PUT", "/exact", "api.mesh"));
  EXPECT_TRUE(has("GET", "/exact", "api.mesh"));
  EXPECT_TRUE(has("PUT", "/exactx", "api.mesh"));
  EXPECT_TRUE(has("GET", "/q?a=b", "api.mesh"));
  EXPECT_TRUE(has("GET", "/q", "api.mesh"));
  EXPECT_TRUE(has("GET", "/q?a=bx", "api.mesh"));
  EXPECT_TRUE(has("GET", "/exact", "api.meshx"));
  for (const auto& call : plan.calls) EXPECT_EQ(call.redirected, call.call.port == 80) << describe(call);
  EXPECT_EQ(plan.choices.at(choice_key("outbound:127.0.0.1:10001", "api /q")), (std::set<std::string>{"one", "two"}));
}

TEST(Calls, are_enough_and_not_too_many) {
  EXPECT_EQ(generate_calls(served(), 1, {.least = 20, .most = 30}).calls.size(), 30u);
  auto few = served();
  cp::Snapshot only;
  auto url = sim::proxy::type_url(Type::listener);
  only.add(url, few.snapshot.find(url, "vip"));
  few.snapshot = only;
  EXPECT_GE(generate_calls(few, 1).calls.size(), 20u);
  EXPECT_TRUE(generate_calls({}, 1).calls.empty());
}

TEST(TrafficVerdicts, differ_but_in_what_is_left_to_chance) {
  ExpectedVerdict expected;
  expected.verdict = {200, "", "one", "r"};
  EXPECT_TRUE(agree(expected, {200, "", "one", "r"}));
  for (const auto& other : std::vector<TrafficVerdict>{{503, "", "one", "r"},
                                                       {200, "UC", "one", "r"},
                                                       {200, "", "two", "r"},
                                                       {200, "", "one", ""},
                                                       {429, "RL", "one", "r"}})
    EXPECT_FALSE(agree(expected, other)) << to_text(other);
  expected.clusters = {"one", "two"};
  EXPECT_TRUE(agree(expected, {200, "", "two", "r"}));
  EXPECT_FALSE(agree(expected, {200, "", "three", "r"}));
  expected.rate_limited = true;
  EXPECT_TRUE(agree(expected, {429, "RL", "one", "r"}));
  EXPECT_FALSE(agree(expected, {500, "FI", "one", "r"}));
  expected.at_times_faulty = true;
  EXPECT_TRUE(agree(expected, {500, "FI", "one", "r"}));
}

}  // namespace
}  // namespace kumasim::test
