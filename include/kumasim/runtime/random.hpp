/// Chance, handed over: operating-system entropy in production, the process's own seeded stream in simulation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace kumasim {

/// Laws are integer arithmetic, so that they give the same on every compiler and standard library.
/// Draw once a statement: the order in which two draws of one expression are evaluated is unspecified.
class Random {
 public:
  virtual ~Random() = default;

  virtual void fill(std::span<std::byte> bytes) = 0;

  virtual std::uint64_t next() {
    std::byte bytes[sizeof(std::uint64_t)];
    fill(bytes);
    std::uint64_t value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }

  /// Uniform in [0, n); 0 for n = 0. The bias is below n / 2^64.
  std::uint64_t below(std::uint64_t n) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * n) >> 64);
  }
};

}  // namespace kumasim
