/// A Zone that Global removes takes along what its zone has given, and nothing else.
#include <gtest/gtest.h>

#include "reference-cp/manager/manager.hpp"
#include "reference-cp/model/kinds.hpp"
#include "store/store_world.hpp"

namespace kumasim::cp::testing {
namespace {

class FixedClock : public Clock {
 public:
  WallTime wall_now() const override { return at_second(0); }
  MonotonicTime now() const override { return MonotonicTime{}; }
};

class ZoneRemoval : public ::testing::TestWithParam<std::string> {
 protected:
  ZoneRemoval() : world(make_world(GetParam())), store(std::move(*world->open())) {}

  void put(const Kind& kind, const std::string& mesh, const std::string& name, const std::string& zone = {},
           nlohmann::json spec = nlohmann::json::object()) {
    Resource resource = make_resource(kind, mesh, name, std::move(spec));
    if (!zone.empty()) resource.meta.labels = {{"kuma.io/origin", "zone"}, {"kuma.io/zone", zone}};
    ASSERT_TRUE(run_now(store->create(std::move(resource), at_second(0))));
  }
  bool there(const Kind& kind, const std::string& mesh, const std::string& name) {
    return run_now(store->get(kind, {mesh, name})).has_value();
  }
  Outcome<> remove(const std::string& zone, ManagerOptions options = {.labels = {.mode = CpMode::global}}) {
    Manager manager(*store, clock, nullptr, options);
    return run_now(manager.remove(kind::zone(), {"", zone}));
  }

  FixedClock clock;
  std::unique_ptr<StoreWorld> world;
  std::unique_ptr<Store> store;
};

INSTANTIATE_TEST_SUITE_P(Stores, ZoneRemoval, ::testing::Values("memory", "sqlite_file"),
                         [](const auto& info) { return info.param; });

TEST_P(ZoneRemoval, TakesAlongWhatTheZoneGave) {
  for (const char* zone : {"east", "west"}) {
    put(kind::zone(), "", zone);
    put(kind::zone_insight(), "", zone);
    const std::string name = std::string("d-") + zone;
    put(kind::dataplane(), "m", name, zone);
    put(kind::dataplane_insight(), "m", name, zone);
    put(kind::zone_ingress(), "", name, zone);
    put(kind::mesh_timeout(), "m", name, zone);
  }
  put(kind::mesh(), "", "m");
  put(kind::mesh_timeout(), "m", "of-global");
  ASSERT_TRUE(remove("east"));
  for (const Kind* kind : {&kind::dataplane(), &kind::dataplane_insight(), &kind::mesh_timeout()}) {
    EXPECT_FALSE(there(*kind, "m", "d-east")) << kind->type();
    EXPECT_TRUE(there(*kind, "m", "d-west")) << kind->type();
  }
  EXPECT_FALSE(there(kind::zone_ingress(), "", "d-east"));
  EXPECT_FALSE(there(kind::zone(), "", "east"));
  EXPECT_FALSE(there(kind::zone_insight(), "", "east"));
  EXPECT_TRUE(there(kind::zone_insight(), "", "west"));
  EXPECT_TRUE(there(kind::mesh_timeout(), "m", "of-global"));
  EXPECT_EQ(remove("east").error().error.code, Code::not_found);
}

TEST_P(ZoneRemoval, InAZoneItTakesNothing) {
  put(kind::zone(), "", "default");
  put(kind::dataplane(), "m", "d", "default");
  ASSERT_TRUE(remove("default", {.labels = {.mode = CpMode::zone}}));
  EXPECT_TRUE(there(kind::dataplane(), "m", "d"));
}

TEST_P(ZoneRemoval, ConnectedZoneStays) {
  put(kind::zone(), "", "east");
  put(kind::zone_insight(), "", "east", "",
      {{"subscriptions", {{{"id", "1"}, {"connectTime", "2026-01-01T00:00:00Z"}}}}});
  auto refused = remove("east");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().violations.text(),
            "zone: unable to delete Zone, Zone CP is still connected, please shut it down first");
  EXPECT_TRUE(there(kind::zone(), "", "east"));
  EXPECT_TRUE(remove("east", {.labels = {.mode = CpMode::global}, .unsafe_delete = true}));
}

}  // namespace
}  // namespace kumasim::cp::testing
