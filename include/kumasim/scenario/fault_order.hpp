/// A fault as a world carries it out: nothing is left to chance in it.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

/// What one process sends another.
struct Way {
  std::string from, to;
  auto operator<=>(const Way&) const = default;
};

struct FaultOrder {
  std::uint64_t id = 0;  ///< the same at its beginning and at its end, another one for each fault of a run
  const fault::Kind* kind = nullptr;
  std::vector<std::string> processes = {};  ///< those that were chosen; empty where `between` or a shape says who
  std::vector<Way> ways = {};               ///< of kinds that strike ways
  std::map<std::string, FaultValue, std::less<>> values = {};  ///< low == high; fallbacks are filled in

  /// The number of the fault in Scenario::faults, and what is the same for all that one strike of it is made of.
  std::size_t place() const { return static_cast<std::size_t>(id >> 48) - 1; }
  std::uint64_t strike() const { return id >> 20; }

  bool has(std::string_view parameter) const { return values.contains(parameter); }
  /// REQUIRES: has(parameter), here and below.
  Duration duration(std::string_view parameter) const { return Duration(number(parameter)); }
  std::int64_t number(std::string_view parameter) const { return values.find(parameter)->second.low; }
  const std::string& word(std::string_view parameter) const { return values.find(parameter)->second.word; }
  const DelayLaw& law(std::string_view parameter) const { return *values.find(parameter)->second.law; }

  /// It is one of those that were chosen; where ways were: one of them goes from or to it.
  bool touches(std::string_view process) const;
  /// All of it, for the fingerprint.
  std::uint64_t digest() const;
};

}  // namespace kumasim::scenario
