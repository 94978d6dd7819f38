/// A host and a port, as the network names its ends.
#pragma once

#include <cstdint>
#include <string>

namespace kumasim {

/// `host` is a name or an IP address without brackets.
struct Address {
  std::string host;
  std::uint16_t port = 0;
  auto operator<=>(const Address&) const = default;
};

inline std::string to_string(const Address& address) {
  auto v6 = address.host.find(':') != std::string::npos;
  auto host = v6 ? "[" + address.host + "]" : address.host;
  return host + ":" + std::to_string(address.port);
}

}  // namespace kumasim
