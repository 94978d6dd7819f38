/// The certificates that the TLS contexts of the other resources name.
#include <algorithm>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/secret.pb.h>

#include "reference-cp/xds/envoy/tls.hpp"
#include "reference-cp/xds/generate/generation.hpp"

namespace kumasim::cp::generators {
namespace {

using ::envoy::config::cluster::v3::Cluster;
using ::envoy::config::core::v3::TransportSocket;
using ::envoy::config::listener::v3::Listener;
using ::envoy::extensions::transport_sockets::tls::v3::Secret;

/// The name stands in the serialised context as it is; a mesh's secrets have no other way into it.
bool names(const TransportSocket& socket, const std::string& secret) {
  return socket.typed_config().value().find(secret) != std::string::npos;
}

bool used(ResourceSet& resources, const std::string& secret) {
  for (auto& [name, resource] : resources.of(type_url::cluster)) {
    const Cluster& cluster = ResourceSet::as<Cluster>(resource);
    if (names(cluster.transport_socket(), secret)) return true;
    for (const auto& match : cluster.transport_socket_matches())
      if (names(match.transport_socket(), secret)) return true;
  }
  for (auto& [name, resource] : resources.of(type_url::listener))
    for (const auto& chain : ResourceSet::as<Listener>(resource).filter_chains())
      if (names(chain.transport_socket(), secret)) return true;
  return false;
}

}  // namespace

MeshSecretNames secret_names(Generation& g) {
  envoy::MeshSecrets own{g.mesh.name(), g.proxy.unified_naming};
  return {used(g.resources, own.identity()), used(g.resources, own.ca())};
}

void secrets(Generation& g, MeshSecretNames named) {
  const ProxyIdentity& identity = g.proxy.identity;
  envoy::MeshSecrets own{g.mesh.name(), g.proxy.unified_naming};
  if (std::string name = own.identity(); named.identity || used(g.resources, name)) {
    auto secret = std::make_unique<Secret>();
    secret->set_name(name);
    auto& certificate = *secret->mutable_tls_certificate();
    certificate.mutable_certificate_chain()->set_inline_bytes(identity.certificate_pem);
    certificate.mutable_private_key()->set_inline_bytes(identity.key_pem);
    g.add(std::move(secret), Origin::secrets);
  }
  if (std::string name = own.ca(); named.ca || used(g.resources, name)) {
    auto bundle = identity.ca_bundles.find(g.mesh.name());
    auto secret = std::make_unique<Secret>();
    secret->set_name(name);
    // A mesh without a CA gets an empty bundle: Envoy would wait for a secret that never comes.
    secret->mutable_validation_context()->mutable_trusted_ca()->set_inline_bytes(
        bundle == identity.ca_bundles.end() ? std::string() : bundle->second);
    g.add(std::move(secret), Origin::secrets);
  }
}

}  // namespace kumasim::cp::generators
