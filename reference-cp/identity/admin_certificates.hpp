/// Certificates of proxies' admin listeners, so that only the control plane can use Envoy's admin interface.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kumasim/runtime/clock.hpp"
#include "kumasim/runtime/random.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

/// Names of the global secrets that hold a CA: its certificate and then its key.
inline constexpr const char* admin_ca_secret = "envoy-admin-ca";
inline constexpr const char* control_plane_ca_secret = "inter-cp-ca";

/// The global secret of that name, made with `make` where it is not there. Every control plane of a store has the same.
asio::awaitable<Result<ResourcePtr>> ensure_ca(Store& store, std::string name, std::function<Result<KeyPair>()> make,
                                               WallTime now);

class AdminCertificates {
 public:
  AdminCertificates(const Clock& clock, Random& random, KeySpec key) : clock_(clock), random_(random), key_(key) {}

  /// Reads the CA from the store, or makes it there. Every control plane of a store has the same one.
  asio::awaitable<Result<>> start(Store& store);

  const std::string& ca_pem() const { return ca_.certificate_pem; }
  /// The server certificate for an address, and for the one that is advertised if there is one; made when first asked
  /// for. REQUIRES: start() has succeeded.
  Result<KeyPair> get(const std::string& address, const std::string& advertised = {});

 private:
  const Clock& clock_;
  Random& random_;
  KeySpec key_;
  KeyPair ca_;
  std::map<std::vector<std::string>, KeyPair> made_;  ///< by the addresses
};

}  // namespace kumasim::cp
