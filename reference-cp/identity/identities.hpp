/// The certificates that proxies hold: issued when first wanted, kept until they age or what they say changes.
///
/// A certificate is renewed when 4/5 of its life have passed (Kuma's rule), or when the proxy's tags or SPIFFE ID, the
/// CA or the lifetime set for it have changed. One that ends with its CA cannot be made to last longer: it is left
/// alone until then.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kumasim/runtime/clock.hpp"
#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/random.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/identity/leaf_keys.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/model/resource.hpp"

namespace kumasim::cp {

/// What one proxy holds, and what there is to report of it.
struct Identity {
  KeyPair leaf;
  std::string ca_bundle_pem;
  TagSet tags;
  std::string spiffe_id = {};  ///< of a MeshIdentity's; "" where the tags say who it is
  MeshTls tls;
  bool by_agent = false;  ///< an agent beside the proxy hands out the certificate: nothing of it is known here
  WallTime generated, expires;
  std::uint32_t generation = 1;  ///< counts the certificates of this proxy, from 1
  bool ends_with_ca = false;     ///< the CA's end has cut its life

  /// When the next one is due.
  WallTime rotate_at() const { return ends_with_ca ? expires : generated + (expires - generated) / 5 * 4; }
};

using IdentityPtr = std::shared_ptr<const Identity>;

class Identities {
 public:
  /// All must outlive it.
  Identities(const Clock& clock, Random& random, LeafKeys& keys) : clock_(clock), random_(random), keys_(keys) {}

  /// The identity of a proxy, issued now where the last one will not do. The same pointer: nothing has changed, or its
  /// next key is not there yet and it keeps what it has of this backend; nullptr where it has nothing of it. To be
  /// asked for again once `keys` has the key. Fails as issue_leaf does, and then leaves what there was in place.
  Result<IdentityPtr> get(const ResourceKey& proxy, const MeshTls& tls, const TagSet& tags) {
    return renewed(proxy, tls, tags, {});
  }
  /// The same with a SPIFFE ID of its own in place of tags; `tls.backend` names the MeshIdentity.
  Result<IdentityPtr> get_workload(const ResourceKey& proxy, const MeshTls& tls, const std::string& spiffe_id) {
    return renewed(proxy, tls, {}, spiffe_id);
  }
  /// What the proxy holds; nullptr where there is nothing.
  IdentityPtr find(const ResourceKey& proxy) const;
  void forget(const ResourceKey& proxy) {
    held_.erase(proxy);
    keys_.forget(key_holder(proxy));
  }
  /// Its CAs are not kept in memory any longer.
  void forget_mesh(const std::string& mesh);

  /// The earliest time at which a held certificate is due for renewal.
  std::optional<WallTime> next_rotation() const;
  /// The proxies whose certificate is due, in order. Who is named is not named again for a pause that doubles, from
  /// retry_min to retry_max, until a certificate is issued: what cannot be renewed is not tried without end.
  std::vector<ResourceKey> due();
  static constexpr Duration retry_min = std::chrono::seconds(1);
  static constexpr Duration retry_max = std::chrono::minutes(1);

  /// Certificates issued since the start.
  std::uint64_t issued() const { return issued_; }
  /// CAs that were read since the start: each is kept until it is another one.
  std::uint64_t authorities_read() const { return authorities_read_; }

 private:
  /// More backends than these are read again and again.
  static constexpr std::size_t authorities_max = 1000;

  static std::string key_holder(const ResourceKey& proxy) {
    return "certificate of " + proxy.mesh + " " + proxy.name;
  }
  Result<Issuer> authority(const MeshTls& tls);
  Result<IdentityPtr> renewed(const ResourceKey& proxy, const MeshTls& tls, const TagSet& tags,
                              const std::string& spiffe_id);

  struct Held {
    IdentityPtr identity;
    Duration pause{};   ///< after the last time that it was named as due; zero: never was
    WallTime retry_at;  ///< where `pause` is not zero

    WallTime due_at() const {
      return pause == Duration::zero() ? identity->rotate_at() : std::max(identity->rotate_at(), retry_at);
    }
  };

  const Clock& clock_;
  Random& random_;
  LeafKeys& keys_;
  std::map<ResourceKey, Held> held_;
  struct Authority {
    KeyPair ca;
    Issuer read;
  };
  std::map<std::pair<std::string, std::string>, Authority> authorities_;  ///< by mesh and backend
  std::uint64_t issued_ = 0, authorities_read_ = 0;
};

}  // namespace kumasim::cp
