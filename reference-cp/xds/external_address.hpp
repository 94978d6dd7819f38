/// Host and port of an ExternalService.
#pragma once

#include <cstdint>
#include <string>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp {

struct ExternalAddress {
  std::string host;
  std::uint32_t port = 0;
};

/// `networking.address` is HOST:PORT, an IPv6 host in brackets; the validator has seen to that.
inline ExternalAddress external_address(const Resource& service) {
  std::string text = text_at(service.spec, "networking", "address");
  std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {text, 0};
  ExternalAddress result{text.substr(0, colon), 0};
  if (result.host.size() > 1 && result.host.front() == '[') result.host = result.host.substr(1, result.host.size() - 2);
  for (char c : text.substr(colon + 1))
    if (c >= '0' && c <= '9' && result.port <= 65535)
      result.port = result.port * 10 + static_cast<std::uint32_t>(c - '0');
  return result;
}

}  // namespace kumasim::cp
