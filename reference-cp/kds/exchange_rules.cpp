/// The rules of giving and taking, after Kuma's context of KDS (pkg/kds/context) and its store synchronisation.
#include "reference-cp/kds/exchange_rules.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "reference-cp/auth/token_key.hpp"
#include "reference-cp/identity/base64.hpp"
#include "reference-cp/kds/hashed_name.hpp"
#include "reference-cp/kds/policy_role.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp::kds {
namespace {

using nlohmann::json;

constexpr const char* origin_label = "kuma.io/origin";
constexpr const char* zone_label = "kuma.io/zone";
constexpr const char* sync_label = "kuma.io/kds-sync";
constexpr const char* display_name_label = "kuma.io/display-name";
constexpr const char* namespace_label = "k8s.kuma.io/namespace";
constexpr const char* grace_period_label = "kuma.io/deletion-grace-period-started-at";

constexpr std::string_view zone_token_key = "zone-token-signing-key";
constexpr std::string_view zone_token_public_key = "zone-token-signing-public-key";

template <class Chosen>
std::vector<const Kind*> kinds_where(Chosen chosen) {
  std::vector<const Kind*> out;
  std::ranges::copy_if(kinds(), std::back_inserter(out), [&](const Kind* kind) { return chosen(kind->table().kds); });
  return out;
}

bool is_switched_off(const Resource& resource) { return resource.meta.label(sync_label) == "disabled"; }

bool is_of(const Resource& resource, std::string_view origin) {
  const std::string said = resource.meta.label(origin_label);
  return said.empty() || said == origin;
}

/// Secrets that are each control plane's own.
bool stays_with_its_control_plane(const std::string& secret) {
  constexpr std::array<std::string_view, 4> own = {"envoy-admin-ca", "admin-user-token", "inter-cp-ca",
                                                   "user-token-revocations"};
  return std::ranges::find(own, secret) != own.end() || secret.starts_with("user-token-signing-key");
}

/// The zone that a resource came to Global from.
std::string zone_of(const Resource& resource) {
  if (resource.kind == &kind::zone_ingress()) return resource.spec.value("zone", "");
  const std::string label = resource.meta.label(zone_label);
  return label.empty() ? resource.meta.name.substr(0, resource.meta.name.find('.')) : label;
}

/// A policy without targetRef stands for the whole mesh, which older zones do not know.
bool is_understood(const Resource& policy, const Names& features) {
  return policy.spec.contains("targetRef") || features.contains(feature::optional_target_ref);
}

/// Whether a policy that a zone made goes to another: only what its producer made for who consumes.
bool is_given_across_zones(const Resource& policy, const ZonePeer& peer) {
  if (!peer.features.contains(feature::producer_policy_flow) || !is_understood(policy, peer.features)) return false;
  // The label is the zone's word; where its admission webhook was off the policy itself tells.
  if (policy.meta.label(policy_role_label) != producer_role) return false;
  if (policy_role(policy.spec, policy.meta.label(namespace_label)) != producer_role) return false;
  const json target = policy.spec.value("targetRef", json::object());
  if (target.value("kind", "") != "MeshSubset") return true;
  const json tags = target.value("tags", json::object());
  return !tags.contains(zone_label) || tags[zone_label] == peer.zone;
}

void drop_labels(Meta& meta, std::span<const std::string> prefixes) {
  std::erase_if(meta.labels, [&](const auto& label) {
    return std::ranges::any_of(prefixes, [&](const auto& prefix) { return label.first.starts_with(prefix); });
  });
}

/// The old name stays as the one to show, where there is none yet.
void rename(Meta& meta, std::string name) {
  if (meta.label(display_name_label).empty()) meta.labels[display_name_label] = meta.name;
  meta.name = std::move(name);
}

void rename_by_hash(Meta& meta) {
  const std::string shown = meta.label(display_name_label);
  std::vector<std::string> values;
  for (const char* label : {zone_label, namespace_label})
    if (auto found = meta.labels.find(label); found != meta.labels.end()) values.push_back(found->second);
  rename(meta, hashed_name(meta.mesh, shown.empty() ? meta.name : shown, values));
}

/// A zone verifies its proxies' zone tokens, and never makes one.
Result<> keep_public_key(Resource& secret) {
  auto bytes = base64_decode(secret.spec.value("data", ""));
  auto key = TokenKey::from_private(bytes.value_or(""));
  auto pem = key ? key->public_pem() : fail(key.error());
  if (!pem)
    return fail(Code::invalid_argument, fmt::format("GlobalSecret \"{}\": {}", secret.meta.name, pem.error().message));
  const std::string suffix = secret.meta.name.substr(zone_token_key.size());
  rename(secret.meta, std::string(zone_token_public_key) + suffix);
  secret.spec = {{"data", base64_encode(*pem)}};
  return {};
}

/// What a list such as `networking.inbound` of a specification holds; `visit` gets each element.
template <class Visit>
void each(json& object, const char* list, Visit visit) {
  if (auto found = object.find(list); found != object.end())
    for (json& element : *found) visit(element);
}

/// Sets zones that a specification names to the one of the connection.
class ZonePin {
 public:
  explicit ZonePin(const std::string& zone) : zone_(zone) {}

  void set(json& object, const char* field) {
    const std::string said = object.value(field, "");
    if (!said.empty() && said != zone_) replaced.push_back(said);
    object[field] = zone_;
  }

  /// Where there is no tag, no zone is named.
  void set_tag(json& tagged) {
    auto tags = tagged.find("tags");
    if (tags != tagged.end() && tags->contains(zone_label)) set(*tags, zone_label);
  }

  std::vector<std::string> replaced;

 private:
  const std::string& zone_;
};

}  // namespace

std::span<const std::string_view> own_features() {
  static constexpr std::array<std::string_view, 5> out = {feature::zone_token, feature::hash_suffix,
                                                          feature::multi_zone_selector, feature::producer_policy_flow,
                                                          feature::optional_target_ref};
  return out;
}

std::span<const Kind* const> kinds_of_global() {
  static const auto out = kinds_where([](const Kds& kds) { return kds.global_to_zones || kds.synced_across_zones; });
  return out;
}

std::span<const Kind* const> kinds_of_zones() {
  static const auto out = kinds_where([](const Kds& kds) { return kds.zone_to_global; });
  return out;
}

bool keeps_name(const Kind& kind) {
  return &kind == &kind::mesh() || &kind == &kind::secret() || &kind == &kind::global_secret() ||
         &kind == &kind::config();
}

bool is_given_to_zone(const Resource& resource, const ZonePeer& peer, const Names& disabled_zones) {
  const Kind& kind = *resource.kind;
  const Kds& kds = kind.table().kds;
  if (is_switched_off(resource)) return false;
  if (&kind == &kind::config()) return resource.meta.name == "kuma-cluster-id";
  if (&kind == &kind::global_secret() && stays_with_its_control_plane(resource.meta.name)) return false;
  if (&kind == &kind::hostname_generator() && !peer.features.contains(feature::multi_zone_selector) &&
      resource.spec.value("selector", json::object()).contains("meshMultiZoneService"))
    return false;
  if (is_of(resource, "global"))
    return kds.global_to_zones && (!kind.is_target_ref_policy() || is_understood(resource, peer.features));
  if (!kds.synced_across_zones) return false;
  if (kind.is_target_ref_policy() && !is_given_across_zones(resource, peer)) return false;
  const std::string zone = zone_of(resource);
  return zone != peer.zone && !disabled_zones.contains(zone);
}

Result<Resource> as_given_to_zone(const Resource& resource, const ZonePeer& peer,
                                  std::span<const std::string> skip_prefixes) {
  Resource out{resource.kind, {resource.meta.mesh, resource.meta.name, resource.meta.labels}, resource.spec, {}};
  out.meta.labels[origin_label] = "global";
  drop_labels(out.meta, skip_prefixes);
  if (out.kind == &kind::global_secret() && out.meta.name.starts_with(zone_token_key))
    if (auto kept = keep_public_key(out); !kept) return fail(kept.error());
  if (!keeps_name(*out.kind) && peer.features.contains(feature::hash_suffix)) rename_by_hash(out.meta);
  return out;
}

bool is_given_to_global(const Resource& resource) { return !is_switched_off(resource) && is_of(resource, "zone"); }

Resource as_given_to_global(const Resource& resource, const std::string& zone,
                            std::span<const std::string> skip_prefixes) {
  Resource out{
      resource.kind, {resource.meta.mesh, resource.meta.name, resource.meta.labels}, resource.spec, resource.status};
  out.meta.labels[origin_label] = "zone";
  out.meta.labels[zone_label] = zone;
  out.meta.labels.erase(grace_period_label);
  drop_labels(out.meta, skip_prefixes);
  const bool has_generations = out.kind == &kind::dataplane_insight() || out.kind == &kind::zone_ingress_insight() ||
                               out.kind == &kind::zone_egress_insight();
  if (has_generations) each(out.spec, "subscriptions", [](json& subscription) { subscription.erase("generation"); });
  rename_by_hash(out.meta);
  return out;
}

bool may_global_replace(const Resource& stored) {
  return !stored.kind->is_provided_by_zone() || !is_of(stored, "zone");
}

/// Kuma goes by the prefix "ZONE." of a name as well, which its versions before 2.6 gave without a label. Every
/// resource that was taken here has both labels, and one of Global's own may have such a name. It may have the zone's
/// label, too: what kumactl exports of a zone that is to join keeps it. Kuma does not look at the origin, and so
/// removes that from Global when the zone connects.
bool may_zone_replace(const Resource& stored, std::string_view zone) {
  return stored.meta.label(zone_label) == zone && stored.meta.label(origin_label) == "zone";
}

std::vector<std::string> take_from_zone(Resource& taken, const GlobalTakes& how) {
  if (how.prefixes_names) rename(taken.meta, fmt::format("{}.{}", how.zone, taken.meta.name));
  taken.meta.labels[zone_label] = how.zone;
  taken.meta.labels[origin_label] = "zone";
  ZonePin pin(how.zone);
  if (taken.kind == &kind::zone_ingress() || taken.kind == &kind::zone_egress()) pin.set(taken.spec, "zone");
  each(taken.spec, "availableServices", [&](json& service) { pin.set_tag(service); });
  if (auto networking = taken.spec.find("networking");
      taken.kind == &kind::dataplane() && networking != taken.spec.end()) {
    each(*networking, "inbound", [&](json& inbound) { pin.set_tag(inbound); });
    if (networking->contains("gateway")) pin.set_tag((*networking)["gateway"]);
  }
  return std::move(pin.replaced);
}

ResourceKey key_taken_from_zone(ResourceKey key, const GlobalTakes& how) {
  if (how.prefixes_names) key.name = fmt::format("{}.{}", how.zone, key.name);
  return key;
}

}  // namespace kumasim::cp::kds
