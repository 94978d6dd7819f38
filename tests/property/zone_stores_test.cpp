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
  cp::MemoryStore global_, east_, west_;
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

TEST_F(ZoneStoresTest, TwoDestinationsWithOneAddressAreBroken) {
  cp::Resource service;
  service.kind = &cp::kind::mesh_service();
  service.meta.mesh = "default";
  service.status = {{"vips", nlohmann::json::array({{{"ip", "241.0.0.1"}}})}};
  service.meta.name = "a";
  create(east_, service);
  service.meta.name = "b";
  service.status["vips"][0]["ip"] = "241.0.0.2";
  create(east_, service);
  EXPECT_TRUE(stores_.broken().empty());
  service.meta.name = "c";
  create(east_, service);
  ASSERT_EQ(stores_.broken().size(), 1u);
  EXPECT_NE(stores_.broken()[0].find("241.0.0.2"), std::string::npos) << stores_.broken()[0];
}

TEST_F(ZoneStoresTest, TellsWhatIsMissingDifferentOrTooMuch) {
  EXPECT_NE(stores_.difference(true).find("in kuma-cp-west is missing"), std::string::npos) << stores_.difference(true);
  stores_.opened("kuma-cp-west", west_);
  create(west_, copy_);
  EXPECT_EQ(stores_.difference(true), "");
  copy_.meta.name = "q";
  create(west_, copy_);
  EXPECT_NE(stores_.difference(true).find("in kuma-cp-west is too much"), std::string::npos);
  remove(west_, copy_);
  cp::Resource changed = **run_now(global_.get(*policy_.kind, policy_.key()));
  changed.spec = {{"targetRef", {{"kind", "Mesh"}}}};
  EXPECT_TRUE(run_now(global_.update(changed, {})));
  EXPECT_NE(stores_.difference(true).find("should be"), std::string::npos) << stores_.difference(true);
}

TEST_F(ZoneStoresTest, WhatALifeLacksNobodyRemoved) {
  cp::MemoryStore empty;
  stores_.opened("kuma-cp-east", empty);
  EXPECT_TRUE(stores_.broken().empty());
  EXPECT_EQ(stores_.find("kuma-cp-east", *copy_.kind, copy_.key()), nullptr);
}

}  // namespace
}  // namespace kumasim::testing
