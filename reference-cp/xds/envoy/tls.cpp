#include "reference-cp/xds/envoy/tls.hpp"

#include <envoy/config/core/v3/base.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/tls.pb.h>

#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::envoy {
namespace {

namespace tls = ::envoy::extensions::transport_sockets::tls::v3;

void secret(tls::SdsSecretConfig& config, const std::string& name) {
  config.set_name(name);
  config.mutable_sds_config()->set_resource_api_version(::envoy::config::core::v3::V3);
  config.mutable_sds_config()->mutable_ads();
}

/// Own certificate and a CA; returns where the names to match go.
tls::CertificateValidationContext& mesh_context(tls::CommonTlsContext& common, const MeshSecrets& mesh,
                                                const std::string& ca) {
  auto& combined = *common.mutable_combined_validation_context();
  secret(*combined.mutable_validation_context_sds_secret_config(), ca);
  secret(*common.add_tls_certificate_sds_secret_configs(), mesh.identity());
  return *combined.mutable_default_validation_context();
}

::envoy::type::matcher::v3::StringMatcher& uri(tls::CertificateValidationContext& context) {
  auto& matcher = *context.add_match_typed_subject_alt_names();
  matcher.set_san_type(tls::SubjectAltNameMatcher::URI);
  return *matcher.mutable_matcher();
}

/// By name from the control plane, or from the agent beside the proxy.
void workload_secret(tls::SdsSecretConfig& config, const WorkloadIdentity& identity, const std::string& own,
                     const std::string& of_agent) {
  if (!identity.by_agent) return secret(config, own);
  config.set_name(of_agent);
  config.mutable_sds_config()->set_resource_api_version(::envoy::config::core::v3::V3);
  auto& source = *config.mutable_sds_config()->mutable_api_config_source();
  source.set_api_type(::envoy::config::core::v3::ApiConfigSource::GRPC);
  source.add_grpc_services()->mutable_envoy_grpc()->set_cluster_name(agent_cluster);
}

/// SPIRE's agent names the bundles of all trust domains so.
constexpr char agent_bundles[] = "ALL";

/// Own certificate and all bundles; returns where the names to match go.
tls::CertificateValidationContext& workload_context(tls::CommonTlsContext& common, const WorkloadIdentity& identity) {
  auto& combined = *common.mutable_combined_validation_context();
  workload_secret(*combined.mutable_validation_context_sds_secret_config(), identity, trust_bundle_secret,
                  agent_bundles);
  workload_secret(*common.add_tls_certificate_sds_secret_configs(), identity, identity.kri, identity.spiffe_id);
  return *combined.mutable_default_validation_context();
}

void finish(TransportSocket& socket, const google::protobuf::Message& context) {
  socket.set_name("envoy.transport_sockets.tls");
  pack(context, *socket.mutable_typed_config());
}

}  // namespace

std::string MeshSecrets::identity() const {
  const std::string& holder = own.empty() ? mesh : own;
  return unified_naming ? unified::identity_secret(holder) : identity_secret_name(holder);
}
std::string MeshSecrets::ca() const { return unified_naming ? unified::ca_secret(mesh) : ca_secret_name(mesh); }
std::string MeshSecrets::all_cas() const {
  return unified_naming ? unified::ca_secret("all_meshes") : ca_secret_name("all");
}

void downstream_mesh_tls(TransportSocket& socket, const MeshSecrets& mesh) {
  tls::DownstreamTlsContext context;
  uri(mesh_context(*context.mutable_common_tls_context(), mesh, mesh.ca())).set_prefix(spiffe_prefix(mesh.mesh));
  context.mutable_require_client_certificate()->set_value(true);
  finish(socket, context);
}

void downstream_any_mesh_tls(TransportSocket& socket, const MeshSecrets& mesh) {
  tls::DownstreamTlsContext context;
  mesh_context(*context.mutable_common_tls_context(), mesh, mesh.all_cas());
  context.mutable_require_client_certificate()->set_value(true);
  finish(socket, context);
}

void upstream_mesh_tls(TransportSocket& socket, const MeshSecrets& mesh, std::span<const std::string> services,
                       const std::string& server_name) {
  tls::UpstreamTlsContext context;
  tls::CertificateValidationContext& names = mesh_context(*context.mutable_common_tls_context(), mesh, mesh.ca());
  if (services.empty()) uri(names).set_prefix(spiffe_prefix(mesh.mesh));
  for (const std::string& service : services) uri(names).set_exact(spiffe_id(mesh.mesh, service));
  context.mutable_common_tls_context()->add_alpn_protocols(mesh_alpn);
  context.set_sni(server_name);
  finish(socket, context);
}

void downstream_workload_tls(TransportSocket& socket, const WorkloadIdentity& identity,
                             std::span<const std::string> trust_domains) {
  tls::DownstreamTlsContext context;
  tls::CertificateValidationContext& names = workload_context(*context.mutable_common_tls_context(), identity);
  // The agent says itself whom it believes.
  if (!identity.by_agent)
    for (const std::string& domain : trust_domains) uri(names).set_prefix("spiffe://" + domain);
  context.mutable_require_client_certificate()->set_value(true);
  finish(socket, context);
}

void upstream_workload_tls(TransportSocket& socket, const WorkloadIdentity& identity, std::span<const std::string> uris,
                           const std::string& server_name) {
  tls::UpstreamTlsContext context;
  tls::CertificateValidationContext& names = workload_context(*context.mutable_common_tls_context(), identity);
  for (const std::string& one : uris) uri(names).set_exact(one);
  context.mutable_common_tls_context()->add_alpn_protocols(mesh_alpn);
  context.set_sni(server_name);
  finish(socket, context);
}

void admin_tls(TransportSocket& socket, const ProxyIdentity& identity) {
  tls::DownstreamTlsContext context;
  auto& common = *context.mutable_common_tls_context();
  auto& certificate = *common.add_tls_certificates();
  certificate.mutable_certificate_chain()->set_inline_bytes(identity.admin_certificate_pem);
  certificate.mutable_private_key()->set_inline_bytes(identity.admin_key_pem);
  auto& validation = *common.mutable_validation_context();
  validation.mutable_trusted_ca()->set_inline_bytes(identity.admin_ca_pem);
  auto& name = *validation.add_match_typed_subject_alt_names();
  name.set_san_type(tls::SubjectAltNameMatcher::DNS);
  name.mutable_matcher()->set_exact("kuma-cp");
  context.mutable_require_client_certificate()->set_value(true);
  finish(socket, context);
}

void file_tls(TransportSocket& socket, const std::string& certificate_path, const std::string& key_path) {
  tls::DownstreamTlsContext context;
  auto& certificate = *context.mutable_common_tls_context()->add_tls_certificates();
  certificate.mutable_certificate_chain()->set_filename(certificate_path);
  certificate.mutable_private_key()->set_filename(key_path);
  finish(socket, context);
}

}  // namespace kumasim::cp::envoy
