/// Draws from laws without floating point.
#include "kumasim/sim/delay_law.hpp"

#include <algorithm>
#include <bit>

namespace kumasim::sim {
namespace {

// Fixed point with 32 fraction bits.
constexpr int fraction_bits = 32;
constexpr std::int64_t one = std::int64_t{1} << fraction_bits;
constexpr std::int64_t ln_2 = 2'977'044'472;      // ln 2
constexpr std::int64_t z_of_p99 = 9'991'604'209;  // 2.3263478740: the 99th percentile of the normal law

std::int64_t multiply(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<__int128>(a) * b >> fraction_bits);
}

/// Base-2 logarithm of a positive integer, bit by bit by squaring.
std::int64_t log2(std::uint64_t value) {
  auto whole = 63 - std::countl_zero(value);
  auto mantissa = whole >= 31 ? value >> (whole - 31) : value << (31 - whole);  // in [2^31, 2^32)
  auto result = static_cast<std::int64_t>(whole) << fraction_bits;
  for (auto bit = one / 2; bit > one >> 25; bit /= 2) {
    mantissa = mantissa * mantissa >> 31;
    if (mantissa >= std::uint64_t{1} << 32) {
      mantissa >>= 1;
      result += bit;
    }
  }
  return result;
}

/// 2^exponent for exponents in [-32, 30): the power series of e^x over the fraction, then a shift.
std::int64_t exp2(std::int64_t exponent) {
  auto whole = exponent >> fraction_bits;
  auto x = multiply(exponent - (whole << fraction_bits), ln_2);
  auto term = one;
  auto sum = one;
  for (int n = 1; n <= 12; ++n) {
    term = multiply(term, x) / n;
    sum += term;
  }
  return whole >= 0 ? sum << whole : sum >> -whole;
}

/// Standard normal, as the sum of twelve uniform draws.
std::int64_t draw_normal(Random& random) {
  std::int64_t sum = -6 * one;
  for (int i = 0; i < 12; ++i) sum += static_cast<std::int64_t>(random.next() >> 32);
  return sum;
}

}  // namespace

Duration DelayLaw::draw_other(Random& random) const {
  switch (law_) {
    case Law::constant: return a_;
    case Law::uniform: break;
    case Law::exponential: {
      auto draw = random.next();
      auto minus_ln = multiply(64 * one - log2(draw | 1), ln_2);
      return Duration(multiply(a_.count(), minus_ln));
    }
    case Law::lognormal: {
      auto spread = log2(static_cast<std::uint64_t>(b_.count())) - log2(static_cast<std::uint64_t>(a_.count()));
      auto z = draw_normal(random);
      auto exponent = static_cast<std::int64_t>(static_cast<__int128>(z) * spread / z_of_p99);
      constexpr auto exponent_max = 29 * one;
      if (exponent > exponent_max) exponent = exponent_max;
      if (exponent < -exponent_max) exponent = -exponent_max;
      return Duration(multiply(a_.count(), exp2(exponent)));
    }
    case Law::normal: return std::max(a_ + Duration(multiply(b_.count(), draw_normal(random))), Duration(0));
    case Law::bimodal: return random.below(1'000'000) < b_ppm_ ? b_ : a_;
    case Law::trace: return (*measured_)[random.below(measured_->size())];
  }
  return a_;
}

}  // namespace kumasim::sim
