/// What certificates say, whom they chain to, and which keys belong to them.
#include <arpa/inet.h>

#include <array>

#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/identity/openssl_objects.hpp"

namespace kumasim::cp {

using namespace openssl;

namespace {

std::string ip_text(const ASN1_OCTET_STRING* ip) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  int size = ASN1_STRING_length(ip);
  inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip), text.data(), text.size());
  return text.data();
}

}  // namespace

Result<CertificateInfo> inspect_certificate(std::string_view pem) {
  Certificate certificate = read_certificate(pem);
  if (!certificate) return fail(Code::invalid_argument, "the text holds no PEM certificate");
  CertificateInfo out;
  out.not_before = time_of(X509_get0_notBefore(certificate.get()));
  out.not_after = time_of(X509_get0_notAfter(certificate.get()));
  std::unique_ptr<BASIC_CONSTRAINTS, Freer<BASIC_CONSTRAINTS_free>> constraints(
      static_cast<BASIC_CONSTRAINTS*>(X509_get_ext_d2i(certificate.get(), NID_basic_constraints, nullptr, nullptr)));
  out.has_basic_constraints = constraints != nullptr;
  out.is_ca = constraints && constraints->ca != 0;
  Names names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    auto text = [](const ASN1_STRING* s) {
      return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(s)),
                         static_cast<std::size_t>(ASN1_STRING_length(s)));
    };
    if (name->type == GEN_URI) out.uris.push_back(text(name->d.uniformResourceIdentifier));
    if (name->type == GEN_DNS) out.dns_names.push_back(text(name->d.dNSName));
    if (name->type == GEN_IPADD) out.ip_addresses.push_back(ip_text(name->d.iPAddress));
  }
  return out;
}

Result<bool> is_self_signed(std::string_view pem) {
  Certificate certificate = read_certificate(pem);
  if (!certificate)
    return fail(Code::invalid_argument, "failed to decode PEM block or block is not of type CERTIFICATE");
  bool same = X509_NAME_cmp(X509_get_subject_name(certificate.get()), X509_get_issuer_name(certificate.get())) == 0;
  bool own = same && X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())) == 1;
  ERR_clear_error();
  return own;
}

bool same_certificate(std::string_view pem, std::string_view other) {
  Certificate one = read_certificate(pem), two = read_certificate(other);
  return one && two && X509_cmp(one.get(), two.get()) == 0;
}

bool chains_to(std::string_view leaf_pem, std::string_view bundle_pem, WallTime now) {
  Certificate leaf = read_certificate(leaf_pem);
  std::unique_ptr<X509_STORE, Freer<X509_STORE_free>> store(X509_STORE_new());
  std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
  if (!leaf || !store || !context) return false;
  Bio bio(BIO_new_mem_buf(bundle_pem.data(), static_cast<int>(bundle_pem.size())));
  while (X509* root = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(store.get(), root);
    X509_free(root);
  }
  bool ok = X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr) == 1;
  if (ok) {
    X509_STORE_CTX_set_time(context.get(), 0, seconds_of(now));
    ok = X509_verify_cert(context.get()) == 1;
  }
  ERR_clear_error();
  return ok;
}

Result<> check_pair(const KeyPair& pair) {
  auto read = Issuer::read(pair);
  if (!read) return fail(read.error());
  return {};
}

}  // namespace kumasim::cp
