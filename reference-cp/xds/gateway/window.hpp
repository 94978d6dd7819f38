/// Limits that keep clients of an edge proxy from taking its memory (Envoy docs, "Configuring Envoy as an edge proxy").
#pragma once

#include <cstdint>

namespace kumasim::cp::gateway {

inline constexpr std::uint32_t connection_buffer = 32 * 1024;
inline constexpr std::uint32_t concurrent_streams = 100;
inline constexpr std::uint32_t stream_window = 64 * 1024;
inline constexpr std::uint32_t connection_window = 1024 * 1024;

}  // namespace kumasim::cp::gateway
