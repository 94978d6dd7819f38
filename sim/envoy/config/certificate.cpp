#include "sim/envoy/config/certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <openssl/x509_vfy.h>

#include <algorithm>

#include "kumasim/runtime/freed.hpp"
#include "kumasim/transport/no_password.hpp"

namespace kumasim::sim::proxy {
namespace {

void free_stack(STACK_OF(X509) * stack) { sk_X509_free(stack); }
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;
using StackPtr = std::unique_ptr<STACK_OF(X509), Freed<free_stack>>;

/// `verdicts_` is cleared when it grows over this: rotation makes new keys for ever.
constexpr std::size_t verdicts_max = 100'000;

std::vector<X509Ptr> read_certificates(const std::string& pem) {
  std::vector<X509Ptr> out;
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (X509* x = PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)) out.emplace_back(x);
  ERR_clear_error();
  return out;
}

/// An EC key that says that it is one, as the control plane's do, by the old interface: OpenSSL 3 tries each of its
/// decoders on a text, for which it takes ten times as long. nullptr: it is not of this kind.
KeyPtr read_ec_key(const std::string& pem) {
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  char *name = nullptr, *header = nullptr;
  unsigned char* bytes = nullptr;
  long size = 0;
  if (PEM_read_bio(bio.get(), &name, &header, &bytes, &size) != 1) return nullptr;
  EC_KEY* pair = nullptr;
  const unsigned char* at = bytes;
  if (std::string_view(name) == PEM_STRING_ECPRIVATEKEY && *header == '\0') pair = d2i_ECPrivateKey(nullptr, &at, size);
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_clear_free(bytes, static_cast<std::size_t>(size));
  KeyPtr out(pair ? EVP_PKEY_new() : nullptr);
  if (!out || EVP_PKEY_assign_EC_KEY(out.get(), pair) != 1) {
    EC_KEY_free(pair);
    return nullptr;
  }
  return out;
}

KeyPtr read_key(const std::string& pem) {
  auto out = read_ec_key(pem);
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!out) out.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  return out;
}

WallTime wall_time(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  using namespace std::chrono;
  auto day = year_month_day(year(parts.tm_year + 1900), month(static_cast<unsigned>(parts.tm_mon) + 1),
                            std::chrono::day(static_cast<unsigned>(parts.tm_mday)));
  // Certificates may outlive what nanoseconds can count (2262): the end of time is then the end of certificates.
  auto whole = sys_days(day).time_since_epoch();
  if (whole > days(106'000)) return WallTime::max();
  return WallTime(whole) + hours(parts.tm_hour) + minutes(parts.tm_min) + seconds(parts.tm_sec);
}

std::string text_of(const ASN1_STRING* s) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(s)), static_cast<std::size_t>(ASN1_STRING_length(s))};
}

std::string ip_text(const std::string& bytes) {
  if (bytes.size() == 4) {
    std::string out;
    for (char c : bytes) out += (out.empty() ? "" : ".") + std::to_string(static_cast<unsigned char>(c));
    return out;
  }
  static const char* hex = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto u = static_cast<unsigned char>(bytes[i]);
    if (i > 0 && i % 2 == 0) out += ':';
    out += hex[u >> 4];
    out += hex[u & 15];
  }
  return out;
}

void read_names(X509* leaf, CertificateChain& out) {
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_URI) out.uris.push_back(text_of(name->d.uniformResourceIdentifier));
    if (name->type == GEN_DNS) out.dns_names.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_IPADD) out.ip_addresses.push_back(ip_text(text_of(name->d.iPAddress)));
  }
  GENERAL_NAMES_free(names);
  BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(leaf), 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  auto size = BIO_get_mem_data(bio.get(), &data);
  out.subject.assign(data, static_cast<std::size_t>(size));
  BIGNUM* number = ASN1_INTEGER_to_BN(X509_get_serialNumber(leaf), nullptr);
  if (char* hex = number ? BN_bn2hex(number) : nullptr) {
    out.serial = hex;
    OPENSSL_free(hex);
  }
  BN_free(number);
}

}  // namespace

bool CertificateChain::is_workload() const {
  return std::ranges::any_of(uris, [](const std::string& uri) { return uri.starts_with("spiffe://"); });
}

struct CertificateChain::Parsed {
  std::vector<X509Ptr> certificates;
};

struct TrustBundle::Parsed {
  StorePtr store;
  std::vector<X509Ptr> roots;
};

Checked<ChainPtr> CertificateStore::chain(const std::string& certificate_pem, const std::string& key_pem) {
  auto& known = chains_[certificate_pem + "\n" + key_pem];
  if (auto alive = known.lock()) return alive;
  auto certificates = read_certificates(certificate_pem);
  if (certificates.empty()) return refuse("Failed to load certificate chain from <inline>");
  auto key = read_key(key_pem);
  if (!key) return refuse("Failed to load private key from <inline>, Cause: no key in the text");
  X509* leaf = certificates.front().get();
  if (X509_check_private_key(leaf, key.get()) != 1) {
    ERR_clear_error();
    return refuse("Failed to load private key from <inline>, Cause: KEY_VALUES_MISMATCH");
  }
  auto out = std::make_shared<CertificateChain>();
  out->id = ++ids_;
  out->elliptic = EVP_PKEY_base_id(key.get()) == EVP_PKEY_EC;
  out->not_before = wall_time(X509_get0_notBefore(leaf));
  out->not_after = wall_time(X509_get0_notAfter(leaf));
  read_names(leaf, *out);
  auto parsed = std::make_shared<CertificateChain::Parsed>();
  parsed->certificates = std::move(certificates);
  out->parsed = std::move(parsed);
  known = out;
  return out;
}

Checked<BundlePtr> CertificateStore::bundle(const std::string& pem) {
  auto& known = bundles_[pem];
  if (auto alive = known.lock()) return alive;
  auto parsed = std::make_shared<TrustBundle::Parsed>();
  parsed->roots = read_certificates(pem);
  if (parsed->roots.empty()) return refuse("Failed to load trusted CA certificates from <inline>");
  parsed->store.reset(X509_STORE_new());
  for (const auto& root : parsed->roots) X509_STORE_add_cert(parsed->store.get(), root.get());
  ERR_clear_error();
  auto out = std::make_shared<TrustBundle>();
  out->id = ++ids_;
  out->parsed = std::move(parsed);
  known = out;
  return out;
}

std::string CertificateStore::verify(const CertificateChain& chain, const TrustBundle& bundle, WallTime now) {
  auto key = std::pair(chain.id, bundle.id);
  if (auto found = verdicts_.find(key); found != verdicts_.end()) {
    const auto& v = found->second;
    if (now >= v.from && now < v.until) return v.error;
  }
  ++verifications_;
  StoreCtxPtr ctx(X509_STORE_CTX_new());
  StackPtr untrusted(sk_X509_new_null());
  for (const auto& x : chain.parsed->certificates) sk_X509_push(untrusted.get(), x.get());
  X509_STORE_CTX_init(ctx.get(), bundle.parsed->store.get(), chain.parsed->certificates.front().get(), untrusted.get());
  auto* param = X509_STORE_CTX_get0_param(ctx.get());
  X509_VERIFY_PARAM_set_time(param, std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  // Envoy takes any certificate of trusted_ca as an anchor, an intermediate one too.
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
  bool good = X509_verify_cert(ctx.get()) == 1;
  int error = X509_STORE_CTX_get_error(ctx.get());
  ERR_clear_error();
  Verdict verdict{{}, WallTime::min(), WallTime::max()};
  if (good) {
    const auto* used = X509_STORE_CTX_get0_chain(ctx.get());
    for (int i = 0; i < sk_X509_num(used); ++i) {
      verdict.from = std::max(verdict.from, wall_time(X509_get0_notBefore(sk_X509_value(used, i))));
      verdict.until = std::min(verdict.until, wall_time(X509_get0_notAfter(sk_X509_value(used, i))));
    }
  } else {
    verdict.error = X509_verify_cert_error_string(error);
    if (error == X509_V_ERR_CERT_NOT_YET_VALID || error == X509_V_ERR_CERT_HAS_EXPIRED) return verdict.error;
  }
  if (verdicts_.size() >= verdicts_max) verdicts_.clear();
  verdicts_[key] = verdict;
  return verdict.error;
}

}  // namespace kumasim::sim::proxy
