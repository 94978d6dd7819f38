/// Downstream and upstream TLS contexts and the secrets they name, ready for handshakes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/envoy/config/certificate.hpp"
#include "sim/envoy/config/string_match.hpp"

namespace envoy::extensions::transport_sockets::tls::v3 {
class CertificateValidationContext;
class CommonTlsContext;
class DownstreamTlsContext;
class Secret;
class UpstreamTlsContext;
}  // namespace envoy::extensions::transport_sockets::tls::v3

namespace kumasim::sim::proxy {

struct SanMatch {
  enum class Kind : std::uint8_t { uri, dns, ip, other } kind = Kind::uri;
  StringMatch match;
};

/// What a peer's certificate must satisfy. Without a bundle nothing is verified (Envoy's default).
struct Validation {
  BundlePtr bundle;
  /// Envoy's SPIFFE validator: the bundle of the trust domain that the peer's first URI names. It takes the place of
  /// `bundle`; where it is empty it is not configured.
  std::map<std::string, BundlePtr> trust_domains;
  std::vector<SanMatch> sans;
  bool accept_untrusted = false;
};

/// An SDS resource: one of the two is there (a generic secret or ticket keys: neither).
struct Secret {
  std::string name;
  ChainPtr certificate;
  std::optional<Validation> validation;
};
using SecretPtr = std::shared_ptr<const Secret>;

/// One side's settings. Names of secrets are empty where the material stands inline.
struct TlsContext {
  ChainPtr certificate;
  std::string certificate_secret;
  std::optional<Validation> validation;  ///< inline, or the defaults that the secret's context is merged into
  std::string validation_secret;
  std::vector<std::string> alpn;
  int version_min = 0x0303;
  int version_max = 0x0304;
  std::vector<std::string> ciphers;         ///< below TLS 1.3; none: Envoy's own
  bool require_client_certificate = false;  ///< downstream
  std::string sni;                          ///< upstream

  /// Secrets without which no handshake is possible.
  std::vector<std::string> secrets() const;
};

namespace tls = ::envoy::extensions::transport_sockets::tls::v3;

Checked<Secret> compile_secret(const tls::Secret& secret, CertificateStore& store);
Checked<TlsContext> compile_tls(const tls::DownstreamTlsContext& context, CertificateStore& store);
Checked<TlsContext> compile_tls(const tls::UpstreamTlsContext& context, CertificateStore& store);

}  // namespace kumasim::sim::proxy
