/// TLS contexts between the proxies of a mesh, and of the admin listener.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace envoy::config::core::v3 {
class TransportSocket;
}

namespace kumasim::cp {
struct ProxyIdentity;
struct WorkloadIdentity;
}

namespace kumasim::cp::envoy {

using TransportSocket = ::envoy::config::core::v3::TransportSocket;

/// The protocol that clients of the mesh announce, so that a permissive inbound can tell them from an application's own
/// TLS.
inline constexpr char mesh_alpn[] = "kuma";

/// A mesh, and how its secrets are named.
struct MeshSecrets {
  std::string mesh;
  bool unified_naming = false;
  std::string own = {};  ///< of the proxy that talks to this mesh, where it is of another one
  std::string identity() const;
  std::string ca() const;
  /// Of all meshes together.
  std::string all_cas() const;
};

/// A server of the mesh: own certificate and CA over SDS, clients must show an identity of the mesh.
void downstream_mesh_tls(TransportSocket& socket, const MeshSecrets& mesh);

/// The same, for clients of any mesh.
void downstream_any_mesh_tls(TransportSocket& socket, const MeshSecrets& mesh);

/// A client of the mesh. The server must show one of these identities (kuma.io/service values), or any of the mesh
/// where there are none.
void upstream_mesh_tls(TransportSocket& socket, const MeshSecrets& mesh, std::span<const std::string> services,
                       const std::string& server_name);

/// The secret with the CAs of all trust domains.
inline constexpr char trust_bundle_secret[] = "system_trust_bundle";
/// The cluster of SPIRE's agent, where that hands out the secrets.
inline constexpr char agent_cluster[] = "system_identity_sds-spire-agent";

/// A server with a workload identity: clients must show an identity of one of these trust domains; of any that is
/// believed where there are none.
void downstream_workload_tls(TransportSocket& socket, const WorkloadIdentity& identity,
                             std::span<const std::string> trust_domains);

/// A client with a workload identity. The server must show one of these URIs, or any where there are none.
void upstream_workload_tls(TransportSocket& socket, const WorkloadIdentity& identity, std::span<const std::string> uris,
                           const std::string& server_name);

/// The admin listener: a static certificate; only the control plane (DNS name "kuma-cp") may connect.
void admin_tls(TransportSocket& socket, const ProxyIdentity& identity);

/// A server with a certificate in files on the proxy's host; clients need none.
void file_tls(TransportSocket& socket, const std::string& certificate_path, const std::string& key_path);

}  // namespace kumasim::cp::envoy
