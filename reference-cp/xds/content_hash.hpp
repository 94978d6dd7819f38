/// A 128-bit hash that names content: equal on every platform, no defence against an adversary.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace kumasim::cp {

/// Two lanes with different multipliers, over words of eight bytes (the last one filled up with zeros), each mixed at
/// the end. Parts are framed by their length.
class ContentHash {
 public:
  void add(std::string_view part) {
    step(part.size());
    for (; part.size() > word_bytes; part.remove_prefix(word_bytes)) step(word(part.data(), word_bytes));
    if (!part.empty()) step(word(part.data(), part.size()));
  }

  std::string hex() const {
    std::string text(32, '0');
    put(text, 0, mix(a_));
    put(text, 16, mix(b_));
    return text;
  }

 private:
  static constexpr std::size_t word_bytes = 8;

  static std::uint64_t word(const char* bytes, std::size_t count) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes, count);
    return std::endian::native == std::endian::big ? std::byteswap(value) : value;
  }
  /// For each word a permutation of either lane, which carries high bits down again.
  void step(std::uint64_t value) {
    a_ = (a_ ^ value) * 0xff51afd7ed558ccdu;
    a_ ^= a_ >> 32;
    b_ = (b_ + value) * 0x9e3779b97f4a7c15u;
    b_ ^= b_ >> 29;
  }
  static std::uint64_t mix(std::uint64_t h) {
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return h ^ (h >> 33);
  }
  static void put(std::string& text, std::size_t at, std::uint64_t value) {
    for (int i = 15; i >= 0; --i, value >>= 4) text[at + static_cast<std::size_t>(i)] = "0123456789abcdef"[value & 15];
  }

  std::uint64_t a_ = 0xcbf29ce484222325u;
  std::uint64_t b_ = 0x2545f4914f6cdd1du;
};

}  // namespace kumasim::cp
