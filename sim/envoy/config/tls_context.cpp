#include "sim/envoy/config/tls_context.hpp"

#include "envoy/extensions/transport_sockets/tls/v3/common.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/secret.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/tls.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config.pb.h"

namespace kumasim::sim::proxy {
namespace {

std::string inline_text(const ::envoy::config::core::v3::DataSource& source) {
  return source.has_inline_bytes() ? source.inline_bytes() : source.inline_string();
}

SanMatch::Kind san_kind(tls::SubjectAltNameMatcher::SanType type) {
  switch (type) {
    case tls::SubjectAltNameMatcher::URI: return SanMatch::Kind::uri;
    case tls::SubjectAltNameMatcher::DNS: return SanMatch::Kind::dns;
    case tls::SubjectAltNameMatcher::IP_ADDRESS: return SanMatch::Kind::ip;
    default: return SanMatch::Kind::other;
  }
}

/// Envoy docs, "SPIFFE Certificate Validator".
Checked<> compile_spiffe(const ::envoy::config::core::v3::TypedExtensionConfig& validator, CertificateStore& store,
                         Validation& out) {
  tls::SPIFFECertValidatorConfig config;
  if (!validator.typed_config().UnpackTo(&config))
    return refuse("Didn't find a registered implementation for type: '" + validator.typed_config().type_url() + "'");
  for (const auto& domain : config.trust_domains()) {
    auto bundle = store.bundle(inline_text(domain.trust_bundle()));
    if (!bundle) return refuse("Failed to load trusted CA certificate for " + domain.name());
    if (!out.trust_domains.emplace(domain.name(), *bundle).second)
      return refuse("Multiple trust bundles are given for one trust domain for " + domain.name());
  }
  if (out.trust_domains.empty()) return refuse("Proto constraint validation failed: no trust domain");
  return {};
}

Checked<Validation> compile_validation(const tls::CertificateValidationContext& context, CertificateStore& store) {
  Validation out;
  // A simulated machine has no files and no environment; Envoy refuses a resource whose file is not there.
  if (context.trusted_ca().has_filename()) return refuse("Invalid path: " + context.trusted_ca().filename());
  if (context.trusted_ca().has_environment_variable())
    return refuse("Environment variable doesn't exist: " + context.trusted_ca().environment_variable());
  out.accept_untrusted = context.trust_chain_verification() == tls::CertificateValidationContext::ACCEPT_UNTRUSTED;
  if (auto pem = inline_text(context.trusted_ca()); !pem.empty()) {
    auto bundle = store.bundle(pem);
    if (!bundle) return refuse(bundle.error());
    out.bundle = *bundle;
  }
  if (context.has_custom_validator_config())
    if (auto ok = compile_spiffe(context.custom_validator_config(), store, out); !ok) return refuse(ok.error());
  for (const auto& san : context.match_typed_subject_alt_names()) {
    auto match = StringMatch::compile(san.matcher());
    if (!match) return refuse(match.error());
    out.sans.push_back({san_kind(san.san_type()), std::move(*match)});
  }
  if (!out.sans.empty() && context.has_trusted_ca() && !out.bundle)
    return refuse("SAN-based verification of peer certificates without trusted CA is insecure and not allowed");
  return out;
}

int version_of(tls::TlsParameters::TlsProtocol protocol, int otherwise) {
  switch (protocol) {
    case tls::TlsParameters::TLSv1_0: return 0x0301;
    case tls::TlsParameters::TLSv1_1: return 0x0302;
    case tls::TlsParameters::TLSv1_2: return 0x0303;
    case tls::TlsParameters::TLSv1_3: return 0x0304;
    default: return otherwise;
  }
}

Checked<> compile_common(const tls::CommonTlsContext& common, CertificateStore& store, TlsContext& out) {
  out.alpn.assign(common.alpn_protocols().begin(), common.alpn_protocols().end());
  out.version_min = version_of(common.tls_params().tls_minimum_protocol_version(), out.version_min);
  out.version_max = version_of(common.tls_params().tls_maximum_protocol_version(), out.version_max);
  for (const auto& suites : common.tls_params().cipher_suites()) {
    // "[A|B]" are of one rank, which is not looked at.
    std::string text(suites);
    std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
    for (std::size_t at = 0; at <= text.size();) {
      auto end = std::min(text.find('|', at), text.size());
      out.ciphers.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }
  if (common.tls_certificates_size() > 0) {
    const auto& c = common.tls_certificates(0);
    auto chain = store.chain(inline_text(c.certificate_chain()), inline_text(c.private_key()));
    if (!chain) return refuse(chain.error());
    out.certificate = *chain;
  } else if (common.tls_certificate_sds_secret_configs_size() > 0) {
    out.certificate_secret = common.tls_certificate_sds_secret_configs(0).name();
  }
  using Common = tls::CommonTlsContext;
  const tls::CertificateValidationContext* written = nullptr;
  switch (common.validation_context_type_case()) {
    case Common::kValidationContext: written = &common.validation_context(); break;
    case Common::kValidationContextSdsSecretConfig:
      out.validation_secret = common.validation_context_sds_secret_config().name();
      break;
    case Common::kCombinedValidationContext:
      written = &common.combined_validation_context().default_validation_context();
      out.validation_secret = common.combined_validation_context().validation_context_sds_secret_config().name();
      break;
    default: break;
  }
  if (written) {
    auto validation = compile_validation(*written, store);
    if (!validation) return refuse(validation.error());
    out.validation = std::move(*validation);
  }
  return {};
}

}  // namespace

std::vector<std::string> TlsContext::secrets() const {
  std::vector<std::string> out;
  if (!certificate_secret.empty()) out.push_back(certificate_secret);
  if (!validation_secret.empty()) out.push_back(validation_secret);
  return out;
}

Checked<Secret> compile_secret(const tls::Secret& secret, CertificateStore& store) {
  Secret out;
  out.name = secret.name();
  if (secret.has_tls_certificate()) {
    const auto& c = secret.tls_certificate();
    auto chain = store.chain(inline_text(c.certificate_chain()), inline_text(c.private_key()));
    if (!chain) return refuse(chain.error());
    out.certificate = *chain;
  } else if (secret.has_validation_context()) {
    auto validation = compile_validation(secret.validation_context(), store);
    if (!validation) return refuse(validation.error());
    out.validation = std::move(*validation);
  }
  return out;
}

Checked<TlsContext> compile_tls(const tls::DownstreamTlsContext& context, CertificateStore& store) {
  TlsContext out;
  if (auto ok = compile_common(context.common_tls_context(), store, out); !ok) return refuse(ok.error());
  out.require_client_certificate = context.require_client_certificate().value();
  if (!out.certificate && out.certificate_secret.empty()) return refuse("No TLS certificates found for server context");
  return out;
}

Checked<TlsContext> compile_tls(const tls::UpstreamTlsContext& context, CertificateStore& store) {
  TlsContext out;
  out.version_max = 0x0303;  // Envoy's clients speak TLS 1.3 only where they are told to
  if (auto ok = compile_common(context.common_tls_context(), store, out); !ok) return refuse(ok.error());
  out.sni = context.sni();
  return out;
}

}  // namespace kumasim::sim::proxy
