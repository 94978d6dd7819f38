/// When a listener filter is left out: the predicate of `filter_disabled`.
#pragma once

#include <cstdint>
#include <vector>

namespace envoy::config::listener::v3 {
class ListenerFilter;
class ListenerFilterChainMatchPredicate;
}  // namespace envoy::config::listener::v3

namespace kumasim::sim::proxy {

class ListenerFilterOff {
 public:
  /// Never.
  ListenerFilterOff() = default;
  static ListenerFilterOff of(const ::envoy::config::listener::v3::ListenerFilter& filter);

  bool matches(std::uint16_t destination_port) const;

 private:
  enum class Kind : std::uint8_t { never, always, ports, any_of, all_of, negate };
  static ListenerFilterOff compile(const ::envoy::config::listener::v3::ListenerFilterChainMatchPredicate& predicate);

  Kind kind_ = Kind::never;
  std::int32_t from_ = 0, until_ = 0;  ///< half open
  std::vector<ListenerFilterOff> parts_;
};

}  // namespace kumasim::sim::proxy
