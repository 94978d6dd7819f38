/// Drawn calls to a generated configuration: what its routes ask for, near misses, and requests put together from the
/// same vocabulary as its matchers.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/real_envoy/calls.hpp"

namespace kumasim::test {

/// A header of every generated HTTP call with its number, by which applications tell which call they hear.
inline constexpr auto call_header = "x-call";

/// `count` calls, numbered from 0; none where generate_calls() gives none of `count` / 2 that a client may send.
/// `slow`: some ask for an application that does not answer.
std::vector<GeneratedCall> generate_drawn_calls(const TrafficSnapshot& served, std::uint64_t seed, std::size_t count,
                                                bool slow);

}  // namespace kumasim::test
