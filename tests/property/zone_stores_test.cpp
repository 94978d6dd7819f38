/// What is held against a removal in one control plane, and what is not.
#include "tests/property/zone_stores.hpp"

#include <gtest/gtest.h>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/memory.hpp"
#include "tests/scenarios/scenario_texts.hpp"
#include "tests/store/run_now.hpp"

namespace kumasim::testing {
namespace {

using namespace std::chrono_literals;
using cp::testing::run_now;

constexpr const char* two_zones = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: two-zones}
spec:
  duration: 40s
  topology:
    zones: [{name: east}, {name: west}]
    services: [{name: web, zone: east, calls: [backend]}, {name: backend, zone: west}]
  resources: [{type: Mesh, name: default}]
  load: [{from: web, to: backend, rate: 5/s}]
  expect: [{always: no-plaintext}]
)";

/// Global has a policy, and east its copy, for a minute.
class ZoneStoresTest : public ::testing::Test {
 protected:
  ZoneStoresTest() {
    policy_.kind = &cp::kind::mesh_timeout();
    policy_.meta.mesh = "default";
    policy_.meta.name = "p";
    policy_.meta.labels = {{"kuma.io/origin", "global"}, {"kuma.io/mesh", "default"}};
    cp::kds::ZonePeer east;
    east.zone = "east";
    for (std::string_view feature : cp::kds::own_features()) east.features.emplace(feature);
    copy_ = *cp::kds::as_given_to_zone(policy_, east, {});
    stores_.opened("global", global_);
    stores_.opened("kuma-cp-east", east_);
    create(global_, policy_);
    create(east_, copy_);
    now_ += 60s;
  }

  static void create(cp::Store& store, const cp::Resource& resource) {
    EXPECT_TRUE(run_now(store.create(resource, {})));
  }
  static void remove(cp::Store& store, const cp::Resource& resource) {
    EXPECT_TRUE(run_now(store.remove(*resource.kind, resource.key())));
  }

  scenario::Scenario scenario_ = scenario::must_load(scenario::load_scenario(two_zones, "two-zones.yaml"));
  MonotonicTime now_{};
  ZoneStores stores_{scenario_, [this] { return now_; }};
  cp::MemoryStore global_, east_;
  cp::Resource policy_, copy_;
};

TEST_F(ZoneStoresTest, ARemovalOfWhatItsOwnerHasIsBroken) {
  remove(east_, copy_);
  EXPECT_EQ(stores_.broken().size(), 1u);
}

TEST_F(ZoneStoresTest, ARemovalFollowsItsOwner) {
  remove(global_, policy_);
  now_ += 60s;
  remove(east_, copy_);
  EXPECT_TRUE(stores_.broken().empty());
}

TEST_F(ZoneStoresTest, ARemovalMayBeOnItsWayForAWhile) {
  remove(global_, policy_);
  create(global_, policy_);
  now_ += 5s;
  remove(east_, copy_);
  EXPECT_TRUE(stores_.broken().empty());
  create(east_, copy_);
  now_ += 60s;
  remove(east_, copy_);
  EXPECT_EQ(stores_.broken().size(), 1u);
}

TEST_F(ZoneStoresTest, WhatALifeLacksNobodyRemoved) {
  cp::MemoryStore empty;
  stores_.opened("kuma-cp-east", empty);
  EXPECT_TRUE(stores_.broken().empty());
  EXPECT_EQ(stores_.find("kuma-cp-east", *copy_.kind, copy_.key()), nullptr);
}

}  // namespace
}  // namespace kumasim::testing
