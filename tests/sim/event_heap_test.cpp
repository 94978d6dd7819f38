/// The event heap against an ordered set, with pushes right after pops and long before them.
#include <random>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "kumasim/sim/event_heap.hpp"

namespace kumasim::sim {
namespace {

RC_GTEST_PROP(EventHeap, GivesWhatAnOrderedSetGives, ()) {
  EventHeap heap;
  std::set<std::pair<std::uint64_t, std::uint64_t>> model;
  std::uint64_t order = 0;
  for (auto [pops, time] : *rc::gen::container<std::vector<std::pair<bool, std::uint8_t>>>(
           rc::gen::arbitrary<std::pair<bool, std::uint8_t>>())) {
    if (pops && !model.empty()) {
      RC_ASSERT(heap.peek().order == model.begin()->second);
      if (time % 2) RC_ASSERT(heap.top().order == model.begin()->second);
      heap.pop();
      model.erase(model.begin());
    } else {
      heap.push({time, ++order, 0, 0});
      model.emplace(time, order);
    }
    if (time % 64 == 7) {
      heap.erase_if([](const EventEntry& entry) { return entry.order % 5 == 0; });
      std::erase_if(model, [](const auto& entry) { return entry.second % 5 == 0; });
    }
    RC_ASSERT(heap.size() == model.size());
    RC_ASSERT(heap.empty() == model.empty());
  }
  for (; !model.empty(); model.erase(model.begin()), heap.pop()) RC_ASSERT(heap.top().order == model.begin()->second);
  RC_ASSERT(heap.empty());
}

TEST(EventHeap, KeepsManyInOrder) {
  // Deep, with few times for many entries, and with none twice.
  for (std::uint64_t times : {std::uint64_t{40}, std::uint64_t{1} << 40}) {
    EventHeap heap;
    std::set<std::pair<std::uint64_t, std::uint64_t>> model;
    std::mt19937_64 random(times);
    for (std::uint64_t order = 1; order <= 20'000; ++order) {
      auto time = random() % times;
      heap.push({time, order, static_cast<std::uint32_t>(order), 7});
      model.emplace(time, order);
      if (order <= 5'000 || order % 3 == 0) continue;
      auto top = heap.top();
      ASSERT_EQ(std::pair(top.time, top.order), *model.begin());
      ASSERT_EQ(top.slot, top.order);
      ASSERT_EQ(top.generation, 7u);
      heap.pop();
      model.erase(model.begin());
    }
    for (; !model.empty(); model.erase(model.begin()), heap.pop()) ASSERT_EQ(heap.peek().order, model.begin()->second);
    EXPECT_TRUE(heap.empty());
  }
}

}  // namespace
}  // namespace kumasim::sim
