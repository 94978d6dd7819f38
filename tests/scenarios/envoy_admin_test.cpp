/// What is read off a real Envoy's statistics, and which refusals count.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "scenarios/live/envoy_admin.hpp"

namespace kumasim::scenario {
namespace {

std::string listeners(int success, int rejected) {
  return fmt::format("listener_manager.lds.update_success: {}\nlistener_manager.lds.update_rejected: {}\n", success,
                     rejected);
}

TEST(RefusalWatch, ARefusalCountsUntilASuccessWithoutOne) {
  RefusalWatch watch;
  watch.see(listeners(1, 0));
  EXPECT_FALSE(watch.any());
  watch.see(listeners(1, 1));
  watch.see(listeners(1, 1));
  EXPECT_EQ(watch.refusals("... listener.v3.Listener rejected: bad pattern\nmore").at("Listener"), "bad pattern");
  watch.see(listeners(2, 1));
  EXPECT_FALSE(watch.any());
}

TEST(RefusalWatch, OfBothInOnePollTheControlPlaneKnowsTheLast) {
  RefusalWatch watch;
  watch.see(listeners(1, 0));
  watch.see(listeners(2, 1));
  EXPECT_TRUE(watch.any()) << "until the control plane says that all was taken";
  watch.made_good();
  EXPECT_FALSE(watch.any());
  watch.see(listeners(2, 1));
  EXPECT_FALSE(watch.any()) << "the same refusal is not counted twice";
  watch.see(listeners(2, 2));
  EXPECT_TRUE(watch.any());
}

TEST(RefusalWatch, AnotherLifeBeginsToCountAnew) {
  RefusalWatch watch;
  watch.see(listeners(5, 3));
  EXPECT_TRUE(watch.any());
  watch.see(listeners(1, 0));
  EXPECT_FALSE(watch.any());
}

TEST(EnvoyAdmin, IsReadyWhenNothingWarms) {
  ProxyState state;
  read_stats("cluster_manager.cds.update_success: 2\nlistener_manager.total_listeners_warming: 1\n", state);
  EXPECT_FALSE(state.ready);
  state = {};
  read_stats("cluster_manager.cds.update_success: 2\nlistener_manager.total_listeners_warming: 0\n", state);
  EXPECT_TRUE(state.ready);
  EXPECT_EQ(state.accepted, 2u);
}

}  // namespace
}  // namespace kumasim::scenario
