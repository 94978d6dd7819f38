#include "sim/envoy/config/http_filter.hpp"

#include <algorithm>

#include "envoy/config/route/v3/route_components.pb.h"
#include "envoy/extensions/filters/http/fault/v3/fault.pb.h"
#include "envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.pb.h"
#include "envoy/extensions/filters/http/rbac/v3/rbac.pb.h"
#include "envoy/extensions/filters/http/router/v3/router.pb.h"
#include "sim/envoy/config/extensions.hpp"
#include "sim/envoy/config/proto_time.hpp"
#include "sim/envoy/config/string_match.hpp"
#include "sim/envoy/config/validate.hpp"

namespace kumasim::sim::proxy {
namespace {

namespace http = ::envoy::extensions::filters::http;

Checked<RbacFilter> compile_rbac(const http::rbac::v3::RBAC& rbac) {
  RbacFilter out;
  auto take = [](auto& slot, auto&& engine) -> Checked<> {
    if (!engine) return refuse(engine.error());
    slot = std::move(*engine);
    return {};
  };
  Checked<> ok;
  if (rbac.has_matcher())
    ok = take(out.rules, RbacEngine::compile(rbac.matcher()));
  else if (rbac.has_rules())
    ok = take(out.rules, RbacEngine::compile(rbac.rules()));
  if (ok && rbac.has_shadow_matcher())
    ok = take(out.shadow, RbacEngine::compile(rbac.shadow_matcher()));
  else if (ok && rbac.has_shadow_rules())
    ok = take(out.shadow, RbacEngine::compile(rbac.shadow_rules()));
  if (!ok) return refuse(ok.error());
  out.stat_prefix = rbac.rules_stat_prefix();
  return out;
}

Checked<FaultFilter> compile_fault(const http::fault::v3::HTTPFault& fault) {
  FaultFilter out;
  if (fault.has_delay() && fault.delay().has_fixed_delay()) {
    out.delay = to_duration(fault.delay().fixed_delay());
    out.delay_share = Fraction::of(fault.delay().percentage());
  }
  if (fault.has_abort()) {
    out.abort_status = static_cast<int>(fault.abort().http_status());
    out.abort_share = Fraction::of(fault.abort().percentage());
  }
  if (fault.has_response_rate_limit() && fault.response_rate_limit().has_fixed_limit()) {
    // "limit_kbps" counts KiB/s (Envoy: StreamRateLimiter::kiloBytesToBytes); what is beyond 1 TiB/s is none.
    auto limit = std::min<std::uint64_t>(fault.response_rate_limit().fixed_limit().limit_kbps(), 1ull << 30);
    out.response_bytes_per_second = limit * 1024;
    out.response_share = Fraction::of(fault.response_rate_limit().percentage());
  }
  for (const auto& header : fault.headers()) {
    auto match = HeaderMatch::compile(header);
    if (!match) return refuse(match.error());
    out.headers.push_back(std::move(*match));
  }
  return out;
}

Checked<RateLimitFilter> compile_limit(const http::local_ratelimit::v3::LocalRateLimit& limit) {
  RateLimitFilter out;
  if (limit.has_token_bucket()) {
    auto bucket = TokenLimit::compile(limit.token_bucket());
    if (!bucket) return refuse(bucket.error());
    static_cast<TokenLimit&>(out) = *bucket;
  }
  // Without a fraction the filter is off, respectively enforces nothing (Envoy: both default to 0 %).
  out.enabled = Fraction::of(limit.filter_enabled().default_value());
  out.enforced = Fraction::of(limit.filter_enforced().default_value());
  if (limit.has_status() && limit.status().code() >= 400) out.status = static_cast<int>(limit.status().code());
  for (const auto& h : limit.response_headers_to_add())
    out.response_headers.emplace_back(lowered(h.header().key()), h.header().value());
  return out;
}

template <class What>
Checked<HttpFilterPtr> made(const std::string& name, Checked<What> what) {
  if (!what) return refuse(what.error());
  return std::make_shared<const HttpFilter>(HttpFilter{name, std::move(*what)});
}

template <class Message, class Compile>
auto unpacked(const ::google::protobuf::Any& config, Compile compile) -> decltype(compile(Message())) {
  Message message;
  if (auto ok = unpack(config, message); !ok) return refuse(ok.error());
  return compile(message);
}

}  // namespace

Fraction Fraction::of(const ::envoy::type::v3::FractionalPercent& percent) {
  using P = ::envoy::type::v3::FractionalPercent;
  std::uint64_t per = percent.denominator() == P::MILLION        ? 1'000'000
                      : percent.denominator() == P::TEN_THOUSAND ? 10'000
                                                                 : 100;
  return {percent.numerator(), per};
}

Checked<HttpFilterPtr> compile_http_filter(const std::string& name, const ::google::protobuf::Any& config) {
  if (auto ok = known_extension(ExtensionCategory::http_filter, name, config.type_url()); !ok)
    return refuse(ok.error());
  auto type = type_name(config.type_url());
  if (type == "envoy.extensions.filters.http.router.v3.Router")
    return made(name, unpacked<http::router::v3::Router>(
                          config, [](const auto&) { return Checked<RouterFilter>(RouterFilter{}); }));
  if (type == "envoy.extensions.filters.http.rbac.v3.RBAC")
    return made(name, unpacked<http::rbac::v3::RBAC>(config, compile_rbac));
  if (type == "envoy.extensions.filters.http.fault.v3.HTTPFault")
    return made(name, unpacked<http::fault::v3::HTTPFault>(config, compile_fault));
  if (type == "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit")
    return made(name, unpacked<http::local_ratelimit::v3::LocalRateLimit>(config, compile_limit));
  if (type == "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig")
    return made(name, Checked<GrpcStatsFilter>(GrpcStatsFilter{}));
  return made(name, Checked<PassFilter>(PassFilter{}));
}

Checked<HttpFilterPtr> compile_override(const std::string& name, const ::google::protobuf::Any& config) {
  auto type = type_name(config.type_url());
  if (type == "envoy.config.route.v3.FilterConfig") {
    ::envoy::config::route::v3::FilterConfig wrapper;
    if (auto ok = unpack(config, wrapper); !ok) return refuse(ok.error());
    if (wrapper.disabled()) return made(name, Checked<DisabledFilter>(DisabledFilter{}));
    if (!wrapper.has_config()) return made(name, Checked<PassFilter>(PassFilter{}));
    return compile_override(name, wrapper.config());
  }
  if (type == "envoy.extensions.filters.http.rbac.v3.RBACPerRoute") {
    http::rbac::v3::RBACPerRoute rbac;
    if (auto ok = unpack(config, rbac); !ok) return refuse(ok.error());
    return made(name, rbac.has_rbac() ? compile_rbac(rbac.rbac()) : Checked<RbacFilter>(RbacFilter{}));
  }
  if (type == "envoy.extensions.filters.http.fault.v3.HTTPFault")
    return made(name, unpacked<http::fault::v3::HTTPFault>(config, compile_fault));
  if (type == "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit")
    return made(name, unpacked<http::local_ratelimit::v3::LocalRateLimit>(config, compile_limit));
  return made(name, Checked<PassFilter>(PassFilter{}));
}

}  // namespace kumasim::sim::proxy
