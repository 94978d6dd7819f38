/// Who gives whom which resources in a multi-zone deployment, and what becomes of them on the way. Pure functions.
///
/// The rules are those of Kuma 2.12 (its context of KDS and its store synchronisation). What Kuma does for a store in
/// Kubernetes (namespaces as suffixes of names) has no counterpart: no store here is one.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/model/kind.hpp"
#include "reference-cp/model/resource.hpp"

namespace kumasim::cp::kds {

using Names = std::set<std::string, std::less<>>;

/// What a control plane can do beyond the first version of the protocol, as it says in its node's metadata ("features")
/// and in the metadata of its calls.
namespace feature {
inline constexpr std::string_view zone_token = "zone-token";
inline constexpr std::string_view zone_ping_health = "zone-ping-health";
inline constexpr std::string_view hash_suffix = "hash-suffix";
inline constexpr std::string_view multi_zone_selector = "hg-mz-selector";
inline constexpr std::string_view producer_policy_flow = "producer-policy-flow";
inline constexpr std::string_view optional_target_ref = "optional-top-level-target-ref";
}  // namespace feature

/// The features that the node of our own requests names, in Kuma's order.
std::span<const std::string_view> own_features();

/// Kinds that Global gives to zones, and kinds that zones give to Global; both in the order of their type names.
std::span<const Kind* const> kinds_of_global();
std::span<const Kind* const> kinds_of_zones();

/// Whether resources of this kind keep their name on the way from Global to a zone: those may conflict with the zone's
/// own, and such a one is then left out (the response is refused, but the rest of it is stored).
bool keeps_name(const Kind& kind);

/// A zone that Global gives resources to.
struct ZonePeer {
  std::string zone;
  Names features;
};

/// Whether Global gives this resource to this zone. `disabled_zones` are those whose Zone says `enabled: false`: what
/// they gave goes to no other zone.
bool is_given_to_zone(const Resource& resource, const ZonePeer& peer, const Names& disabled_zones);

/// The resource as Global gives it: marked as Global's, without labels of the prefixes (multizone.global.kds.labels.
/// skipPrefixes), without status, under its hashed name where the peer takes such; of a zone token signing key only the
/// public key, under its own name. invalid_argument where such a key cannot be read.
Result<Resource> as_given_to_zone(const Resource& resource, const ZonePeer& peer,
                                  std::span<const std::string> skip_prefixes);

/// Whether a zone gives this resource to Global: only what came into being in the zone.
bool is_given_to_global(const Resource& resource);

/// The resource as a zone gives it: marked as this zone's, without labels of the prefixes (multizone.zone.kds.labels.
/// skipPrefixes), without the generation of subscriptions, under its hashed name.
Resource as_given_to_global(const Resource& resource, const std::string& zone,
                            std::span<const std::string> skip_prefixes);

/// Whether a zone hands this stored resource of its own to what Global says: what the zone itself made stays as it is.
bool may_global_replace(const Resource& stored);

/// Whether Global hands this stored resource to what this zone says: only what came from it.
bool may_zone_replace(const Resource& stored, std::string_view zone);

/// Which names Global stores what a zone gives under: those of peers without hash_suffix get "ZONE." in front.
struct GlobalTakes {
  std::string zone;  // the connection's client-id, whatever the payload says
  bool prefixes_names = false;
};

/// `taken` as Global stores it: name, the labels kuma.io/zone and kuma.io/origin, and every zone that the specification
/// names set to the peer's. Returns the differing zones that were replaced, for the log.
std::vector<std::string> take_from_zone(Resource& taken, const GlobalTakes& how);

/// The key of a removed resource, as Global stored it.
ResourceKey key_taken_from_zone(ResourceKey key, const GlobalTakes& how);

}  // namespace kumasim::cp::kds
