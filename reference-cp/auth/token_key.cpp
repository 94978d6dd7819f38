#include "reference-cp/auth/token_key.hpp"

#include <memory>
#include <vector>

#include <openssl/bn.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "kumasim/runtime/freed.hpp"
#include "kumasim/transport/no_password.hpp"

namespace kumasim::cp {
namespace {

using Digest = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using Decoder = std::unique_ptr<OSSL_DECODER_CTX, Freed<OSSL_DECODER_CTX_free>>;
using Encoder = std::unique_ptr<OSSL_ENCODER_CTX, Freed<OSSL_ENCODER_CTX_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

constexpr int rsa_bits_min = 1024;
constexpr int ec_number_bytes = 32;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// ECDSA's signature in DER as the two numbers side by side (RFC 7518, section 3.4).
std::string joined_numbers(std::string_view der) {
  const unsigned char* at = bytes_of(der);
  Signature parsed(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!parsed) return {};
  std::string out(2 * ec_number_bytes, '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  if (BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), to, ec_number_bytes) != ec_number_bytes ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), to + ec_number_bytes, ec_number_bytes) != ec_number_bytes)
    return {};
  return out;
}

std::string der_of_numbers(std::string_view joined) {
  Signature made(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes_of(joined), ec_number_bytes, nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(joined) + ec_number_bytes, ec_number_bytes, nullptr);
  if (!made || r == nullptr || s == nullptr || ECDSA_SIG_set0(made.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  int size = i2d_ECDSA_SIG(made.get(), nullptr);
  if (size <= 0) return {};
  std::string out(static_cast<std::size_t>(size), '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  i2d_ECDSA_SIG(made.get(), &to);
  return out;
}

}  // namespace

Result<TokenKey> TokenKey::read(std::string_view bytes, int selection, const char* what) {
  EVP_PKEY* raw = nullptr;
  Decoder decoder(OSSL_DECODER_CTX_new_for_pkey(&raw, nullptr, nullptr, nullptr, selection, nullptr, nullptr));
  const unsigned char* at = bytes_of(bytes);
  std::size_t left = bytes.size();
  bool done = decoder && OSSL_DECODER_CTX_set_pem_password_cb(decoder.get(), no_password, nullptr) == 1 &&
              OSSL_DECODER_from_data(decoder.get(), &at, &left) == 1;
  std::shared_ptr<EVP_PKEY> key(raw, EVP_PKEY_free);
  ERR_clear_error();
  if (!done || !key) return fail(Code::invalid_argument, std::string("not a PEM-encoded ") + what);
  bool fits = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA
                  ? EVP_PKEY_get_bits(key.get()) >= rsa_bits_min
                  : EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_EC && EVP_PKEY_get_bits(key.get()) == 256;
  if (!fits) return fail(Code::invalid_argument, "the key is neither RSA of at least 1024 bits nor EC P-256");
  return TokenKey(std::move(key));
}

Result<TokenKey> TokenKey::from_private(std::string_view bytes) { return read(bytes, EVP_PKEY_KEYPAIR, "private key"); }
Result<TokenKey> TokenKey::from_public(std::string_view bytes) {
  return read(bytes, EVP_PKEY_PUBLIC_KEY, "public key");
}

bool TokenKey::is_rsa() const { return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA; }

std::string_view TokenKey::algorithm() const { return is_rsa() ? "RS256" : "ES256"; }

Result<std::string> TokenKey::sign(std::string_view text) const {
  Digest digest(EVP_MD_CTX_new());
  std::size_t size = 0;
  bool done = digest && EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
              EVP_DigestSign(digest.get(), nullptr, &size, bytes_of(text), text.size()) == 1;
  std::string out(size, '\0');
  done = done && EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes_of(text),
                                text.size()) == 1;
  ERR_clear_error();
  out.resize(size);
  if (done && !is_rsa()) out = joined_numbers(out);
  if (!done || out.empty()) return fail(Code::internal, "could not sign a token");
  return out;
}

bool TokenKey::verifies(std::string_view text, std::string_view signature) const {
  std::string der;
  if (!is_rsa()) {
    if (signature.size() != 2 * ec_number_bytes) return false;
    der = der_of_numbers(signature);
    signature = der;
  }
  Digest digest(EVP_MD_CTX_new());
  bool ok = digest && EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
            EVP_DigestVerify(digest.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
  ERR_clear_error();
  return ok;
}

Result<std::string> TokenKey::public_pem() const {
  Bio bio(BIO_new(BIO_s_mem()));
  const char* structure = is_rsa() ? "type-specific" : "SubjectPublicKeyInfo";
  Encoder encoder(OSSL_ENCODER_CTX_new_for_pkey(key_.get(), EVP_PKEY_PUBLIC_KEY, "PEM", structure, nullptr));
  bool done = bio && encoder && OSSL_ENCODER_to_bio(encoder.get(), bio.get()) == 1;
  ERR_clear_error();
  if (!done) return fail(Code::internal, "cannot write the public key");
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace kumasim::cp
