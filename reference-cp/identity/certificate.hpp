/// X.509 certificates as the mesh needs them: roots, workload certificates with SPIFFE names, a server's own.
///
/// Time and serial numbers are passed in. Keys come from OpenSSL's generator, which in simulation draws from the seed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/random.hpp"
#include "kumasim/runtime/time.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace kumasim::cp {

/// PEM texts. The key is in its traditional form ("EC PRIVATE KEY", "RSA PRIVATE KEY"), as Kuma stores it.
struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;
  bool operator==(const KeyPair&) const = default;
};

/// Makes an RSA key of so many bits, which the caller owns; nullptr where it cannot.
using MakeRsaKey = evp_pkey_st* (*)(std::uint32_t bits);

/// EC P-256, or RSA of so many bits.
struct KeySpec {
  std::uint32_t rsa_bits = 0;     ///< 0: EC P-256
  MakeRsaKey make_rsa = nullptr;  ///< nullptr: OpenSSL's generator

  /// Smaller RSA keys are insecure (NIST SP 800-57); making larger ones would hold up everything else for too long.
  bool allowed() const { return rsa_bits == 0 || rsa_bits == 2048 || rsa_bits == 3072 || rsa_bits == 4096; }
};

/// A private key as OpenSSL has it. It may be made on one thread and used on another, by one at a time.
using PrivateKeyPtr = std::shared_ptr<evp_pkey_st>;
Result<PrivateKeyPtr> make_private_key(KeySpec spec);

/// A CA that has been read and is ready to sign: reading one takes longer than signing with it. It is to end with its
/// world, as the parts of a process do: OpenSSL's keys keep random numbers that they drew when they were used.
class Issuer {
 public:
  /// invalid_argument with the field (cert, key) where it is no certificate with its key.
  static Result<Issuer> read(const KeyPair& ca);

  const std::string& certificate_pem() const;
  WallTime not_after() const;

  struct Parts;
  const Parts& parts() const { return *parts_; }

 private:
  explicit Issuer(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

/// Tags of a proxy: a key may have several values, one for each inbound.
using TagSet = std::map<std::string, std::set<std::string>, std::less<>>;

/// A certificate is valid from a little before it was made, so that a peer whose clock is behind takes it (Kuma's
/// skew).
inline constexpr Duration clock_skew = std::chrono::seconds(10);
inline constexpr Duration ca_lifetime_default = std::chrono::hours(24) * 365 * 10;
inline constexpr Duration leaf_lifetime_default = std::chrono::hours(24);

struct CaRequest {
  std::string mesh;  ///< or a trust domain
  KeySpec key;
  WallTime now;
  Duration lifetime = ca_lifetime_default;
  std::array<std::byte, 16> serial = {};  ///< 0 for a mesh's own; roots of one trust domain are told apart by it
};
/// A self-signed root for a mesh: subject O=Kuma, OU=Mesh, CN=<mesh>; URI spiffe://<mesh>. Fails where the key is not
/// allowed.
Result<KeyPair> make_ca(const CaRequest& request);

/// The root's certificate with another life, signed anew by its key: what the root has signed chains to it as before.
/// invalid_argument where it is no certificate with its key.
Result<std::string> with_lifetime(const KeyPair& ca, WallTime from, WallTime to);

struct LeafRequest {
  std::string mesh;
  TagSet tags;
  KeySpec key;
  WallTime now;
  Duration lifetime = leaf_lifetime_default;
  std::string spiffe_id = {};  ///< if there is one, it is the only URI
};
/// A workload certificate: no subject; URIs spiffe://<mesh>/<service> for each service and kuma://<tag>/<value> for
/// each tag. Its end is never after the root's. Fails where the root has ended or its key does not belong to it.
Result<KeyPair> issue_leaf(const KeyPair& ca, const LeafRequest& request, Random& random);

struct Leaf {
  KeyPair pair;
  WallTime not_after;
};
/// The same for `key`, which `request.key` says nothing of. REQUIRES: the root has not ended.
Result<Leaf> issue_leaf(const Issuer& ca, const PrivateKeyPtr& key, const LeafRequest& request, Random& random);
/// What issue_leaf asks of a CA: data_loss where it cannot be read, or has ended. `mesh` is for the message.
Result<Issuer> read_mesh_ca(const KeyPair& ca, std::string_view mesh);
Result<> check_not_ended(const Issuer& ca, std::string_view mesh, WallTime now);

/// The root of the certificates between the control plane and its proxies' admin listeners (CN=Envoy Admin CA).
Result<KeyPair> make_admin_ca(KeySpec key, WallTime now);
/// The name in the control plane's certificate as a client, by which admin listeners know it (as in Kuma).
inline constexpr const char* admin_client_name = "kuma-cp";
/// The root of the certificates between control planes of one store (CN=Control Plane Intercommunication CA).
Result<KeyPair> make_control_plane_ca(KeySpec key, WallTime now);

struct ServerRequest {
  std::vector<std::string> hosts;  ///< DNS names and IP addresses
  KeySpec key;
  WallTime now;
  Duration lifetime = ca_lifetime_default;
  const Issuer* issuer = nullptr;   ///< nullptr: self-signed
  bool for_client = false;          ///< a client's certificate instead: its use is the other one
  PrivateKeyPtr made_key = {};      ///< nullptr: one of `key` is made
};
/// A server certificate; where it is self-signed, the peer can also trust it as a root (Kuma makes its own so).
Result<KeyPair> make_server(const ServerRequest& request, Random& random);

/// What a certificate says. The first one of a PEM text.
struct CertificateInfo {
  WallTime not_before, not_after;
  std::vector<std::string> uris, dns_names, ip_addresses;
  bool has_basic_constraints = false;
  bool is_ca = false;
  bool signs_certificates = false, agrees_keys = false;  ///< by its key usage; neither where it has none
};
Result<CertificateInfo> inspect_certificate(std::string_view pem);
/// All certificates of the text, in their order; in Go's words why one cannot be read.
std::vector<Result<CertificateInfo>> inspect_certificates(std::string_view pem);

/// Its issuer is its subject, and its key has signed it. invalid_argument where the text holds no certificate.
Result<bool> is_self_signed(std::string_view pem);
/// The first certificates of both texts are one.
bool same_certificate(std::string_view pem, std::string_view other);

/// Whether the leaf is signed by one of the roots of the bundle and both are within their time.
bool chains_to(std::string_view leaf_pem, std::string_view bundle_pem, WallTime now);

/// A private key alone.
Result<std::string> make_key_pem(KeySpec spec);

/// Why Go's crypto/tls takes no such pair, in its words; "" where it does.
std::string tls_pair_error(const KeyPair& pair);
/// The key of the pair belongs to its certificate.
Result<> check_pair(const KeyPair& pair);

}  // namespace kumasim::cp
