/// Which versions and ciphers a server offers: from Kuma's settings to the transport's.
#pragma once

#include <string>

#include "kumasim/transport/tls.hpp"
#include "reference-cp/app/kuma_cp/config.hpp"

namespace kumasim::cp {

struct TlsBounds {
  TlsVersion version_min = TlsVersion::v1_2, version_max = TlsVersion::v1_3;
  std::string ciphers_tls12;
};

/// Fails with the name of the setting at fault, which begins with `owner` ("dpServer"). As in Go, ciphers can be chosen
/// for TLS 1.2 only; where none of the chosen ones is of TLS 1.2, only TLS 1.3 is offered. What Go calls insecure is
/// refused.
Result<TlsBounds> tls_bounds(const TlsSettings& settings, const std::string& owner);

}  // namespace kumasim::cp
