/// Bytes under way against a string, with more and less of them than are kept.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "sim/net/byte_queue.hpp"

namespace kumasim::sim {
namespace {

RC_GTEST_PROP(ByteQueue, GivesWhatAStringGives, ()) {
  ByteQueue queue;
  std::string model;
  char next = 'a';
  for (auto [in, out] : *rc::gen::container<std::vector<std::pair<std::uint16_t, std::uint16_t>>>(
           rc::gen::pair(rc::gen::inRange<std::uint16_t>(0, 6'000), rc::gen::inRange<std::uint16_t>(0, 6'000)))) {
    std::string bytes(in, next++);
    queue.append(bytes);
    model += bytes;
    if (in > 0) *queue.last(in) = model[model.size() - in] = '!';
    auto count = std::min<std::size_t>(out, model.size());
    queue.drop(count);
    model.erase(0, count);
    RC_ASSERT(queue.view() == model);
    RC_ASSERT(queue.size() == model.size());
    RC_ASSERT(queue.empty() == model.empty());
  }
  queue.clear();
  RC_ASSERT(queue.empty());
}

}  // namespace
}  // namespace kumasim::sim
