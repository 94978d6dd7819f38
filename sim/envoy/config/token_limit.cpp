#include "sim/envoy/config/token_limit.hpp"

#include "envoy/type/v3/token_bucket.pb.h"
#include "sim/envoy/config/proto_time.hpp"

namespace kumasim::sim::proxy {

Checked<TokenLimit> TokenLimit::compile(const ::envoy::type::v3::TokenBucket& bucket) {
  TokenLimit out;
  out.tokens_max = bucket.max_tokens();
  if (bucket.has_tokens_per_fill()) out.tokens_per_fill = bucket.tokens_per_fill().value();
  out.fill_interval = to_duration(bucket.fill_interval());
  if (out.fill_interval < std::chrono::milliseconds(50))
    return refuse("local rate limit token bucket fill timer must be >= 50ms");
  return out;
}

}  // namespace kumasim::sim::proxy
