/// OpenSSL's side of a TlsContext; included by the TLS sources only.
#pragma once

#include <memory>

#include <openssl/ssl.h>

#include "kumasim/runtime/freed.hpp"
#include "kumasim/transport/tls.hpp"

namespace kumasim {

using SslContext = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;

struct TlsContext::State {
  TlsOptions options;
  SslContext ssl;
  std::string alpn_wire;  ///< RFC 7301: each name after its length
};

/// Ranges of tls_category's values: X509_V_ERR_* as they are, then an alert of the peer, then SSL_R_*.
inline constexpr int tls_alert_base = 1000;
inline constexpr int tls_reason_base = 10000;

}  // namespace kumasim
