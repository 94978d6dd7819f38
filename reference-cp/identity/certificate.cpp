#include "reference-cp/identity/certificate.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cassert>

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "reference-cp/identity/openssl_objects.hpp"

namespace kumasim::cp {

using namespace openssl;

struct Issuer::Parts {
  Certificate certificate;
  Key key;
  std::string certificate_pem;
  WallTime not_after;
};

namespace {

using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;

/// Of servers' certificates (Kuma's own and those of admin listeners).
constexpr Duration server_clock_skew = std::chrono::minutes(5);

std::unexpected<Error> openssl_error(std::string what) {
  unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return fail(Code::internal, std::move(what));
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return fail(Code::internal, fmt::format("{}: {}", what, text.data()));
}

/// By the old interface: of a key of the new one OpenSSL 3 encodes and decodes the public half for each certificate,
/// for which it takes ten times as long as for the key.
Key make_ec_key() {
  std::unique_ptr<EC_KEY, Freed<EC_KEY_free>> pair(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  Key out(EVP_PKEY_new());
  if (!pair || !out || EC_KEY_generate_key(pair.get()) != 1) return nullptr;
  if (EVP_PKEY_assign_EC_KEY(out.get(), pair.get()) != 1) return nullptr;
  (void)pair.release();  // the key's now
  return out;
}

Key make_key(KeySpec spec) {
  if (!spec.allowed()) return nullptr;
  if (spec.rsa_bits == 0) return make_ec_key();
  return Key(spec.make_rsa ? spec.make_rsa(spec.rsa_bits) : EVP_RSA_gen(spec.rsa_bits));
}

std::string take(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Result<KeyPair> to_pem(X509* certificate, EVP_PKEY* key) {
  Bio certificate_bio(BIO_new(BIO_s_mem()));
  Bio key_bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(certificate_bio.get(), certificate) != 1 ||
      PEM_write_bio_PrivateKey_traditional(key_bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return openssl_error("cannot write a certificate as PEM");
  return KeyPair{take(certificate_bio.get()), take(key_bio.get())};
}

bool set_validity(X509* certificate, WallTime from, WallTime to) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), seconds_of(from)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), seconds_of(to)) != nullptr;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_name(GENERAL_NAMES* names, int type, std::string_view value) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  auto* text = type == GEN_IPADD ? static_cast<ASN1_STRING*>(ASN1_OCTET_STRING_new()) : ASN1_IA5STRING_new();
  ASN1_STRING_set(text, value.data(), static_cast<int>(value.size()));
  GENERAL_NAME_set0_value(name, type, text);
  return sk_GENERAL_NAME_push(names, name) > 0;
}

bool set_serial(X509* certificate, const std::array<std::byte, 16>& bytes, BN_ULONG more) {
  Number number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), nullptr));
  if (!number || BN_add_word(number.get(), more) != 1) return false;
  return BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

/// A random serial number of 128 bits, never 0 (CA/Browser Forum, ballot 164).
bool set_serial(X509* certificate, Random& random) {
  std::array<std::byte, 16> bytes;
  random.fill(bytes);
  return set_serial(certificate, bytes, 1);
}

bool add_subject(X509* certificate, std::initializer_list<std::pair<const char*, std::string>> parts) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  for (const auto& [field, value] : parts)
    if (X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                   static_cast<int>(value.size()), -1, 0) != 1)
      return false;
  return true;
}

/// What the roots differ in.
struct RootParts {
  std::string common_name;
  std::string uri;  ///< "" for none
  WallTime from, to;
  std::array<std::byte, 16> serial = {};
};

Result<KeyPair> make_root(const RootParts& parts, KeySpec spec) {
  Key key = make_key(spec);
  Certificate certificate(X509_new());
  Names names(sk_GENERAL_NAME_new_null());
  bool ok =
      key && certificate && names && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
      set_serial(certificate.get(), parts.serial, 0) && set_validity(certificate.get(), parts.from, parts.to) &&
      add_subject(certificate.get(), {{"O", "Kuma"}, {"OU", "Mesh"}, {"CN", parts.common_name}}) &&
      X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get())) == 1 &&
      X509_set_pubkey(certificate.get(), key.get()) == 1 &&
      add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE") &&
      add_extension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash") &&
      (parts.uri.empty() || (add_name(names.get(), GEN_URI, parts.uri) &&
                             X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, names.get(), 0, 0) == 1)) &&
      X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0;
  if (!ok) return openssl_error(fmt::format("cannot make the root certificate \"{}\"", parts.common_name));
  return to_pem(certificate.get(), key.get());
}

}  // namespace

Result<Issuer> Issuer::read(const KeyPair& ca) {
  Certificate certificate = read_certificate(ca.certificate_pem);
  if (!certificate) return fail(Code::invalid_argument, "not a PEM certificate", "cert");
  Key key = read_key(ca.key_pem);
  if (!key) return fail(Code::invalid_argument, "not a PEM private key", "key");
  bool same = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (!same) return fail(Code::invalid_argument, "the certificate does not belong to the key", "cert");
  WallTime end = time_of(X509_get0_notAfter(certificate.get()));
  return Issuer(std::make_shared<const Parts>(Parts{std::move(certificate), std::move(key), ca.certificate_pem, end}));
}

const std::string& Issuer::certificate_pem() const { return parts_->certificate_pem; }
WallTime Issuer::not_after() const { return parts_->not_after; }

Result<PrivateKeyPtr> make_private_key(KeySpec spec) {
  PrivateKeyPtr key(make_key(spec));
  if (!key) return openssl_error("cannot make a key");
  return key;
}

Result<KeyPair> make_ca(const CaRequest& request) {
  return make_root({request.mesh, "spiffe://" + request.mesh, request.now - clock_skew, request.now + request.lifetime,
                    request.serial},
                   request.key);
}

Result<std::string> with_lifetime(const KeyPair& ca, WallTime from, WallTime to) {
  auto root = Issuer::read(ca);
  if (!root) return fail(root.error());
  EVP_PKEY* key = root->parts().key.get();
  Certificate renewed(X509_dup(root->parts().certificate.get()));
  if (!renewed || !set_validity(renewed.get(), from, to) || X509_sign(renewed.get(), key, EVP_sha256()) <= 0)
    return openssl_error("cannot give a certificate another life");
  auto pair = to_pem(renewed.get(), key);
  if (!pair) return fail(pair.error());
  return std::move(pair->certificate_pem);
}

Result<KeyPair> make_admin_ca(KeySpec key, WallTime now) {
  return make_root({"Envoy Admin CA", {}, now - server_clock_skew, now + ca_lifetime_default}, key);
}

Result<KeyPair> make_control_plane_ca(KeySpec key, WallTime now) {
  constexpr const char* name = "Control Plane Intercommunication CA";
  return make_root({name, {}, now - server_clock_skew, now + ca_lifetime_default}, key);
}

namespace {

std::vector<std::string> uris_of(const LeafRequest& request) {
  if (!request.spiffe_id.empty()) return {request.spiffe_id};
  std::vector<std::string> out;
  if (auto services = request.tags.find("kuma.io/service"); services != request.tags.end())
    for (const auto& service : services->second) out.push_back(fmt::format("spiffe://{}/{}", request.mesh, service));
  for (const auto& [tag, values] : request.tags)
    for (const auto& value : values) out.push_back(fmt::format("kuma://{}/{}", tag, value));
  return out;
}

}  // namespace

Result<Issuer> read_mesh_ca(const KeyPair& ca, std::string_view mesh) {
  auto read = Issuer::read(ca);
  if (!read) return fail(Code::data_loss, fmt::format("the CA of mesh \"{}\" is not a certificate with its key", mesh));
  return read;
}

Result<> check_not_ended(const Issuer& ca, std::string_view mesh, WallTime now) {
  if (now >= ca.not_after()) return fail(Code::data_loss, fmt::format("the CA of mesh \"{}\" has expired", mesh));
  return {};
}

Result<KeyPair> issue_leaf(const KeyPair& ca, const LeafRequest& request, Random& random) {
  auto issuer = read_mesh_ca(ca, request.mesh);
  if (!issuer) return fail(issuer.error());
  if (auto good = check_not_ended(*issuer, request.mesh, request.now); !good) return fail(good.error());
  auto key = make_private_key(request.key);
  if (!key) return fail(key.error());
  auto leaf = issue_leaf(*issuer, *key, request, random);
  if (!leaf) return fail(leaf.error());
  return std::move(leaf->pair);
}

Result<Leaf> issue_leaf(const Issuer& ca, const PrivateKeyPtr& key, const LeafRequest& request, Random& random) {
  assert(key && request.now < ca.not_after());
  const Certificate& root = ca.parts().certificate;
  const Key& root_key = ca.parts().key;
  const WallTime end = std::min(request.now + request.lifetime, ca.not_after());
  Names names(sk_GENERAL_NAME_new_null());
  bool ok = names != nullptr;
  for (const std::string& uri : uris_of(request)) ok = ok && add_name(names.get(), GEN_URI, uri);
  Certificate certificate(X509_new());
  ok = ok && certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
       set_serial(certificate.get(), random) && set_validity(certificate.get(), request.now - clock_skew, end) &&
       X509_set_issuer_name(certificate.get(), X509_get_subject_name(root.get())) == 1 &&
       X509_set_pubkey(certificate.get(), key.get()) == 1 &&
       add_extension(certificate.get(), root.get(), NID_key_usage,
                     "critical,digitalSignature,keyEncipherment,keyAgreement") &&
       add_extension(certificate.get(), root.get(), NID_ext_key_usage, "serverAuth,clientAuth") &&
       add_extension(certificate.get(), root.get(), NID_basic_constraints, "critical,CA:FALSE");
  // A root that was provided may have no key identifier to point to.
  if (ok && X509_get0_subject_key_id(root.get()) != nullptr)
    ok = add_extension(certificate.get(), root.get(), NID_authority_key_identifier, "keyid");
  // RFC 5280, 4.2.1.6: without a subject the alternative names are critical.
  ok = ok && X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, names.get(), 1, 0) == 1 &&
       X509_sign(certificate.get(), root_key.get(), EVP_sha256()) > 0;
  if (!ok) return openssl_error(fmt::format("cannot issue a certificate in mesh \"{}\"", request.mesh));
  auto pair = to_pem(certificate.get(), key.get());
  if (!pair) return fail(pair.error());
  return Leaf{std::move(*pair), std::chrono::floor<std::chrono::seconds>(end)};
}

Result<KeyPair> make_server(const ServerRequest& request, Random& random) {
  Names names(sk_GENERAL_NAME_new_null());
  bool ok = names != nullptr;
  for (const auto& host : request.hosts) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    auto raw = [&](std::size_t n) { return std::string_view(reinterpret_cast<const char*>(address.data()), n); };
    if (inet_pton(AF_INET, host.c_str(), address.data()) == 1)
      ok = ok && add_name(names.get(), GEN_IPADD, raw(4));
    else if (inet_pton(AF_INET6, host.c_str(), address.data()) == 1)
      ok = ok && add_name(names.get(), GEN_IPADD, raw(16));
    else
      ok = ok && add_name(names.get(), GEN_DNS, host);
  }
  PrivateKeyPtr key = request.made_key ? request.made_key : PrivateKeyPtr(make_key(request.key));
  Certificate certificate(X509_new());
  const Issuer::Parts* root = request.issuer ? &request.issuer->parts() : nullptr;
  X509* issuer = root ? root->certificate.get() : certificate.get();
  const char* usage =
      root ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature,keyEncipherment,keyCertSign";
  WallTime from = request.now - server_clock_skew;
  ok = ok && key && certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
       set_serial(certificate.get(), random) && set_validity(certificate.get(), from, from + request.lifetime) &&
       X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer)) == 1 &&
       X509_set_pubkey(certificate.get(), key.get()) == 1 &&
       add_extension(certificate.get(), issuer, NID_key_usage, usage) &&
       add_extension(certificate.get(), issuer, NID_ext_key_usage, request.for_client ? "clientAuth" : "serverAuth") &&
       add_extension(certificate.get(), issuer, NID_basic_constraints,
                     root ? "critical,CA:FALSE" : "critical,CA:TRUE") &&
       X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, names.get(), 1, 0) == 1 &&
       X509_sign(certificate.get(), root ? root->key.get() : key.get(), EVP_sha256()) > 0;
  if (!ok) return openssl_error("cannot make a server certificate");
  return to_pem(certificate.get(), key.get());
}

Result<std::string> make_key_pem(KeySpec spec) {
  Key key = make_key(spec);
  Bio bio(BIO_new(BIO_s_mem()));
  if (!key || PEM_write_bio_PrivateKey_traditional(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return openssl_error("cannot make a key");
  return take(bio.get());
}

}  // namespace kumasim::cp
