/// The hash functions of Envoy's consistent balancing: XXH64 and MurmurHash2 in its 64-bit form.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace kumasim::sim::proxy {

namespace detail {
template <class Word>
Word load(const char* at) {
  static_assert(std::endian::native == std::endian::little);
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}
}  // namespace detail

/// XXH64 as its specification gives it (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
inline std::uint64_t xx_hash(std::string_view text, std::uint64_t seed = 0) {
  constexpr std::uint64_t p1 = 0x9E3779B185EBCA87u, p2 = 0xC2B2AE3D27D4EB4Fu, p3 = 0x165667B19E3779F9u,
                          p4 = 0x85EBCA77C2B2AE63u, p5 = 0x27D4EB2F165667C5u;
  auto round = [&](std::uint64_t lane, std::uint64_t input) { return std::rotl(lane + input * p2, 31) * p1; };
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = seed + p5;
  if (left >= 32) {
    std::uint64_t lanes[4] = {seed + p1 + p2, seed + p2, seed, seed - p1};
    for (; left >= 32; at += 32, left -= 32)
      for (int i = 0; i < 4; ++i) lanes[i] = round(lanes[i], detail::load<std::uint64_t>(at + 8 * i));
    hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
    for (auto lane : lanes) hash = (hash ^ round(0, lane)) * p1 + p4;
  }
  hash += text.size();
  for (; left >= 8; at += 8, left -= 8)
    hash = std::rotl(hash ^ round(0, detail::load<std::uint64_t>(at)), 27) * p1 + p4;
  for (; left >= 4; at += 4, left -= 4) hash = std::rotl(hash ^ (detail::load<std::uint32_t>(at) * p1), 23) * p2 + p3;
  for (; left > 0; ++at, --left) hash = std::rotl(hash ^ (static_cast<unsigned char>(*at) * p5), 11) * p1;
  hash = (hash ^ (hash >> 33)) * p2;
  hash = (hash ^ (hash >> 29)) * p3;
  return hash ^ (hash >> 32);
}

/// MurmurHash64A with the seed of the C++ standard library, as Envoy's MURMUR_HASH_2.
inline std::uint64_t murmur_hash(std::string_view text, std::uint64_t seed = 0xc70f6907u) {
  constexpr std::uint64_t m = 0xc6a4a7935bd1e995u;
  auto mixed = [](std::uint64_t value) { return value ^ (value >> 47); };
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = seed ^ (text.size() * m);
  for (; left >= 8; at += 8, left -= 8) hash = (hash ^ (mixed(detail::load<std::uint64_t>(at) * m) * m)) * m;
  if (left > 0) {
    std::uint64_t rest = 0;
    std::memcpy(&rest, at, left);
    hash = (hash ^ rest) * m;
  }
  return mixed(mixed(hash) * m);
}

}  // namespace kumasim::sim::proxy
