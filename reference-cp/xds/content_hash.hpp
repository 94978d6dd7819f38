/// A 128-bit hash that names content: equal on every platform, no defence against an adversary.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kumasim::cp {

/// Two FNV-1a lanes with different primes, each mixed at the end. Parts are framed by their length.
class ContentHash {
 public:
  void add(std::string_view part) {
    std::uint64_t size = part.size();
    for (int i = 0; i < 8; ++i) step(static_cast<unsigned char>(size >> (8 * i)));
    for (unsigned char c : part) step(c);
  }

  std::string hex() const {
    std::string text(32, '0');
    put(text, 0, mix(a_));
    put(text, 16, mix(b_));
    return text;
  }

 private:
  void step(unsigned char c) {
    a_ = (a_ ^ c) * 0x100000001b3u;
    b_ = (b_ + c) * 0x9e3779b97f4a7c15u;
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
