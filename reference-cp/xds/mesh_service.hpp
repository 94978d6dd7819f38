/// Reading a MeshService: its ports, its names, which inbounds it selects; and a MeshExternalService or
/// MeshMultiZoneService where they have the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/xds/kri.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp {

/// The resource has each of these labels with that value.
bool has_labels(const Resource& resource, const Tags& labels);

struct ServicePort {
  std::string name;  ///< the port's number where it has no name
  std::uint32_t port = 0;
  std::optional<std::uint32_t> target_number;
  std::string target_name;
  std::string protocol;  ///< appProtocol; tcp where there is none

  bool selects(const Inbound& inbound) const;
};

namespace mesh_service {

/// A MeshExternalService has one, its `match`.
std::vector<ServicePort> ports(const Resource& service);
/// By its name or its number, as a reference's section names it.
std::optional<ServicePort> find_port(const Resource& service, std::string_view section);
/// Made in this zone, not synchronised from another one.
bool is_local(const Resource& service);
/// Kuma's name for the clusters of a port: `mesh_name_namespace_zone_msvc_port`.
std::string destination_name(const Resource& service, const ServicePort& port);
/// The same from a KRI.
std::string destination_name(const Kri& kri, std::uint32_t port);
/// Chooses a Dataplane by `selector.dataplaneRef` or `selector.dataplaneTags`.
bool selects(const Resource& service, const Resource& dataplane);
/// First part of the server name that its clusters ask for.
std::string sni_name(const Resource& service, const std::string& system_namespace);
/// The MeshServices that a MeshMultiZoneService's status names, in its order.
std::vector<Kri> named(const Resource& combined);
/// Those of them that exist.
std::vector<const Resource*> matched(const MeshView& mesh, const Resource& combined);
/// Addresses in `status.vips`; in `status.vip` of a MeshExternalService.
std::vector<std::string> vips(const Resource& service);
/// Hostnames in `status.addresses`.
std::vector<std::string> hostnames(const Resource& service);
bool tls_ready(const Resource& service);
/// The kuma.io/service values in `spec.identities`.
std::vector<std::string> service_tag_identities(const Resource& service);
/// Those of every MeshService behind a MeshMultiZoneService, each once, in order.
std::vector<std::string> combined_identities(const MeshView& mesh, const Resource& combined);
/// All of `spec.identities` as URIs of certificates, in their order: SPIFFE IDs, and those that kuma.io/service values
/// have under the mesh's own mutual TLS.
std::vector<std::string> identity_uris(const MeshView& mesh, const Resource& service);
/// What Kuma takes for those of every MeshService behind a MeshMultiZoneService: of a kuma.io/service the value alone.
std::vector<std::string> combined_identity_uris(const MeshView& mesh, const Resource& combined);
/// The kinds of destinations, in Kuma's order of allocation.
inline constexpr std::string_view kinds[] = {"MeshService", "MeshExternalService", "MeshMultiZoneService"};

}  // namespace mesh_service
}  // namespace kumasim::cp
