#include "reference-cp/identity/identities.hpp"

namespace kumasim::cp {

Result<IdentityPtr> Identities::renewed(const ResourceKey& proxy, const MeshTls& tls, const TagSet& tags,
                                        const std::string& spiffe_id) {
  WallTime now = clock_.wall_now();
  auto found = held_.find(proxy);
  if (found != held_.end()) {
    const Identity& held = *found->second.identity;
    bool same = held.tls == tls && held.tags == tags && held.spiffe_id == spiffe_id;
    if (same && now < held.rotate_at()) return found->second.identity;
  }
  auto ca = authority(tls);
  if (!ca) return fail(ca.error());
  // Before a key is asked for: one that was made is gone with the attempt.
  if (auto good = check_not_ended(*ca, tls.mesh, now); !good) return fail(good.error());
  auto key = keys_.take(key_holder(proxy));
  if (!key) return fail(key.error());
  if (!*key) {
    if (found == held_.end()) return IdentityPtr();
    const Identity& held = *found->second.identity;
    bool stands = held.tls.backend == tls.backend && held.spiffe_id == spiffe_id && now < held.expires;
    return stands ? found->second.identity : IdentityPtr();
  }
  LeafRequest request{.mesh = tls.mesh,
                      .tags = tags,
                      .key = keys_.spec(),
                      .now = now,
                      .lifetime = tls.leaf_lifetime,
                      .spiffe_id = spiffe_id};
  auto leaf = issue_leaf(*ca, *key, request, random_);
  if (!leaf) return fail(leaf.error());
  ++issued_;
  Identity fresh{.leaf = std::move(leaf->pair),
                 .ca_bundle_pem = tls.ca.certificate_pem,
                 .tags = tags,
                 .spiffe_id = spiffe_id,
                 .tls = tls,
                 .generated = now,
                 .expires = leaf->not_after,
                 .generation = found == held_.end() ? 1 : found->second.identity->generation + 1,
                 .ends_with_ca = leaf->not_after < std::chrono::floor<std::chrono::seconds>(now + tls.leaf_lifetime)};
  Held& slot = held_[proxy];
  slot = {.identity = std::make_shared<const Identity>(std::move(fresh)), .pause = {}, .retry_at = {}};
  return slot.identity;
}

/// The CA as OpenSSL has it; what cannot be read is not remembered.
Result<Issuer> Identities::authority(const MeshTls& tls) {
  std::pair backend{tls.mesh, tls.backend};
  auto found = authorities_.find(backend);
  if (found != authorities_.end() && found->second.ca == tls.ca) return found->second.read;
  ++authorities_read_;
  auto read = read_mesh_ca(tls.ca, tls.mesh);
  if (!read) return read;
  if (found == authorities_.end() && authorities_.size() >= authorities_max) authorities_.clear();
  authorities_.insert_or_assign(std::move(backend), Authority{tls.ca, *read});
  return read;
}

void Identities::forget_mesh(const std::string& mesh) {
  std::erase_if(authorities_, [&](const auto& entry) { return entry.first.first == mesh; });
}

IdentityPtr Identities::find(const ResourceKey& proxy) const {
  auto found = held_.find(proxy);
  return found == held_.end() ? nullptr : found->second.identity;
}

std::optional<WallTime> Identities::next_rotation() const {
  std::optional<WallTime> earliest;
  for (const auto& [proxy, held] : held_)
    if (!earliest || held.due_at() < *earliest) earliest = held.due_at();
  return earliest;
}

std::vector<ResourceKey> Identities::due() {
  std::vector<ResourceKey> out;
  WallTime now = clock_.wall_now();
  for (auto& [proxy, held] : held_) {
    if (now < held.due_at()) continue;
    held.pause = held.pause == Duration::zero() ? retry_min : std::min<Duration>(held.pause * 2, retry_max);
    held.retry_at = now + held.pause;
    out.push_back(proxy);
  }
  return out;
}

}  // namespace kumasim::cp
