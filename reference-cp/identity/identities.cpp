#include "reference-cp/identity/identities.hpp"

namespace kumasim::cp {

Result<IdentityPtr> Identities::get(const ResourceKey& proxy, const MeshTls& tls, const TagSet& tags) {
  WallTime now = clock_.wall_now();
  auto found = held_.find(proxy);
  if (found != held_.end()) {
    const Identity& held = *found->second;
    if (held.tls == tls && held.tags == tags && now < held.rotate_at()) return found->second;
  }
  auto leaf = issue_leaf(
      tls.ca, {.mesh = tls.mesh, .tags = tags, .key = leaf_key_, .now = now, .lifetime = tls.leaf_lifetime}, random_);
  if (!leaf) return fail(leaf.error());
  auto info = inspect_certificate(leaf->certificate_pem);
  if (!info) return fail(info.error());
  ++issued_;
  Identity fresh{.leaf = std::move(*leaf),
                 .ca_bundle_pem = tls.ca.certificate_pem,
                 .tags = tags,
                 .tls = tls,
                 .generated = now,
                 .expires = info->not_after,
                 .generation = found == held_.end() ? 1 : found->second->generation + 1};
  IdentityPtr& slot = held_[proxy];
  slot = std::make_shared<const Identity>(std::move(fresh));
  return slot;
}

IdentityPtr Identities::find(const ResourceKey& proxy) const {
  auto found = held_.find(proxy);
  return found == held_.end() ? nullptr : found->second;
}

std::optional<WallTime> Identities::next_rotation() const {
  std::optional<WallTime> earliest;
  for (const auto& [proxy, identity] : held_)
    if (!earliest || identity->rotate_at() < *earliest) earliest = identity->rotate_at();
  return earliest;
}

std::vector<ResourceKey> Identities::due() const {
  std::vector<ResourceKey> out;
  WallTime now = clock_.wall_now();
  for (const auto& [proxy, identity] : held_)
    if (now >= identity->rotate_at()) out.push_back(proxy);
  return out;
}

}  // namespace kumasim::cp
