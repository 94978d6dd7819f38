#include "tests/property/proxy_trust.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace kumasim::testing {
namespace {

using sim::proxy::Cluster;
using sim::proxy::ConfigState;
using sim::proxy::TlsContext;
using sim::proxy::Validation;

bool verifies(const ConfigState& state, const TlsContext& tls) {
  if (!tls.validation_secret.empty()) {
    auto secret = state.secrets().find(tls.validation_secret);
    if (secret == state.secrets().end() || !secret->second.value || !secret->second.value->validation) return false;
    const Validation& validation = *secret->second.value->validation;
    return (validation.bundle || !validation.trust_domains.empty()) && !validation.accept_untrusted;
  }
  return tls.validation && (tls.validation->bundle || !tls.validation->trust_domains.empty()) &&
         !tls.validation->accept_untrusted;
}

/// A client that knows whom it calls.
bool names_peer(const TlsContext& tls) { return tls.validation && !tls.validation->sans.empty(); }

/// Of the sidecar's side of calls between proxies; null while it has none.
const TlsContext* tls_of(const ConfigState& state) {
  for (const auto& [name, cluster] : state.clusters())
    if (cluster.config->type == Cluster::Type::eds && cluster.config->tls) return &*cluster.config->tls;
  for (const auto& [name, listener] : state.listeners())
    for (const auto& chain : listener.config->chains)
      if (name.starts_with("inbound:") && chain->tls) return &*chain->tls;
  return nullptr;
}

sim::proxy::SecretPtr secret_of(const ConfigState& state, const std::string& name) {
  auto found = state.secrets().find(name);
  return found == state.secrets().end() ? nullptr : found->second.value;
}

sim::proxy::ChainPtr certificate_of(const ConfigState& state) {
  const TlsContext* tls = tls_of(state);
  sim::proxy::SecretPtr secret = tls == nullptr ? nullptr : secret_of(state, tls->certificate_secret);
  return secret ? secret->certificate : nullptr;
}

sim::proxy::BundlePtr bundle_of(const ConfigState& state) {
  const TlsContext* tls = tls_of(state);
  sim::proxy::SecretPtr secret = tls == nullptr ? nullptr : secret_of(state, tls->validation_secret);
  return secret && secret->validation ? secret->validation->bundle : nullptr;
}

}  // namespace

std::string unprotected(const ConfigState& sidecar) {
  for (const auto& [name, cluster] : sidecar.clusters()) {
    if (cluster.config->type != Cluster::Type::eds) continue;
    const auto& tls = cluster.config->tls;
    if (!tls) return fmt::format("cluster {} is plain", name);
    if (!names_peer(*tls)) return fmt::format("cluster {} takes any server", name);
    if (!verifies(sidecar, *tls)) return fmt::format("cluster {} verifies nobody", name);
  }
  for (const auto& [name, listener] : sidecar.listeners()) {
    if (!name.starts_with("inbound:")) continue;
    for (const auto& chain : listener.config->chains) {
      if (!chain->tls) return fmt::format("listener {} takes plaintext", name);
      if (!chain->tls->require_client_certificate) return fmt::format("listener {} asks for no certificate", name);
      if (!verifies(sidecar, *chain->tls)) return fmt::format("listener {} verifies nobody", name);
    }
  }
  return "";
}

std::string distrust(const ConfigState& one, const ConfigState& other, sim::proxy::CertificateStore& verified,
                     WallTime now) {
  for (const auto& [server, client] : {std::pair(&one, &other), std::pair(&other, &one)}) {
    sim::proxy::ChainPtr chain = certificate_of(*server);
    sim::proxy::BundlePtr bundle = bundle_of(*client);
    if (!chain || !bundle) continue;
    if (std::string why = verified.verify(*chain, *bundle, now); !why.empty()) return why;
  }
  return "";
}

}  // namespace kumasim::testing
