#include "reference-cp/xds/persistent_map.hpp"

#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kumasim::cp {
namespace {

std::map<std::string, int> contents(const PersistentMap<int>& map) {
  std::map<std::string, int> result;
  for (const auto& [key, value] : map) result.emplace_hint(result.end(), key, value);
  return result;
}

/// A write: a value under a key; a negative one removes it.
using Writes = std::vector<std::pair<std::uint8_t, int>>;

PersistentMap<int> apply(PersistentMap<int> map, const Writes& writes) {
  for (const auto& [key, value] : writes) {
    std::string name = "key " + std::to_string(key);
    map = value >= 0 ? map.with(name, value) : map.without(name);
  }
  return map;
}

RC_GTEST_PROP(PersistentMap, HoldsWhatAnOrdinaryMapHolds, (const Writes& writes)) {
  std::map<std::string, int> plain;
  for (const auto& [key, value] : writes) {
    std::string name = "key " + std::to_string(key);
    if (value >= 0) plain[name] = value;
    else plain.erase(name);
  }
  PersistentMap<int> map = apply({}, writes);
  RC_ASSERT(contents(map) == plain);
  RC_ASSERT(map.size() == plain.size());
  for (const auto& [key, value] : plain) RC_ASSERT(map.find(key) && *map.find(key) == value);
}

RC_GTEST_PROP(PersistentMap, AWriteLeavesItsOriginAlone, (const Writes& first, const Writes& second)) {
  PersistentMap<int> map = apply({}, first);
  auto before = contents(map);
  (void)apply(map, second);
  RC_ASSERT(contents(map) == before);
}

RC_GTEST_PROP(PersistentMap, FromStartsAtTheFirstKeyNotLess, (const Writes& writes, std::uint8_t from)) {
  PersistentMap<int> map = apply({}, writes);
  auto plain = contents(map);
  std::string wanted = "key " + std::to_string(from);
  auto expected = plain.lower_bound(wanted);
  for (auto it = map.from(wanted); it != map.end(); ++it, ++expected) {
    RC_ASSERT(expected != plain.end());
    RC_ASSERT((*it).first == expected->first);
  }
  RC_ASSERT(expected == plain.end());
}

}  // namespace
}  // namespace kumasim::cp
