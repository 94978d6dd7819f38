/// Names that Kuma gives to Envoy's resources, statistics, server names and identities.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reference-cp/xds/endpoint.hpp"

namespace kumasim::cp::envoy {

/// "10.0.0.1:80", "[::1]:80".
std::string host_port(std::string_view address, std::uint32_t port);
std::string inbound_listener_name(std::string_view address, std::uint32_t port);
std::string outbound_listener_name(std::string_view address, std::uint32_t port);
/// "localhost:8080": the cluster of the application behind an inbound.
std::string local_cluster_name(std::uint32_t port);

/// Everything but letters, digits, '_' and '-' becomes '_', so that StatsD and Prometheus keep their tags.
std::string sanitize_metric(std::string_view name);

/// Tags without some keys.
Tags without(Tags tags, std::string_view key);
/// "a=1,b=2" in the order of the keys.
std::string to_string(const Tags& tags);

/// A service alone keeps its name; with further tags a hash of them is added: `backend-<16 hex digits>`.
std::string split_cluster_name(const Tags& tags);
/// The service of a name made by split_cluster_name.
std::string service_of_cluster(std::string_view cluster);

/// Server name by which a legacy service is asked for through mutual TLS: `backend{mesh=default,version=1}`.
std::string sni(const Tags& tags, const std::string& mesh);
/// Server name of a Mesh*Service's port.
std::string sni_of_resource(std::string_view name, std::string_view mesh, std::string_view kind, std::uint32_t port);

/// Names of what a proxy has for itself, where resources are named in the unified way.
namespace unified {
/// `kind`: the short name of the proxy's kind.
std::string inbound(std::uint32_t service_port, std::string_view kind = "dp");
std::string passthrough(std::string_view direction, int ip_version);
inline constexpr char admin[] = "system_envoy_admin";
inline constexpr char readiness[] = "system_probe_readiness";
inline constexpr char dynamic_config[] = "system_dynamicconfig";
inline constexpr char dns[] = "system_dns";
std::string identity_secret(std::string_view mesh);
std::string ca_secret(std::string_view mesh);
}  // namespace unified

std::string spiffe_id(std::string_view mesh, std::string_view service);
std::string spiffe_prefix(std::string_view mesh);
std::string identity_secret_name(std::string_view mesh);
std::string ca_secret_name(std::string_view mesh);

/// Carries the tags of the calling proxy where a policy of the callee needs them.
inline constexpr std::string_view tags_header = "x-kuma-tags";

}  // namespace kumasim::cp::envoy
