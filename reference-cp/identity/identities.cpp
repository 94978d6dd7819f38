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
  LeafRequest request{.mesh = tls.mesh,
                      .tags = tags,
                      .key = leaf_key_,
                      .now = now,
                      .lifetime = tls.leaf_lifetime,
                      .spiffe_id = spiffe_id};
  auto leaf = issue_leaf(tls.ca, request, random_);
  if (!leaf) return fail(leaf.error());
  auto info = inspect_certificate(leaf->certificate_pem);
  if (!info) return fail(info.error());
  ++issued_;
  Identity fresh{.leaf = std::move(*leaf),
                 .ca_bundle_pem = tls.ca.certificate_pem,
                 .tags = tags,
                 .spiffe_id = spiffe_id,
                 .tls = tls,
                 .generated = now,
                 .expires = info->not_after,
                 .generation = found == held_.end() ? 1 : found->second.identity->generation + 1,
                 .ends_with_ca = info->not_after < std::chrono::floor<std::chrono::seconds>(now + tls.leaf_lifetime)};
  Held& slot = held_[proxy];
  slot = {.identity = std::make_shared<const Identity>(std::move(fresh)), .pause = {}, .retry_at = {}};
  return slot.identity;
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
