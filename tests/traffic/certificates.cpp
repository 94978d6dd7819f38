#include "tests/traffic/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace kumasim::test {
namespace {

std::string text_of(BIO* bio) {
  char* data = nullptr;
  auto size = BIO_get_mem_data(bio, &data);
  std::string out(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return out;
}

std::string pem_of(X509* x) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, x);
  return text_of(bio);
}

std::string pem_of(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio);
}

time_t seconds_of(WallTime time) { return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count(); }

void extend(X509* x, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX ctx;
  X509V3_set_ctx(&ctx, issuer, x, nullptr, nullptr, 0);
  X509_EXTENSION* e = X509V3_EXT_conf_nid(nullptr, &ctx, nid, value.c_str());
  X509_add_ext(x, e, -1);
  X509_EXTENSION_free(e);
}

X509* make(EVP_PKEY* key, const std::string& name, long serial, Validity validity) {
  X509* x = X509_new();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
  ASN1_TIME_set(X509_getm_notBefore(x), seconds_of(validity.from));
  ASN1_TIME_set(X509_getm_notAfter(x), seconds_of(validity.until));
  X509_set_pubkey(x, key);
  if (!name.empty())
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return x;
}

}  // namespace

struct Authority::State {
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  std::string bundle;
  mutable long serial = 1;
};

Authority::Authority(const std::string& name, Validity validity) : state_(std::make_unique<State>()) {
  state_->key = EVP_EC_gen("P-256");
  X509* x = make(state_->key, name, 1, validity);
  X509_set_issuer_name(x, X509_get_subject_name(x));
  extend(x, x, NID_basic_constraints, "critical,CA:TRUE");
  extend(x, x, NID_key_usage, "critical,keyCertSign,cRLSign");
  X509_sign(x, state_->key, EVP_sha256());
  state_->certificate = x;
  state_->bundle = pem_of(x);
}

Authority::~Authority() {
  X509_free(state_->certificate);
  EVP_PKEY_free(state_->key);
}

const std::string& Authority::bundle() const { return state_->bundle; }

Pem Authority::issue(const std::string& uri, Validity validity) const {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* x = make(key, "", ++state_->serial, validity);
  X509_set_issuer_name(x, X509_get_subject_name(state_->certificate));
  extend(x, state_->certificate, NID_subject_alt_name, "critical,URI:" + uri);
  extend(x, state_->certificate, NID_key_usage, "digitalSignature,keyEncipherment");
  extend(x, state_->certificate, NID_ext_key_usage, "serverAuth,clientAuth");
  X509_sign(x, state_->key, EVP_sha256());
  Pem out{pem_of(x), pem_of(key)};
  X509_free(x);
  EVP_PKEY_free(key);
  return out;
}

}  // namespace kumasim::test
