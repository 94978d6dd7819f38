#include "reference-cp/app/kuma_cp/tls_bounds.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace kumasim::cp {
namespace {

/// IANA's names (RFC 5289, RFC 7905, RFC 8422) and OpenSSL's.
constexpr auto tls12_ciphers = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
});
constexpr auto tls13_ciphers = std::to_array<std::string_view>(
    {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"});

std::optional<TlsVersion> version(const std::string& name, TlsVersion fallback) {
  if (name.empty()) return fallback;
  if (name == "TLSv1_2") return TlsVersion::v1_2;
  if (name == "TLSv1_3") return TlsVersion::v1_3;
  return std::nullopt;
}

std::unexpected<Error> refuse(const std::string& owner, const char* setting, std::string what) {
  std::string name = fmt::format("{}.{}", owner, setting);
  return fail(Code::invalid_argument, fmt::format("{}: {}", name, what), name);
}

}  // namespace

Result<TlsBounds> tls_bounds(const TlsSettings& settings, const std::string& owner) {
  auto min = version(settings.version_min, TlsVersion::v1_2);
  auto max = version(settings.version_max, TlsVersion::v1_3);
  constexpr const char* expected = "expected one of TLSv1_2, TLSv1_3, found \"{}\"";
  if (!min) return refuse(owner, "tlsMinVersion", fmt::format(fmt::runtime(expected), settings.version_min));
  if (!max) return refuse(owner, "tlsMaxVersion", fmt::format(fmt::runtime(expected), settings.version_max));
  TlsBounds out{.version_min = *min, .version_max = *max, .ciphers_tls12 = {}};
  for (const std::string& name : settings.ciphers) {
    auto known = std::ranges::find(tls12_ciphers, name, &std::pair<std::string_view, std::string_view>::first);
    if (known != tls12_ciphers.end()) {
      if (!out.ciphers_tls12.empty()) out.ciphers_tls12 += ':';
      out.ciphers_tls12 += known->second;
    } else if (std::ranges::find(tls13_ciphers, name) == tls13_ciphers.end()) {
      return refuse(owner, "tlsCipherSuites", fmt::format("the cipher \"{}\" is not known or not secure", name));
    }
  }
  if (!settings.ciphers.empty() && out.ciphers_tls12.empty()) out.version_min = TlsVersion::v1_3;
  if (out.version_min > out.version_max)
    return refuse(owner, "tlsMaxVersion", "nothing is left between it, tlsMinVersion and tlsCipherSuites");
  return out;
}

}  // namespace kumasim::cp
