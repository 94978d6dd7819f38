/// Which source/destination policy counts for a connection.
///
/// Source: Kuma docs "How Kuma chooses the right policy to apply"; recordings trafficroute/most-specific,
/// trafficpermission/*.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "tests/policy/world.hpp"

namespace kumasim::cp::policy::testing {
namespace {

constexpr std::string_view caller = R"(
type: Mesh
name: default
---
type: Dataplane
mesh: default
name: web
networking:
  address: 10.0.0.1
  inbound: [{port: 80, tags: {kuma.io/service: web, version: v1, region: eu}}]
  outbound: [{port: 10001, tags: {kuma.io/service: backend}}]
)";

struct Route {
  std::string name, source, destination;
  int created = 0;  ///< seconds
};

/// The name of the TrafficRoute for web -> backend; empty for none.
std::string chosen(const std::vector<Route>& routes) {
  World world(caller);
  for (const Route& route : routes) {
    auto parsed = resource_from_yaml(
        fmt::format("type: TrafficRoute\nmesh: default\nname: {}\nsources: [{{match: {{{}}}}}]\n"
                    "destinations: [{{match: {{{}}}}}]\nconf: {{destination: {{kuma.io/service: backend}}}}\n",
                    route.name, route.source, route.destination));
    if (!parsed) throw std::runtime_error(parsed.error().message);
    parsed->meta.creation = WallTime(std::chrono::seconds(route.created));
    world.add(std::move(*parsed));
  }
  auto mesh = world.mesh();
  auto policies = legacy::outbound_policies("TrafficRoute", World::proxy(*mesh, "web"), *mesh);
  auto found = policies.find("backend");
  return found == policies.end() ? std::string() : found->second->meta.name;
}

constexpr const char* any = "kuma.io/service: '*'";
constexpr const char* web = "kuma.io/service: web";
constexpr const char* backend = "kuma.io/service: backend";

TEST(LegacyPolicies, NoneWhereNoSelectorMatches) {
  EXPECT_EQ(chosen({}), "");
  EXPECT_EQ(chosen({{"r", "kuma.io/service: other", any}}), "");
  EXPECT_EQ(chosen({{"r", any, "kuma.io/service: other"}}), "");
}

TEST(LegacyPolicies, AnExactValueIsMoreSpecificThanAny) {
  EXPECT_EQ(chosen({{"a", any, any}, {"b", any, backend}}), "b");
  EXPECT_EQ(chosen({{"a", any, any}, {"b", web, any}}), "b");
  EXPECT_EQ(chosen({{"a", web, any}, {"b", web, backend}}), "b");
}

TEST(LegacyPolicies, MoreTagsAreMoreSpecificEvenIfOfAnyValue) {
  EXPECT_EQ(chosen({{"a", web, backend}, {"b", "kuma.io/service: '*', version: '*'", any}}), "b");
  EXPECT_EQ(chosen({{"a", web, backend}, {"b", "kuma.io/service: web, version: v1", any}}), "b");
}

TEST(LegacyPolicies, OfEqualOnesTheYoungestAndThenTheFirstName) {
  EXPECT_EQ(chosen({{"a", web, backend, 1}, {"b", web, backend, 2}}), "b");
  EXPECT_EQ(chosen({{"a", web, backend, 2}, {"b", web, backend, 1}}), "a");
  EXPECT_EQ(chosen({{"b", web, backend, 1}, {"a", web, backend, 1}}), "a");
}

TEST(LegacyPolicies, AnInboundTakesTheMostSpecificDestination) {
  World world(std::string(caller) + R"(
---
type: TrafficPermission
mesh: default
name: all
sources: [{match: {kuma.io/service: '*'}}]
destinations: [{match: {kuma.io/service: '*'}}]
---
type: TrafficPermission
mesh: default
name: v1
sources: [{match: {kuma.io/service: shop}}]
destinations: [{match: {kuma.io/service: web, version: v1}}]
)");
  auto mesh = world.mesh();
  auto name = [&](const Tags& tags) {
    ResourcePtr policy = legacy::inbound_policy("TrafficPermission", tags, *mesh);
    return policy ? policy->meta.name : std::string();
  };
  EXPECT_EQ(name({{"kuma.io/service", "web"}, {"version", "v1"}}), "v1");
  EXPECT_EQ(name({{"kuma.io/service", "web"}, {"version", "v2"}}), "all");
  EXPECT_EQ(name({}), "");
}

TEST(TagSelectors, Rank) {
  using legacy::compare;
  using legacy::rank;
  EXPECT_GT(compare(rank({{"a", "b"}}), rank({})), 0);
  EXPECT_GT(compare(rank({{"a", "b"}}), rank({{"a", "*"}})), 0);
  EXPECT_GT(compare(rank({{"a", "*"}, {"b", "*"}}), rank({{"a", "b"}})), 0);
  EXPECT_EQ(compare(rank({{"a", "b"}}), rank({{"c", "d"}})), 0);
}

}  // namespace
}  // namespace kumasim::cp::policy::testing
