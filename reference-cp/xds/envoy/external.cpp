#include "reference-cp/xds/envoy/external.hpp"

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/tls.pb.h>

#include "reference-cp/xds/envoy/metadata.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::envoy {
namespace {

namespace tls = ::envoy::extensions::transport_sockets::tls::v3;

bool is_ip(const std::string& host) {
  return host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
}

/// Without a CA the server's certificate is not verified, as Kuma documents for `tls.enabled` alone.
tls::UpstreamTlsContext context(const ExternalTarget& target, const std::string& host) {
  tls::UpstreamTlsContext context;
  context.set_allow_renegotiation(target.allow_renegotiation);
  std::string server = target.server_name.empty() && !is_ip(host) ? host : target.server_name;
  context.set_sni(server);
  if (!target.client_certificate.empty() && !target.client_key.empty()) {
    auto& certificate = *context.mutable_common_tls_context()->add_tls_certificates();
    certificate.mutable_certificate_chain()->set_inline_bytes(target.client_certificate);
    certificate.mutable_private_key()->set_inline_bytes(target.client_key);
  }
  if (target.ca_certificate.empty()) return context;
  auto& validation = *context.mutable_common_tls_context()->mutable_validation_context();
  validation.mutable_trusted_ca()->set_inline_bytes(target.ca_certificate);
  if (target.skip_hostname_verification) return context;
  for (auto type : {tls::SubjectAltNameMatcher::DNS, tls::SubjectAltNameMatcher::IP_ADDRESS}) {
    auto& name = *validation.add_match_typed_subject_alt_names();
    name.set_san_type(type);
    name.mutable_matcher()->set_exact(server.empty() ? host : server);
  }
  return context;
}

}  // namespace

void external_endpoints(Cluster& cluster, std::span<const Endpoint> endpoints, bool ipv6) {
  fixed_endpoints(cluster, endpoints, ipv6);
  for (const Endpoint& endpoint : endpoints) {
    if (!endpoint.external->tls_enabled) continue;
    auto& match = *cluster.add_transport_socket_matches();
    match.set_name(endpoint.address);
    fill_fields(*match.mutable_match(), without(endpoint.tags, "kuma.io/service"));
    match.mutable_transport_socket()->set_name("envoy.transport_sockets.tls");
    pack(context(*endpoint.external, endpoint.address), *match.mutable_transport_socket()->mutable_typed_config());
  }
}

}  // namespace kumasim::cp::envoy
