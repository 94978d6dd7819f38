/// One proxy as generation sees it: its Dataplane, what its Envoy said of itself, its identity, and what follows from
/// these.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/xds/endpoint.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/workload_identity.hpp"

namespace kumasim::cp {

/// What the Envoy node's metadata carries (written by the bootstrap, sent back in the first discovery request).
struct NodeMetadata {
  std::string proxy_type = "dataplane";  ///< dataplane, ingress, egress
  std::uint32_t admin_port = 0;
  std::string admin_address;
  std::uint32_t readiness_port = 0;
  bool app_probe_proxy = false;
  std::uint32_t dns_port = 0;
  std::set<std::string, std::less<>> features;
  std::string workdir, metrics_cert_path, metrics_key_path, system_ca_path;
  bool ipv6_enabled = true;
  std::string kuma_dp_version, envoy_version;
  std::map<std::string, std::string> dynamic;  ///< dynamicMetadata
  std::string transparent_proxy;               ///< the JSON of `transparentProxy`, empty where it is not given
  std::string dataplane;                       ///< `dataplane.resource` as text (the proxy brings its own Dataplane)

  bool has(std::string_view feature) const { return features.contains(feature); }
  /// From the node metadata as canonical protobuf JSON (an object); what is missing or of a wrong type keeps its
  /// default.
  static NodeMetadata from_json(std::string_view json);
};

/// Certificates that the proxy is to hold, made outside of generation (reference-cp/identity).
struct ProxyIdentity {
  std::string certificate_pem;  ///< leaf first
  std::string key_pem;
  std::map<std::string, std::string> ca_bundles;  ///< mesh name -> PEM of its CA certificates
  /// Those of all meshes together: for a gateway that other meshes may reach.
  std::string all_cas_pem = {};
  /// Of the admin listener: the control plane's admin CA and a server certificate for the proxy's address. Without them
  /// the listener answers readiness only.
  std::string admin_ca_pem = {}, admin_certificate_pem = {}, admin_key_pem = {};
  /// What a MeshIdentity gives the proxy, beside the certificate of the mesh's own mutual TLS.
  std::optional<WorkloadIdentity> workload = {};
  bool empty() const { return certificate_pem.empty(); }
};

/// One `networking.inbound`, with Kuma's defaults applied.
struct Inbound {
  std::size_t index = 0;  ///< in the Dataplane's list
  std::string name;
  std::string address;  ///< where the proxy listens
  std::uint32_t port = 0;
  std::string service_address;  ///< where the application listens
  std::uint32_t service_port = 0;
  std::string protocol;  ///< of the kuma.io/protocol tag; tcp where there is none
  std::string service;   ///< kuma.io/service
  Tags tags;
  bool ready = true;
  bool serviceless = false;  ///< stands for a workload without a port (port 49151); it gets no listener
};

/// One place where the application can reach a destination through the proxy: `networking.outbound`, or a VIP.
struct Outbound {
  std::string address;  ///< 127.0.0.1 where the Dataplane names none
  std::uint32_t port = 0;
  Tags tags;     ///< of a legacy outbound (kuma.io/service and others); empty for a resource's
  Kri resource;  ///< the Mesh*Service with its port as section; empty for a legacy one
  bool legacy() const { return resource.empty(); }
  std::string service() const;  ///< kuma.io/service, empty where it has none
  auto operator<=>(const Outbound&) const = default;
};

/// One entry of a (legacy) split: a share of the traffic for endpoints with these tags.
struct RouteDestination {
  std::uint32_t weight = 1;
  Tags destination;
};

/// How traffic of the application is redirected into the proxy.
struct TransparentProxy {
  std::uint32_t redirect_port_inbound = 0;
  std::uint32_t redirect_port_outbound = 0;
  std::uint32_t dns_port = 0;
  bool ipv6 = true;  ///< redirects IPv6 as well: every ip family mode but IPv4
};

struct ProxyView {
  std::string name;  ///< of the Dataplane
  ResourcePtr dataplane;
  NodeMetadata metadata;
  ProxyIdentity identity;

  // What follows from the above and the mesh; made by `proxy_view` below.
  std::vector<Inbound> inbounds;
  std::vector<Outbound> outbounds;
  std::optional<TransparentProxy> transparent_proxy;  ///< nullopt where it is not enabled
  std::string gateway_type;                           ///< "", DELEGATED or BUILTIN
  std::string service;  ///< the identifying service: the first of its kuma.io/service values, or "unknown"
  std::string address;  ///< networking.address
  /// Resources and statistics are named after what they are made from (KRIs), in a mesh of MeshServices only.
  bool unified_naming = false;

  bool has(std::string_view feature) const { return metadata.has(feature); }
  const WorkloadIdentity* workload() const { return identity.workload ? &*identity.workload : nullptr; }
};

/// What a write can change of one proxy: nothing, endpoints only (see EndpointUpdates), everything.
enum class Reach : std::uint8_t { nothing, endpoints, everything };
Reach reach_of(const Affected& affected, const std::string& name, const NodeMetadata& metadata);

/// REQUIRES: `dataplane` is a Dataplane of the view's mesh.
ProxyView proxy_view(const MeshView& mesh, ResourcePtr dataplane, NodeMetadata metadata, ProxyIdentity identity);

}  // namespace kumasim::cp
