/// Where a service can be reached: one address with its tags, weight and locality.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "reference-cp/xds/kri.hpp"

namespace kumasim::cp {

using Tags = std::map<std::string, std::string, std::less<>>;

/// Zone and sub-zone for Envoy's locality; priority 0 is tried first.
struct Locality {
  std::string zone;
  std::string sub_zone;
  std::uint32_t priority = 0;
  std::uint32_t weight = 0;
  auto operator<=>(const Locality&) const = default;
};

/// How a service outside of the mesh is reached; see ExternalService and MeshExternalService.
struct ExternalTarget {
  std::string protocol;
  bool tls_enabled = false;
  bool fallback_to_system_ca = false;
  std::string ca_certificate, client_certificate, client_key;
  bool allow_renegotiation = false;
  bool skip_hostname_verification = false;
  std::string server_name;
  Kri owner;  ///< the MeshExternalService, empty for an ExternalService
  auto operator<=>(const ExternalTarget&) const = default;
};

struct Endpoint {
  std::string address;
  std::string unix_path;  ///< instead of address and port
  std::uint32_t port = 0;
  Tags tags;
  std::uint32_t weight = 1;
  std::optional<Locality> locality;
  std::optional<ExternalTarget> external;

  /// Every given tag is there with that value ("*" matches any value of a tag that is there).
  bool matches(const Tags& selector) const;
  std::string protocol() const;
  auto operator<=>(const Endpoint&) const = default;
};

}  // namespace kumasim::cp
