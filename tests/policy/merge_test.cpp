/// How confs become one (Kuma docs "Policies: how policies are combined"; RFC 7396 for the fields).
#include <gtest/gtest.h>

#include "reference-cp/policy/merge.hpp"

namespace kumasim::cp::policy {
namespace {

using Json = nlohmann::json;

Json merge(const char* confs, const MergeShape& shape = {}) {
  auto list = Json::parse(confs).get<std::vector<Json>>();
  return Json(merge_confs(list, shape));
}

constexpr MergeShape routes{.split_by = "hostnames", .keyed_list = "rules", .key = "matches", .first_wins = true};

TEST(MergeConfs, NothingOfNothing) { EXPECT_EQ(merge("[]"), Json::array()); }

TEST(MergeConfs, LaterFieldsReplaceEarlierOnesAndOthersStay) {
  EXPECT_EQ(merge(R"([{"a":1,"b":{"c":1,"d":1}},{"b":{"d":2},"e":3}])"),
            Json::parse(R"([{"a":1,"b":{"c":1,"d":2},"e":3}])"));
}

TEST(MergeConfs, ListsAreReplacedAsAWhole) {  // recording precedence/lists-replaced
  EXPECT_EQ(merge(R"([{"list":[1,2]},{"list":[3]}])"), Json::parse(R"([{"list":[3]}])"));
}

TEST(MergeConfs, AppendListsAreConcatenated) {  // recording precedence/lists-appended
  EXPECT_EQ(
      merge(R"([{"appendMatch":[1,2],"x":{"appendThings":["a"]}},{"appendMatch":[3]},{"x":{"appendThings":["b"]}}])"),
      Json::parse(R"([{"appendMatch":[1,2,3],"x":{"appendThings":["a","b"]}}])"));
}

TEST(MergeConfs, RulesWithEqualMatchesMergeAtThePlaceOfTheStrongerOne) {  // recording meshhttproute/merge-two-policies
  EXPECT_EQ(merge(R"([{"rules":[{"matches":["a"],"default":{"filters":[1]}},{"matches":["b"],"default":{"x":1}}]},
                      {"rules":[{"matches":["b"],"default":{"filters":[2]}}]}])",
                  routes),
            Json::parse(R"([{"rules":[{"matches":["b"],"default":{"filters":[2],"x":1}},
                                      {"matches":["a"],"default":{"filters":[1]}}]}])"));
}

TEST(MergeConfs, OfEqualMatchesInOneListTheFirstWins) {
  EXPECT_EQ(merge(R"([{"rules":[{"matches":["a"],"default":{"x":1}},{"matches":["a"],"default":{"x":2}}]}])", routes),
            Json::parse(R"([{"rules":[{"matches":["a"],"default":{"x":1}}]}])"));
}

TEST(MergeConfs, HostnamesAreMergedSeparately) {
  Json merged = merge(R"([{"hostnames":["x","y"],"rules":[{"matches":["a"],"default":{}}]},
                          {"hostnames":["y"],"rules":[{"matches":["b"],"default":{}}]}])",
                      routes);
  ASSERT_EQ(merged.size(), 2u);
  EXPECT_EQ(merged[0], Json::parse(R"({"hostnames":["x"],"rules":[{"matches":["a"],"default":{}}]})"));
  EXPECT_EQ(
      merged[1],
      Json::parse(R"({"hostnames":["y"],"rules":[{"matches":["b"],"default":{}},{"matches":["a"],"default":{}}]})"));
}

}  // namespace
}  // namespace kumasim::cp::policy
