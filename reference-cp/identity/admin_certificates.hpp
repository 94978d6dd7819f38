/// Certificates between the control plane and proxies' admin listeners, so that nobody else can use Envoy's admin
/// interface.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/clock.hpp"
#include "kumasim/runtime/offload.hpp"
#include "kumasim/runtime/random.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/identity/leaf_keys.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

/// Names of the global secrets that hold a CA: its certificate and then its key.
inline constexpr const char* admin_ca_secret = "envoy-admin-ca";
inline constexpr const char* control_plane_ca_secret = "inter-cp-ca";

/// The global secret of that name, made with `make` where it is not there. Every control plane of a store has the same.
asio::awaitable<Result<ResourcePtr>> ensure_ca(Store& store, std::string name,
                                               std::function<asio::awaitable<Result<KeyPair>>()> make, WallTime now);

/// The CA that such a secret holds; data_loss where it holds none.
Result<KeyPair> read_ca_secret(const Resource& secret);

class AdminCertificates {
 public:
  /// All must outlive it.
  AdminCertificates(const Clock& clock, Random& random, LeafKeys& keys) : clock_(clock), random_(random), keys_(keys) {}

  /// Reads the CA from the store, or makes it there; `offload` makes its key where it is not nullptr. Every control
  /// plane of a store has the same one.
  asio::awaitable<Result<>> start(Store& store, Offload* offload);

  /// REQUIRES, as all that follows does: start() has succeeded.
  const std::string& ca_pem() const { return ca_->certificate_pem(); }
  /// The server certificate for an address, and for the one that is advertised if there is one; made when first asked
  /// for. nullptr: its key is not there yet.
  Result<const KeyPair*> get(const std::string& address, const std::string& advertised = {});
  /// A certificate of the control plane itself, by which admin listeners let it in.
  Result<KeyPair> make_client(PrivateKeyPtr key);

 private:
  const Clock& clock_;
  Random& random_;
  LeafKeys& keys_;
  std::optional<Issuer> ca_;
  std::map<std::vector<std::string>, KeyPair> made_;  ///< by the addresses
};

}  // namespace kumasim::cp
