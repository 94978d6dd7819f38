/// The certificates that proxies hold: issued when first wanted, kept until they age or what they say changes.
///
/// A certificate is renewed when 4/5 of its life have passed (Kuma's rule), or when the proxy's tags, the mesh's CA or
/// the lifetime set for it have changed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "kumasim/runtime/clock.hpp"
#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/random.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/model/resource.hpp"

namespace kumasim::cp {

/// What one proxy holds, and what there is to report of it.
struct Identity {
  KeyPair leaf;
  std::string ca_bundle_pem;
  TagSet tags;
  MeshTls tls;
  WallTime generated, expires;
  std::uint32_t generation = 1;  ///< counts the certificates of this proxy, from 1

  /// When the next one is due.
  WallTime rotate_at() const { return generated + (expires - generated) / 5 * 4; }
};

using IdentityPtr = std::shared_ptr<const Identity>;

class Identities {
 public:
  Identities(const Clock& clock, Random& random, KeySpec leaf_key)
      : clock_(clock), random_(random), leaf_key_(leaf_key) {}

  /// The identity of a proxy, issued now where the last one will not do. The same pointer: nothing has changed.
  /// Fails as issue_leaf does, and then leaves what there was in place.
  Result<IdentityPtr> get(const ResourceKey& proxy, const MeshTls& tls, const TagSet& tags);
  /// What the proxy holds; nullptr where there is nothing.
  IdentityPtr find(const ResourceKey& proxy) const;
  void forget(const ResourceKey& proxy) { held_.erase(proxy); }

  /// The earliest time at which a held certificate is due for renewal.
  std::optional<WallTime> next_rotation() const;
  /// The proxies whose certificate is due, in order.
  std::vector<ResourceKey> due() const;

  /// Certificates issued since the start.
  std::uint64_t issued() const { return issued_; }

 private:
  const Clock& clock_;
  Random& random_;
  KeySpec leaf_key_;
  std::map<ResourceKey, IdentityPtr> held_;
  std::uint64_t issued_ = 0;
};

}  // namespace kumasim::cp
