/// Keys that sign and verify tokens: RSA with SHA-256 (RS256), as Kuma makes them, and EC P-256 (ES256).
///
/// The algorithm is the key's, never the token's: a token that names another one does not verify.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "kumasim/runtime/error.hpp"

struct evp_pkey_st;

namespace kumasim::cp {

class TokenKey {
 public:
  /// A private key as a secret holds it: PEM, or the DER of PKCS #1 as before Kuma 1.4. invalid_argument for all else.
  static Result<TokenKey> from_private(std::string_view bytes);
  /// A public key in PEM ("PUBLIC KEY" or "RSA PUBLIC KEY").
  static Result<TokenKey> from_public(std::string_view bytes);

  /// "RS256" or "ES256" (RFC 7518, section 3.1).
  std::string_view algorithm() const;
  /// Of the bytes of `text`; only with a private key.
  Result<std::string> sign(std::string_view text) const;
  bool verifies(std::string_view text, std::string_view signature) const;
  /// "RSA PUBLIC KEY" for RSA, as Kuma writes it, else "PUBLIC KEY".
  Result<std::string> public_pem() const;

 private:
  explicit TokenKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  static Result<TokenKey> read(std::string_view bytes, int selection, const char* what);
  bool is_rsa() const;

  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace kumasim::cp
