/// How slowly a fault delivers the body of a response: HTTPFault.response_rate_limit.
#pragma once

#include <cstdint>

#include "kumasim/runtime/time.hpp"

namespace kumasim::sim::proxy {

/// Envoy's StreamRateLimiter (source/extensions/filters/http/common): a bucket of bytes that holds what one second
/// brings and fills evenly. The filter makes it when the request comes, with what 50 ms bring, and takes from it when
/// the body comes and each 50 ms from then on, until the body is through. Headers are not held up.
struct ResponsePace {
  std::uint64_t bytes_per_second = 0;  ///< at least 1
  MonotonicTime since = {};            ///< when the request came

  /// How long after `now`, when the whole body has come, its last byte is passed on; a multiple of 50 ms.
  Duration wait(std::uint64_t bytes, MonotonicTime now) const;
};

}  // namespace kumasim::sim::proxy
