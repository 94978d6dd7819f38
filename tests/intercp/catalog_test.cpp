/// The catalog of control planes: Kuma's text, and who leads.
#include "reference-cp/intercp/catalog.hpp"

#include <gtest/gtest.h>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/memory.hpp"
#include "store/run_now.hpp"

namespace kumasim::cp::intercp {
namespace {

using cp::testing::run_now;

class StandingClock : public Clock {
 public:
  WallTime wall_now() const override { return WallTime(std::chrono::seconds(1'700'000'000)); }
  MonotonicTime now() const override { return {}; }
};

class CatalogTest : public ::testing::Test {
 protected:
  std::string text() {
    auto kept = run_now(store_.get(kind::config(), {"", "cp-catalog"}));
    return kept ? (*kept)->spec.value("config", "") : "";
  }
  std::uint64_t version() { return (*run_now(store_.get(kind::config(), {"", "cp-catalog"})))->meta.version; }

  MemoryStore store_;
  StandingClock clock_;
  Catalog catalog_{store_, clock_};
  Instance a_{.id = "a", .address = "10.0.0.1", .port = 5683}, b_{.id = "b", .address = "10.0.0.2", .port = 5683};
};

TEST_F(CatalogTest, IsWrittenAsKumaWritesIt) {
  EXPECT_TRUE(run_now(catalog_.list())->empty());
  Instance leader = b_;
  leader.leader = true;
  ASSERT_TRUE(run_now(catalog_.replace({leader, a_})));
  EXPECT_EQ(text(), R"({"instances":[{"id":"a","address":"10.0.0.1","interCpPort":5683,"leader":false},)"
                    R"({"id":"b","address":"10.0.0.2","interCpPort":5683,"leader":true}]})");
  EXPECT_EQ(*run_now(catalog_.list()), (std::vector{a_, leader}));
  ASSERT_TRUE(run_now(catalog_.replace({a_, leader})));
  EXPECT_EQ(version(), 1u) << "nothing is written where nothing changes";
}

TEST_F(CatalogTest, OneLeadsOrNobody) {
  ASSERT_TRUE(run_now(catalog_.set_leader(a_)));
  ASSERT_TRUE(run_now(catalog_.set_leader(b_)));
  auto known = *run_now(catalog_.list());
  ASSERT_EQ(known.size(), 2u);
  EXPECT_FALSE(known[0].leader);
  EXPECT_TRUE(known[1].leader);
  ASSERT_TRUE(run_now(catalog_.drop_leader("a")));
  EXPECT_TRUE((*run_now(catalog_.list()))[1].leader);
  ASSERT_TRUE(run_now(catalog_.drop_leader("b")));
  EXPECT_FALSE((*run_now(catalog_.list()))[1].leader);
}

TEST_F(CatalogTest, WhatIsNoCatalogHoldsNobody) {
  for (const char* text : {"", "[]", "{}", "{\"instances\": [7]}"}) EXPECT_TRUE(parse_catalog(text).empty()) << text;
  const auto other_types =
      parse_catalog(R"({"instances": [{"id": 7, "address": null, "interCpPort": "5683", "leader": "yes"}]})");
  EXPECT_EQ(other_types, std::vector{Instance{}});
}

}  // namespace
}  // namespace kumasim::cp::intercp
