/// Virtual addresses of a mesh: which name has which address and what is behind its ports.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "reference-cp/xds/endpoint.hpp"

namespace kumasim::cp {

/// What a virtual address was made for; the order is the order of allocation.
enum class VipKind : std::uint8_t {
  service,  ///< a kuma.io/service
  host,     ///< the host of an ExternalService
  fqdn,     ///< a VirtualOutbound's or a gateway's name
};

struct VipOutbound {
  std::uint32_t port = 0;  ///< 0: only the general VIP port
  Tags tags;
  std::string origin;
  auto operator<=>(const VipOutbound&) const = default;
};

struct VipEntry {
  VipKind kind = VipKind::service;
  std::string name;
  std::string address;  ///< empty: none is left
  std::vector<VipOutbound> outbounds;
  auto operator<=>(const VipEntry&) const = default;
};

/// Ordered by kind and name.
using VipTable = std::vector<VipEntry>;

/// Names that resolve to an address.
struct VipDomains {
  std::string address;
  std::vector<std::string> domains;
};

}  // namespace kumasim::cp
