/// The cluster's identifier outlives the control plane.
#include "reference-cp/manager/cluster_id.hpp"

#include <gtest/gtest.h>

#include "store/store_world.hpp"

namespace kumasim::cp::testing {
namespace {

TEST(ClusterId, IsMadeOnceAndKept) {
  SqliteFileWorld world;
  {
    auto store = std::move(*world.open());
    EXPECT_EQ(*run_now(cluster_id(*store, "first", at_second(1))), "first");
    EXPECT_EQ(*run_now(cluster_id(*store, "second", at_second(2))), "first");
  }
  auto store = std::move(*world.open());
  EXPECT_EQ(*run_now(cluster_id(*store, "third", at_second(3))), "first");
  auto record = run_now(store->get(kind::config(), {"", "kuma-cluster-id"}));
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ((*record)->spec, nlohmann::json({{"config", "first"}}));
}

}  // namespace
}  // namespace kumasim::cp::testing
