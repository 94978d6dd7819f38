/// FNV-1a of 64 bits (Fowler, Noll, Vo): names that Kuma makes by it must come out the same.
#pragma once

#include <cstdint>
#include <string_view>

namespace kumasim::cp {

/// Of a text that follows the one whose hash is `before`.
constexpr std::uint64_t fnv1a(std::string_view text, std::uint64_t before = 0xcbf29ce484222325u) {
  for (unsigned char c : text) before = (before ^ c) * 0x100000001b3u;
  return before;
}

}  // namespace kumasim::cp
