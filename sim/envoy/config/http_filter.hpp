/// The HTTP filters that the interpreter runs; filters that do not touch what a call comes to are kept by name only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kumasim/runtime/time.hpp"
#include "sim/envoy/config/rbac.hpp"
#include "sim/envoy/config/token_limit.hpp"

namespace google::protobuf {
class Any;
}
namespace envoy::type::v3 {
class FractionalPercent;
}

namespace kumasim::sim::proxy {

/// n of `per` calls.
struct Fraction {
  std::uint64_t count = 0;
  std::uint64_t per = 100;
  static Fraction of(const ::envoy::type::v3::FractionalPercent& percent);
};

struct FaultFilter {
  Duration delay = {};
  Fraction delay_share;
  int abort_status = 0;
  Fraction abort_share;
  std::uint64_t response_bytes_per_second = 0;  ///< zero: as fast as it comes
  Fraction response_share;
  std::vector<HeaderMatch> headers;
};

struct RateLimitFilter : TokenLimit {
  Fraction enabled;
  Fraction enforced;
  int status = 429;
  Headers response_headers;
};

struct RouterFilter {};
struct GrpcStatsFilter {};  ///< of a cluster as a whole, not by method
struct PassFilter {};       ///< present in Envoy, without effect on a simulated call
struct DisabledFilter {};

/// One filter of a chain, or what a route puts in its place.
struct HttpFilter {
  std::string name;
  std::variant<PassFilter, RouterFilter, RbacFilter, FaultFilter, RateLimitFilter, GrpcStatsFilter, DisabledFilter>
      what;
};
using HttpFilterPtr = std::shared_ptr<const HttpFilter>;
using FilterOverrides = std::map<std::string, HttpFilterPtr>;

Checked<HttpFilterPtr> compile_http_filter(const std::string& name, const ::google::protobuf::Any& config);

/// An entry of typed_per_filter_config.
Checked<HttpFilterPtr> compile_override(const std::string& name, const ::google::protobuf::Any& config);

}  // namespace kumasim::sim::proxy
