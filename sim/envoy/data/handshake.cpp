#include "sim/envoy/data/handshake.hpp"

#include <algorithm>

#include "sim/envoy/data/fabric.hpp"

namespace kumasim::sim::proxy {
namespace {

bool matches(const SanMatch& san, const CertificateChain& chain) {
  auto any = [&](const std::vector<std::string>& names) {
    return std::any_of(names.begin(), names.end(), [&](const auto& name) { return san.match.matches(name); });
  };
  switch (san.kind) {
    case SanMatch::Kind::uri: return any(chain.uris);
    case SanMatch::Kind::ip: return any(chain.ip_addresses);
    case SanMatch::Kind::dns:
      if (san.match.kind() != StringMatch::Kind::exact) return any(chain.dns_names);
      // An exact DNS matcher honours wildcards in the certificate (Envoy: DnsExactStringSanMatcher).
      return std::any_of(chain.dns_names.begin(), chain.dns_names.end(), [&](const std::string& name) {
        if (san.match.matches(name)) return true;
        auto dot = san.match.text().find('.');
        return name.starts_with("*.") && dot != std::string::npos && dot > 0 &&
               san.match.text().substr(dot) == name.substr(1);
      });
    case SanMatch::Kind::other: return false;
  }
  return false;
}

/// Of the first URI name; "" where that is no SPIFFE ID.
std::string trust_domain(const CertificateChain& chain) {
  constexpr std::string_view scheme = "spiffe://";
  if (chain.uris.empty() || !chain.uris.front().starts_with(scheme)) return {};
  std::string rest = chain.uris.front().substr(scheme.size());
  return rest.substr(0, rest.find('/'));
}

/// What Envoy offers where nothing is set, without FIPS (its page on TlsParameters).
const std::vector<std::string> own_ciphers{"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305",
                                           "ECDHE-RSA-AES128-GCM-SHA256",   "ECDHE-RSA-CHACHA20-POLY1305",
                                           "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"};

const Secret* find(const ConfigState& config, const std::string& name) {
  auto found = config.secrets().find(name);
  return found == config.secrets().end() ? nullptr : found->second.value.get();
}

}  // namespace

bool share_cipher(const std::vector<std::string>& client, const std::vector<std::string>& server, bool elliptic) {
  auto usable = [&](const std::string& cipher) {
    const auto& offered = server.empty() ? own_ciphers : server;
    if (std::ranges::find(offered, cipher) == offered.end()) return false;
    return cipher.find(elliptic ? "-RSA-" : "-ECDSA-") == std::string::npos;
  };
  return std::ranges::any_of(client.empty() ? own_ciphers : client, usable);
}

TlsMaterial material(const TlsContext& context, const ConfigState& config) {
  TlsMaterial out{context.certificate, context.validation, false};
  if (!context.certificate_secret.empty()) {
    const auto* secret = find(config, context.certificate_secret);
    if (secret) out.certificate = secret->certificate;
    if (out.certificate && config.shown_identity() && out.certificate->is_workload())
      out.certificate = config.shown_identity();
    out.secrets_missing |= !out.certificate;
  }
  if (!context.validation_secret.empty()) {
    const auto* secret = find(config, context.validation_secret);
    if (!secret || !secret->validation) {
      out.secrets_missing = true;
    } else if (!out.validation) {
      out.validation = secret->validation;
    } else {
      // A combined context is the default with the secret's merged in: names add up, the bundle is the secret's.
      if (secret->validation->bundle) out.validation->bundle = secret->validation->bundle;
      if (!secret->validation->trust_domains.empty()) out.validation->trust_domains = secret->validation->trust_domains;
      out.validation->accept_untrusted |= secret->validation->accept_untrusted;
      out.validation->sans.insert(out.validation->sans.end(), secret->validation->sans.begin(),
                                  secret->validation->sans.end());
    }
  }
  return out;
}

std::string judge(const std::optional<Validation>& validation, const CertificateChain& peer, CertificateStore& store,
                  WallTime now) {
  constexpr auto failed = "TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED";
  if (!validation || (!validation->bundle && validation->trust_domains.empty() && validation->sans.empty())) return {};
  const TrustBundle* bundle = validation->bundle.get();
  if (!validation->trust_domains.empty()) {
    auto found = validation->trust_domains.find(trust_domain(peer));
    if (found == validation->trust_domains.end())
      return std::string(failed) + ":verify cert failed: no trust bundle store:TLS_error_end";
    bundle = found->second.get();
  }
  if (bundle && !validation->accept_untrusted) {
    auto error = store.verify(peer, *bundle, now);
    if (!error.empty())
      return std::string(failed) +
             ":verify cert failed: X509_verify_cert: certificate verification error at depth 0: " + error +
             ":TLS_error_end";
  }
  if (validation->sans.empty()) return {};
  for (const auto& san : validation->sans)
    if (matches(san, peer)) return {};
  std::string names;
  for (const auto* list : {&peer.uris, &peer.dns_names})
    for (const auto& name : *list) names += (names.empty() ? "" : ", ") + name;
  return std::string(failed) + ":verify cert failed: SAN matcher, certificate SANs are [" + names + "]:TLS_error_end";
}

std::string meet_server(Wire& wire, const TlsContext& context, ConfigState& config, const std::string& cluster,
                        CertificateStore& store, WallTime now) {
  auto mine = material(context, config);
  if (mine.secrets_missing) return "TLS_error:Secret is not supplied by SDS";
  auto error = judge(mine.validation, *wire.server_chain, store, now);
  config.stats().add("cluster." + cluster + ".ssl" + (error.empty() ? ".handshake" : ".fail_verify_error"));
  if (!error.empty()) return error;
  wire.client_chain = mine.certificate;
  if (mine.validation) wire.server_spiffe_id = spiffe_id(wire.server_chain);
  return {};
}

std::string spiffe_id(const ChainPtr& chain) {
  if (!chain) return {};
  for (const auto& uri : chain->uris)
    if (uri.starts_with("spiffe://")) return uri;
  return chain->uris.empty() ? std::string() : chain->uris.front();
}

}  // namespace kumasim::sim::proxy
