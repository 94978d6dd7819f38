/// What a workload identity's TLS contexts name (Kuma docs, "MeshIdentity" and "MeshTrust").
#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/secret.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config.pb.h>

#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/tls.hpp"
#include "reference-cp/xds/generate/generation.hpp"
#include "reference-cp/xds/mesh_identity.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::generators {
namespace {

namespace tls = ::envoy::extensions::transport_sockets::tls::v3;

std::unique_ptr<tls::Secret> certificate(const WorkloadIdentity& identity) {
  auto secret = std::make_unique<tls::Secret>();
  secret->set_name(identity.kri);
  auto& certificate = *secret->mutable_tls_certificate();
  certificate.mutable_certificate_chain()->set_inline_bytes(identity.certificate_pem);
  certificate.mutable_private_key()->set_inline_bytes(identity.key_pem);
  return secret;
}

/// A peer's certificate has to be signed by a CA of its own trust domain.
std::unique_ptr<tls::Secret> bundles(const std::map<std::string, std::string>& by_domain) {
  tls::SPIFFECertValidatorConfig config;
  for (const auto& [domain, pem] : by_domain) {
    auto& entry = *config.add_trust_domains();
    entry.set_name(domain);
    entry.mutable_trust_bundle()->set_inline_bytes(pem);
  }
  auto secret = std::make_unique<tls::Secret>();
  secret->set_name(envoy::trust_bundle_secret);
  auto& validator = *secret->mutable_validation_context()->mutable_custom_validator_config();
  validator.set_name("envoy.tls.cert_validator.spiffe");
  pack(config, *validator.mutable_typed_config());
  return secret;
}

envoy::ClusterPtr agent(const WorkloadIdentity& identity) {
  envoy::ClusterPtr cluster = envoy::make_cluster(envoy::agent_cluster);
  envoy::connect_timeout(*cluster, identity.agent_timeout);
  auto& endpoints = *cluster->mutable_load_assignment();
  endpoints.set_cluster_name(envoy::agent_cluster);
  auto& endpoint = *endpoints.add_endpoints()->add_lb_endpoints()->mutable_endpoint();
  endpoint.mutable_address()->mutable_pipe()->set_path(identity.agent_socket);
  envoy::http2(*cluster);
  return cluster;
}

}  // namespace

void identities(Generation& g) {
  const WorkloadIdentity* identity = g.proxy.workload();
  if (identity == nullptr) return;
  if (identity->by_agent) {
    g.add(agent(*identity), Origin::mesh_identity_spire);
    return;
  }
  g.add(certificate(*identity), Origin::mesh_identity);
  if (auto by_domain = mesh_identity::trust_bundles(g.mesh); !by_domain.empty())
    g.add(bundles(by_domain), Origin::mesh_trust);
}

}  // namespace kumasim::cp::generators
