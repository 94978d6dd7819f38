#include "tests/transport/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace kumasim::testing {

namespace {

template <class Write>
std::string to_pem(Write write) {
  BIO* out = BIO_new(BIO_s_mem());
  write(out);
  char* bytes = nullptr;
  auto size = BIO_get_mem_data(out, &bytes);
  std::string pem(bytes, static_cast<std::size_t>(size));
  BIO_free(out);
  return pem;
}

BIO* reader(const std::string& pem) { return BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())); }

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

TlsIdentity mint(const LeafOptions& options, X509* issuer, EVP_PKEY* issuer_key) {
  static long serial = 1;
  auto* key = EVP_EC_gen("P-256");
  auto* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  auto seconds = [](WallTime time) {
    return static_cast<time_t>(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
  };
  ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(options.not_before));
  ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(options.not_after));
  auto* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(options.common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer) : subject);
  X509_set_pubkey(certificate, key);
  extend(certificate, issuer ? issuer : certificate, NID_basic_constraints,
         issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
  std::string names;
  for (const auto& name : options.names) names += (names.empty() ? "" : ",") + name;
  if (issuer && !names.empty()) extend(certificate, issuer, NID_subject_alt_name, names);
  X509_sign(certificate, issuer_key ? issuer_key : key, EVP_sha256());
  TlsIdentity identity{to_pem([&](BIO* out) { PEM_write_bio_X509(out, certificate); }),
                       to_pem([&](BIO* out) {
                         PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
                       })};
  X509_free(certificate);
  EVP_PKEY_free(key);
  return identity;
}

}  // namespace

TlsIdentity make_authority(const std::string& name) {
  return mint({.common_name = name, .names = {}}, nullptr, nullptr);
}

TlsIdentity make_leaf(const TlsIdentity& authority, const LeafOptions& options) {
  auto* in = reader(authority.certificate_pem);
  auto* issuer = PEM_read_bio_X509(in, nullptr, nullptr, nullptr);
  BIO_free(in);
  in = reader(authority.key_pem);
  auto* key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
  BIO_free(in);
  auto identity = mint(options, issuer, key);
  X509_free(issuer);
  EVP_PKEY_free(key);
  return identity;
}

}  // namespace kumasim::testing
