/// What certificates say, whom they chain to, and which keys belong to them.
#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/identity/openssl_objects.hpp"

namespace kumasim::cp {

using namespace openssl;

namespace {

constexpr const char* malformed = "x509: malformed certificate";

std::string ip_text(const ASN1_OCTET_STRING* ip) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  int size = ASN1_STRING_length(ip);
  if (size != 4 && size != 16) return {};  // no address (RFC 5280, section 4.2.1.6)
  inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip), text.data(), text.size());
  return text.data();
}

CertificateInfo info_of(X509* certificate) {
  CertificateInfo out;
  out.not_before = time_of(X509_get0_notBefore(certificate));
  out.not_after = time_of(X509_get0_notAfter(certificate));
  std::unique_ptr<BASIC_CONSTRAINTS, Freed<BASIC_CONSTRAINTS_free>> constraints(
      static_cast<BASIC_CONSTRAINTS*>(X509_get_ext_d2i(certificate, NID_basic_constraints, nullptr, nullptr)));
  out.has_basic_constraints = constraints != nullptr;
  out.is_ca = constraints && constraints->ca != 0;
  if ((X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) != 0) {
    const std::uint32_t usage = X509_get_key_usage(certificate);
    out.signs_certificates = (usage & KU_KEY_CERT_SIGN) != 0;
    out.agrees_keys = (usage & KU_KEY_AGREEMENT) != 0;
  }
  Names names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
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

std::vector<std::string> block_types(std::string_view pem) {
  std::vector<std::string> out;
  PemReader blocks(pem);
  while (auto block = blocks.next()) out.push_back(std::move(block->type));
  return out;
}

std::string listed(const std::vector<std::string>& types) {
  std::string out;
  for (const std::string& type : types) out += (out.empty() ? "" : " ") + type;
  return "[" + out + "]";
}

/// Why a text holds no certificate, or "".
std::string certificate_error(std::string_view pem) {
  const std::vector<std::string> types = block_types(pem);
  if (types.empty()) return "tls: failed to find any PEM data in certificate input";
  if (std::ranges::find(types, std::string("CERTIFICATE")) != types.end()) return "";
  if (types.size() == 1 && types[0].ends_with("PRIVATE KEY"))
    return "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may "
           "have been switched";
  return "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the "
         "following types: " +
         listed(types);
}

/// Why a text holds no private key, or "".
std::string key_error(std::string_view pem) {
  const std::vector<std::string> types = block_types(pem);
  if (types.empty()) return "tls: failed to find any PEM data in key input";
  auto is_key = [](const std::string& type) { return type == "PRIVATE KEY" || type.ends_with(" PRIVATE KEY"); };
  if (std::ranges::any_of(types, is_key)) return "";
  if (types == std::vector<std::string>{"CERTIFICATE"})
    return "tls: found a certificate rather than a key in the PEM for the private key";
  return "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of "
         "the following types: " +
         listed(types);
}

}  // namespace

Result<CertificateInfo> inspect_certificate(std::string_view pem) {
  Certificate certificate = read_certificate(pem);
  if (!certificate) return fail(Code::invalid_argument, "the text holds no PEM certificate");
  return info_of(certificate.get());
}

std::vector<Result<CertificateInfo>> inspect_certificates(std::string_view pem) {
  std::vector<Result<CertificateInfo>> out;
  for (const Certificate& one : read_certificates(pem))
    out.push_back(one ? Result<CertificateInfo>(info_of(one.get())) : fail(Code::invalid_argument, malformed));
  ERR_clear_error();
  return out;
}

std::string tls_pair_error(const KeyPair& pair) {
  if (std::string why = certificate_error(pair.certificate_pem); !why.empty()) return why;
  if (std::string why = key_error(pair.key_pem); !why.empty()) return why;
  Certificate certificate = read_certificate(pair.certificate_pem);
  if (!certificate) return malformed;
  Key key = read_key(pair.key_pem);
  if (!key) return "tls: failed to parse private key";
  const EVP_PKEY* own = X509_get0_pubkey(certificate.get());
  if (own == nullptr) return "tls: unknown public key algorithm";
  if (EVP_PKEY_get_base_id(own) != EVP_PKEY_get_base_id(key.get()))
    return "tls: private key type does not match public key type";
  bool same = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return same ? "" : "tls: private key does not match public key";
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
  std::unique_ptr<X509_STORE, Freed<X509_STORE_free>> store(X509_STORE_new());
  std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
  if (!leaf || !store || !context) return false;
  for (const Certificate& root : read_certificates(bundle_pem))
    if (root) X509_STORE_add_cert(store.get(), root.get());
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
