/// The event heap against an ordered set, with pushes right after pops and long before them.
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
  for (; !model.empty(); model.erase(model.begin()), heap.pop())
    RC_ASSERT(heap.top().order == model.begin()->second);
  RC_ASSERT(heap.empty());
}

}  // namespace
}  // namespace kumasim::sim
