/// A random stream from a seed: splitmix64, the same on every compiler.
#pragma once

#include <cstring>

#include "kumasim/runtime/random.hpp"

namespace kumasim::sim {

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() override {
    auto z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }

  void fill(std::span<std::byte> bytes) override {
    while (!bytes.empty()) {
      auto word = next();
      auto part = bytes.size() < sizeof word ? bytes.size() : sizeof word;
      std::memcpy(bytes.data(), &word, part);
      bytes = bytes.subspan(part);
    }
  }

 private:
  std::uint64_t state_;
};

}  // namespace kumasim::sim
