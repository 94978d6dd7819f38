/// Rules by client and by destination.
///
/// Sources: Kuma's MADR 007 (subsets of clients with negations), MADR 060 (real resources), the recordings
/// meshtrafficpermission/subset-and-mesh, two-froms and precedence/to-*.
#include <gtest/gtest.h>

#include "reference-cp/policy/cliques.hpp"
#include "tests/policy/world.hpp"

namespace kumasim::cp::policy::testing {
namespace {

using Json = nlohmann::json;

/// "service=web !zone=east" for a subset.
std::string text(const Subset& subset) {
  std::string out;
  for (const Tag& tag : subset)
    out += (out.empty() ? "" : " ") + std::string(tag.negated ? "!" : "") + tag.key + "=" + tag.value;
  return out;
}

std::vector<std::pair<std::string, std::string>> from(const char* entries) {
  World world(std::string(small_mesh) + "\n---\ntype: MeshTrafficPermission\nmesh: default\nname: p\nspec:\n  from:\n" +
              entries);
  auto mesh = world.mesh();
  MatchedPolicies matched = match_policies("MeshTrafficPermission", World::proxy(*mesh, "web"), *mesh);
  std::vector<std::pair<std::string, std::string>> rules;
  for (const Rule& rule : matched.from.at({"10.0.0.1", 80}))
    rules.emplace_back(text(rule.subset), rule.conf.at("action").get<std::string>());
  return rules;
}

using Expected = std::vector<std::pair<std::string, std::string>>;

TEST(FromRules, OneTagAndEverybody) {
  EXPECT_EQ(from(R"(
  - {targetRef: {kind: Mesh}, default: {action: Allow}}
  - {targetRef: {kind: MeshSubset, tags: {env: dev}}, default: {action: Deny}}
)"),
            (Expected{{"env=dev", "Deny"}, {"!env=dev", "Allow"}}));
}

TEST(FromRules, TwoValuesOfOneKeyDoNotMeet) {
  EXPECT_EQ(from(R"(
  - {targetRef: {kind: MeshSubset, tags: {env: dev}}, default: {action: Deny}}
  - {targetRef: {kind: MeshSubset, tags: {env: prod}}, default: {action: Allow}}
)"),
            (Expected{{"env=prod", "Allow"}, {"env=dev", "Deny"}}));
}

TEST(FromRules, TwoKeysMakeFourCells) {
  EXPECT_EQ(from(R"(
  - {targetRef: {kind: MeshSubset, tags: {env: dev}}, default: {action: Deny}}
  - {targetRef: {kind: MeshSubset, tags: {team: a}}, default: {action: Allow}}
)"),
            (Expected{{"env=dev team=a", "Allow"}, {"!env=dev team=a", "Allow"}, {"env=dev !team=a", "Deny"}}));
}

TEST(FromRules, AServiceIsATag) {
  EXPECT_EQ(from(R"(
  - {targetRef: {kind: MeshService, name: shop}, default: {action: Allow}}
)"),
            (Expected{{"kuma.io/service=shop", "Allow"}}));
}

/// Kuma's algorithm (2.12 on) makes cells for each group of entries that can meet. A client of two groups is in a cell
/// of each, and they need not agree: decisions/0005-rules-by-client-as-kuma.md.
TEST(FromRules, CellsOfDifferentGroupsCanOverlapAsInKuma) {
  EXPECT_EQ(from(R"(
  - {targetRef: {kind: MeshSubset, tags: {team: a}}, default: {action: Allow}}
  - {targetRef: {kind: MeshSubset, tags: {version: "1"}}, default: {action: Deny}}
  - {targetRef: {kind: MeshSubset, tags: {version: "2"}}, default: {action: Deny}}
)"),
            (Expected{{"team=a version=2", "Deny"},
                      {"team=a version=1", "Deny"},
                      {"!team=a version=2", "Deny"},
                      {"team=a !version=2", "Allow"},
                      {"!team=a version=1", "Deny"},
                      {"team=a !version=1", "Allow"}}));
}

constexpr std::string_view with_service = R"(
---
type: MeshService
mesh: default
name: backend
labels: {kuma.io/display-name: backend, kuma.io/origin: zone, kuma.io/zone: east}
spec:
  selector: {dataplaneTags: {kuma.io/service: backend}}
  ports: [{port: 80, name: http, appProtocol: http, targetPort: 80}, {port: 90, targetPort: 90, appProtocol: tcp}]
---
type: MeshTimeout
mesh: default
name: p
labels: {kuma.io/origin: zone, kuma.io/zone: east}
spec:
  to:
)";

MatchedPolicies to(std::string_view entries) {
  World world(std::string(small_mesh) + std::string(with_service) + std::string(entries));
  auto mesh = world.mesh();
  return match_policies("MeshTimeout", World::proxy(*mesh, "web"), *mesh);
}

Kri backend(std::string section = {}) {
  Kri kri;
  kri.type = "MeshService";
  kri.mesh = "default";
  kri.zone = "east";
  kri.name = "backend";
  kri.section = std::move(section);
  return kri;
}

std::string idle(const MatchedPolicies& matched, const Kri& id) {
  const ResourceRule* rule = find_rule(matched.to_resources, id);
  return rule ? rule->confs.front().value("idleTimeout", "none") : "no rule";
}

TEST(ToRules, ServiceOverMeshInBothForms) {  // recording precedence/to-service-vs-to-mesh
  MatchedPolicies matched = to(R"(
  - {targetRef: {kind: MeshService, name: backend}, default: {idleTimeout: 2s}}
  - {targetRef: {kind: Mesh}, default: {idleTimeout: 1s, connectionTimeout: 3s}}
)");
  EXPECT_EQ(idle(matched, backend("http")), "2s");
  EXPECT_EQ(idle(matched, backend("90")), "2s");
  Kri other = backend();
  other.name = "other";
  EXPECT_EQ(idle(matched, other), "1s");
  // By tags the entry further down wins, as Kuma does not sort entries there.
  ASSERT_EQ(matched.to.size(), 2u);
  EXPECT_EQ(find_rule(matched.to, {{"kuma.io/service", "backend"}})->conf.at("connectionTimeout"), "3s");
  EXPECT_EQ(find_rule(matched.to, {{"kuma.io/service", "other"}})->conf.at("idleTimeout"), "1s");
}

TEST(ToRules, SectionOverService) {  // recording precedence/to-section-vs-service
  MatchedPolicies matched = to(R"(
  - {targetRef: {kind: MeshService, name: backend, sectionName: http}, default: {idleTimeout: 3s}}
  - {targetRef: {kind: MeshService, name: backend}, default: {idleTimeout: 2s, connectionTimeout: 5s}}
)");
  EXPECT_EQ(idle(matched, backend("http")), "3s");
  EXPECT_EQ(find_rule(matched.to_resources, backend("http"))->confs.front().at("connectionTimeout"), "5s");
  EXPECT_EQ(idle(matched, backend("90")), "2s");
}

TEST(ToRules, ServiceByLabels) {
  MatchedPolicies matched = to(R"(
  - {targetRef: {kind: MeshService, labels: {kuma.io/display-name: backend}}, default: {idleTimeout: 4s}}
)");
  EXPECT_EQ(idle(matched, backend("90")), "4s");
}

TEST(ToRules, NothingForWhatIsNotThere) {
  MatchedPolicies matched = to(R"(
  - {targetRef: {kind: MeshService, name: gone, sectionName: x}, default: {idleTimeout: 4s}}
)");
  EXPECT_TRUE(matched.to_resources.empty());
}

TEST(InboundRules, FromCountsAsRulesWhereTheKindSaysSo) {  // recording precedence/from-and-rules
  World world(std::string(small_mesh) + R"(
---
type: MeshTimeout
mesh: default
name: a
spec:
  from: [{targetRef: {kind: Mesh}, default: {idleTimeout: 1s}}]
---
type: MeshTimeout
mesh: default
name: b
spec:
  rules: [{default: {idleTimeout: 2s, connectionTimeout: 3s}}]
)");
  auto mesh = world.mesh();
  MatchedPolicies matched = match_policies("MeshTimeout", World::proxy(*mesh, "web"), *mesh);
  EXPECT_EQ(matched.inbound_conf({"10.0.0.1", 80}), Json::parse(R"({"idleTimeout":"1s","connectionTimeout":"3s"})"));
  EXPECT_EQ(matched.inbound_conf({"10.0.0.1", 99}), Json::object());
}

TEST(Subsets, ContainAndInclude) {
  Subset dev = {{"env", "dev", false}}, not_dev = {{"env", "dev", true}};
  EXPECT_TRUE(contains({}, {}));
  EXPECT_FALSE(contains(dev, {}));
  EXPECT_TRUE(contains(dev, {{"env", "dev"}, {"x", "y"}}));
  EXPECT_FALSE(contains(not_dev, {{"env", "dev"}}));
  EXPECT_TRUE(contains(not_dev, {{"x", "y"}}));
  EXPECT_TRUE(includes({}, dev));
  EXPECT_FALSE(includes(dev, {}));
  EXPECT_TRUE(includes(not_dev, {{"env", "prod", false}}));
  EXPECT_FALSE(includes(dev, not_dev));
}

TEST(Cliques, AreMaximal) {
  auto path = [](std::size_t i, std::size_t j) { return i + 1 == j || j + 1 == i; };
  auto cliques = maximal_cliques(4, path);
  std::sort(cliques.begin(), cliques.end());
  EXPECT_EQ(cliques, (std::vector<std::vector<std::size_t>>{{0, 1}, {1, 2}, {2, 3}}));
  EXPECT_EQ(maximal_cliques(3, [](auto, auto) { return true; }), (std::vector<std::vector<std::size_t>>{{0, 1, 2}}));
  EXPECT_TRUE(maximal_cliques(0, path).empty());
}

}  // namespace
}  // namespace kumasim::cp::policy::testing
