/// The certificates that the TLS contexts of the other resources name.
#include <set>
#include <utility>

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

/// Names that begin so in a serialised context, where each has its length (a varint) before it.
void find_names(const TransportSocket& socket, const std::string& beginning, std::set<std::string>& out) {
  const std::string& bytes = socket.typed_config().value();
  auto byte = [&](std::size_t place) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[place])); };
  std::size_t place = bytes.find(beginning);
  for (; place != std::string::npos; place = bytes.find(beginning, place + 1)) {
    if (place == 0) continue;
    std::size_t length = byte(place - 1);
    if (place > 1 && byte(place - 2) >= 0x80) length = length * 0x80 + (byte(place - 2) & 0x7f);
    if (length >= beginning.size()) out.insert(bytes.substr(place, length));
  }
}

/// Names of no mesh's secrets: what those of all meshes begin with.
envoy::MeshSecrets no_mesh(const Generation& g) { return {{}, g.proxy.unified_naming}; }

void add_ca(Generation& g, std::string name, const std::string& pem) {
  auto secret = std::make_unique<Secret>();
  secret->set_name(std::move(name));
  secret->mutable_validation_context()->mutable_trusted_ca()->set_inline_bytes(pem);
  g.add(std::move(secret), Origin::secrets);
}

}  // namespace

std::set<std::string> secret_names(Generation& g) {
  const std::string identity = no_mesh(g).identity(), ca = no_mesh(g).ca();
  std::set<std::string> names;
  auto look = [&](const TransportSocket& socket) {
    find_names(socket, identity, names);
    find_names(socket, ca, names);
  };
  for (auto& [name, resource] : g.resources.of(type_url::cluster)) {
    const Cluster& cluster = ResourceSet::as<Cluster>(resource);
    look(cluster.transport_socket());
    for (const auto& match : cluster.transport_socket_matches()) look(match.transport_socket());
  }
  for (auto& [name, resource] : g.resources.of(type_url::listener))
    for (const auto& chain : ResourceSet::as<Listener>(resource).filter_chains()) look(chain.transport_socket());
  return names;
}

void secrets(Generation& g, std::set<std::string> named) {
  named.merge(secret_names(g));
  const ProxyIdentity& identity = g.proxy.identity;
  envoy::MeshSecrets own{g.mesh.name(), g.proxy.unified_naming};
  if (std::string name = own.identity(); named.contains(name)) {
    auto secret = std::make_unique<Secret>();
    secret->set_name(name);
    auto& certificate = *secret->mutable_tls_certificate();
    certificate.mutable_certificate_chain()->set_inline_bytes(identity.certificate_pem);
    certificate.mutable_private_key()->set_inline_bytes(identity.key_pem);
    g.add(std::move(secret), Origin::secrets);
  }
  // A mesh without a CA gets an empty bundle: Envoy would wait for a secret that never comes.
  auto add_ca_of = [&](const std::string& mesh) {
    std::string name = envoy::MeshSecrets{mesh, g.proxy.unified_naming}.ca();
    if (!named.contains(name)) return;
    auto bundle = identity.ca_bundles.find(mesh);
    add_ca(g, std::move(name), bundle == identity.ca_bundles.end() ? std::string() : bundle->second);
  };
  add_ca_of(g.mesh.name());
  for (const auto& [mesh, resource] : g.mesh.all("Mesh")) add_ca_of(mesh);
  if (std::string name = own.all_cas(); named.contains(name)) {
    // An empty bundle would mean to Envoy that no client needs a certificate: without any CA it waits instead.
    auto bundle = identity.ca_bundles.find(g.mesh.name());
    std::string cas = identity.all_cas_pem;
    if (cas.empty() && bundle != identity.ca_bundles.end()) cas = bundle->second;
    if (!cas.empty()) add_ca(g, std::move(name), std::move(cas));
  }
}

}  // namespace kumasim::cp::generators
