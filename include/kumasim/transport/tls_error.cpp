/// TLS errors as error codes: verification results, alerts of the peer, and reasons of the library.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "kumasim/transport/tls_context.hpp"

namespace kumasim {

namespace {

class Category : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "tls"; }

  std::string message(int value) const override {
    if (value < tls_alert_base) return X509_verify_cert_error_string(value);
    if (value < tls_reason_base)
      return std::string("the peer refused: ") + SSL_alert_desc_string_long(value - tls_alert_base);
    const auto* text = ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, value - tls_reason_base));
    return text ? text : "TLS protocol error";
  }
};

}  // namespace

const boost::system::error_category& tls_category() {
  static const Category category;
  return category;
}

TlsFault tls_fault(const error_code& code) {
  if (code.category() != tls_category()) return TlsFault::none;
  auto value = code.value();
  if (value >= tls_reason_base)
    return value - tls_reason_base == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE ? TlsFault::certificate_missing
                                                                               : TlsFault::protocol;
  if (value >= tls_alert_base) return TlsFault::refused_by_peer;
  switch (value) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return TlsFault::certificate_expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return TlsFault::certificate_not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return TlsFault::name_mismatch;
    default: return TlsFault::certificate_untrusted;
  }
}

}  // namespace kumasim
