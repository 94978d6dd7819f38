#include "reference-cp/xds/gateway/downstream_tls.hpp"

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/tls.pb.h>

#include "reference-cp/xds/envoy/tls.hpp"
#include "reference-cp/xds/gateway/certificates.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::gateway {
namespace {

namespace tls = ::envoy::extensions::transport_sockets::tls::v3;

void set_socket(envoy::FilterChain& chain, const tls::DownstreamTlsContext& context) {
  chain.mutable_transport_socket()->set_name("envoy.transport_sockets.tls");
  pack(context, *chain.mutable_transport_socket()->mutable_typed_config());
}

}  // namespace

Result<> client_tls(generators::Generation& g, const HostGroup& group, const std::vector<std::string>& alpn,
                    envoy::FilterChain& chain) {
  envoy::match_transport(chain, "tls");
  // Envoy knows no server name for all.
  if (group.hostname != "*") chain.mutable_filter_chain_match()->add_server_names(group.hostname);
  std::string mode = text_at(group.tls, "mode");
  if (mode == "PASSTHROUGH") return {};
  if (mode != "TERMINATE") return fail(Code::invalid_argument, "unsupported TLS mode \"" + mode + "\"");
  tls::DownstreamTlsContext context;
  auto& common = *context.mutable_common_tls_context();
  common.mutable_tls_params()->set_tls_minimum_protocol_version(tls::TlsParameters::TLSv1_2);
  for (const std::string& protocol : alpn) common.add_alpn_protocols(protocol);
  context.mutable_require_client_certificate()->set_value(false);
  for (const nlohmann::json& source : at(group.tls, "certificates")) {
    auto secret = server_secret(g.mesh, source, group.hostname);
    if (!secret) return std::unexpected(secret.error());
    const std::string& name = (*secret)->name();
    for (const auto& other : common.tls_certificate_sds_secret_configs())
      if (other.name() == name) return fail(Code::invalid_argument, "duplicate TLS certificate \"" + name + "\"");
    auto& config = *common.add_tls_certificate_sds_secret_configs();
    config.set_name(name);
    config.mutable_sds_config()->set_resource_api_version(::envoy::config::core::v3::V3);
    config.mutable_sds_config()->mutable_ads();
    g.add(std::move(*secret), Origin::gateway);
  }
  set_socket(chain, context);
  return {};
}

Result<> cross_mesh_tls(generators::Generation& g, envoy::FilterChain& chain) {
  envoy::match_transport(chain, "tls", envoy::mesh_alpn);
  if (!g.mesh.mtls_enabled())
    return fail(Code::invalid_argument, "mTLS must be enabled for crossMesh-enabled MeshGateways");
  envoy::downstream_any_mesh_tls(*chain.mutable_transport_socket(), {g.mesh.name(), g.proxy.unified_naming});
  return {};
}

}  // namespace kumasim::cp::gateway
