/// OpenSSL's objects with owners, and how they are read; for the sources of this folder that call it.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "kumasim/runtime/freed.hpp"
#include "kumasim/runtime/time.hpp"
#include "kumasim/transport/no_password.hpp"
#include "reference-cp/identity/base64.hpp"
#include "reference-cp/model/pem.hpp"

namespace kumasim::cp::openssl {

inline void free_names(GENERAL_NAMES* names) { GENERAL_NAMES_free(names); }

using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freed<free_names>>;

/// A block's certificate in DER with nothing after it; nullptr where it is none.
inline Certificate certificate_of(const PemBlock& block) {
  const std::string der = base64_decode(block.base64).value_or("");
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* end = at + der.size();
  Certificate out(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  if (at != end) out.reset();
  return out;
}

/// The certificates of the text, in their order; nullptr for one that cannot be read.
inline std::vector<Certificate> read_certificates(std::string_view pem) {
  std::vector<Certificate> out;
  PemReader blocks(pem);
  while (auto block = blocks.next())
    if (block->type == "CERTIFICATE") out.push_back(certificate_of(*block));
  return out;
}

/// The first certificate of the text; nullptr where it holds none or that cannot be read.
inline Certificate read_certificate(std::string_view pem) {
  PemReader blocks(pem);
  while (auto block = blocks.next())
    if (block->type == "CERTIFICATE") return certificate_of(*block);
  return nullptr;
}

/// The first private key of the text; nullptr where it holds none.
inline Key read_key(std::string_view pem) {
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key out(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  return out;
}

inline std::time_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

inline WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return WallTime(std::chrono::seconds(timegm(&parts)));
}

}  // namespace kumasim::cp::openssl
