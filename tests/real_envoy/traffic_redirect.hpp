/// Transparent redirection in a network, as Kuma's `iptables` rules do it for outgoing connections.
#pragma once

#include <cstdint>

#include "kumasim/runtime/error.hpp"

namespace kumasim::test {

/// Of sockets whose connections are redirected (SO_MARK): those of clients, not Envoy's own.
inline constexpr std::uint32_t redirected_mark = 1;

/// From now on marked connections end at `port` of loopback, whatever their destination; SO_ORIGINAL_DST tells it. To
/// be called inside of the network, once. unsupported where the kernel has no nftables.
Result<> redirect_marked(std::uint16_t port);

}  // namespace kumasim::test
