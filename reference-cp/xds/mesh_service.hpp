/// Reading a MeshService: its ports, its names, which inbounds it selects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reference-cp/xds/kri.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp {

struct ServicePort {
  std::string name;  ///< the port's number where it has no name
  std::uint32_t port = 0;
  std::optional<std::uint32_t> target_number;
  std::string target_name;
  std::string protocol;  ///< appProtocol; tcp where there is none

  bool selects(const Inbound& inbound) const;
};

namespace mesh_service {

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
/// Addresses in `status.vips`.
std::vector<std::string> vips(const Resource& service);
/// Hostnames in `status.addresses`.
std::vector<std::string> hostnames(const Resource& service);
bool tls_ready(const Resource& service);
/// The kuma.io/service values in `spec.identities`.
std::vector<std::string> service_tag_identities(const Resource& service);

}  // namespace mesh_service
}  // namespace kumasim::cp
