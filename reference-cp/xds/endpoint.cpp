#include "reference-cp/xds/endpoint.hpp"

#include "reference-cp/xds/protocol.hpp"

namespace kumasim::cp {

bool Endpoint::matches(const Tags& selector) const {
  for (const auto& [key, value] : selector) {
    auto found = tags.find(key);
    if (found == tags.end() || (value != "*" && found->second != value)) return false;
  }
  return true;
}

std::string Endpoint::protocol() const {
  if (external && !external->protocol.empty()) return external->protocol;
  auto found = tags.find("kuma.io/protocol");
  return parse_protocol(found == tags.end() ? std::string_view() : std::string_view(found->second));
}

}  // namespace kumasim::cp
