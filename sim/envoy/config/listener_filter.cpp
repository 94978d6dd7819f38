#include "sim/envoy/config/listener_filter.hpp"

#include <algorithm>

#include "envoy/config/listener/v3/listener_components.pb.h"

namespace kumasim::sim::proxy {

ListenerFilterOff ListenerFilterOff::of(const ::envoy::config::listener::v3::ListenerFilter& filter) {
  return filter.has_filter_disabled() ? compile(filter.filter_disabled()) : ListenerFilterOff();
}

ListenerFilterOff ListenerFilterOff::compile(
    const ::envoy::config::listener::v3::ListenerFilterChainMatchPredicate& predicate) {
  using P = ::envoy::config::listener::v3::ListenerFilterChainMatchPredicate;
  ListenerFilterOff out;
  auto parts = [&](Kind kind, const auto& rules) {
    out.kind_ = kind;
    for (const auto& rule : rules) out.parts_.push_back(compile(rule));
  };
  switch (predicate.rule_case()) {
    case P::kOrMatch: parts(Kind::any_of, predicate.or_match().rules()); break;
    case P::kAndMatch: parts(Kind::all_of, predicate.and_match().rules()); break;
    case P::kNotMatch:
      out.kind_ = Kind::negate;
      out.parts_.push_back(compile(predicate.not_match()));
      break;
    case P::kAnyMatch: out.kind_ = predicate.any_match() ? Kind::always : Kind::never; break;
    case P::kDestinationPortRange:
      out.kind_ = Kind::ports;
      out.from_ = predicate.destination_port_range().start();
      out.until_ = predicate.destination_port_range().end();
      break;
    default: break;
  }
  return out;
}

bool ListenerFilterOff::matches(std::uint16_t port) const {
  auto hit = [&](const ListenerFilterOff& part) { return part.matches(port); };
  switch (kind_) {
    case Kind::never: return false;
    case Kind::always: return true;
    case Kind::ports: return port >= from_ && port < until_;
    case Kind::any_of: return std::any_of(parts_.begin(), parts_.end(), hit);
    case Kind::all_of: return std::all_of(parts_.begin(), parts_.end(), hit);
    case Kind::negate: return !parts_.front().matches(port);
  }
  return false;
}

}  // namespace kumasim::sim::proxy
