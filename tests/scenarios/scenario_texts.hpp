/// Texts of scenarios with a part replaced, and what the loader says of them.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

/// `text` with the first `from` replaced, which must be in it.
inline std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  std::size_t at = out.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? out : out.replace(at, from.size(), to);
}

/// A line each.
inline std::string lines_of(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) out += diagnostic.text() + "\n";
  return out;
}

/// What the loader gave; where that is no scenario the test fails, with an empty one.
inline Scenario must_load(std::expected<Scenario, Diagnostics> outcome) {
  if (outcome) return std::move(*outcome);
  ADD_FAILURE() << lines_of(outcome.error());
  return {};
}

/// What is wrong with a scenario that stands in s.yaml; "" where it loads.
inline std::string errors(const std::string& text) {
  auto loaded = load_scenario(text, "s.yaml");
  return loaded ? "" : lines_of(loaded.error());
}

}  // namespace kumasim::scenario
