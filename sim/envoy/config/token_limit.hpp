/// A token bucket as configured: envoy.type.v3.TokenBucket.
#pragma once

#include <cstdint>

#include "kumasim/runtime/time.hpp"
#include "sim/envoy/config/checked.hpp"

namespace envoy::type::v3 {
class TokenBucket;
}

namespace kumasim::sim::proxy {

struct TokenLimit {
  std::uint64_t tokens_max = 0;  ///< zero: nothing is let through
  std::uint64_t tokens_per_fill = 1;
  Duration fill_interval = {};  ///< zero: no bucket, nothing is limited
  auto operator<=>(const TokenLimit&) const = default;

  /// Refuses what Envoy's LocalRateLimiterImpl does: fills that follow each other in less than 50 ms.
  static Checked<TokenLimit> compile(const ::envoy::type::v3::TokenBucket& bucket);
};

}  // namespace kumasim::sim::proxy
