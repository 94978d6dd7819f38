/// The queue of what is under way against a deque, with more and less in it than are kept.
#include <deque>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "sim/net/queue.hpp"

namespace kumasim::sim {
namespace {

RC_GTEST_PROP(Queue, GivesWhatADequeGives, ()) {
  Queue<int> queue;
  std::deque<int> model;
  int next = 0;
  for (auto [in, out] : *rc::gen::container<std::vector<std::pair<std::uint8_t, std::uint8_t>>>(
           rc::gen::arbitrary<std::pair<std::uint8_t, std::uint8_t>>())) {
    for (int i = 0; i < in; ++i) {
      queue.push_back(++next);
      model.push_back(next);
    }
    for (int i = 0; i < out && !model.empty(); ++i) {
      RC_ASSERT(queue.front() == model.front());
      queue.pop_front();
      model.pop_front();
    }
    RC_ASSERT(queue.size() == model.size());
    RC_ASSERT(queue.empty() == model.empty());
  }
  RC_ASSERT(queue.take() == std::vector<int>(model.begin(), model.end()));
  RC_ASSERT(queue.empty());
}

}  // namespace
}  // namespace kumasim::sim
