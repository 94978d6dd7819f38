/// What an inspection looks at: a proxy as the policies see it, and how answers name resources.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::inspect {

/// As much of a proxy as matching of policies asks for: no outbounds, no identity.
ProxyView matching_proxy(ResourcePtr dataplane);

/// A builtin gateway's proxy that this MeshGateway would serve: its first selector as tags. nullptr where it has none.
ResourcePtr proxy_of_gateway(const Resource& gateway);

/// The policies of one kind that a proxy has, as inspections tell of them.
struct Matched {
  std::string_view type;
  policy::MatchedPolicies policies;
  std::optional<policy::Rule> proxy;  ///< what a kind without to, from and rules says of the whole proxy
};
Matched matched(std::string_view type, const ProxyView& proxy, const MeshView& mesh);

/// `{type, mesh, name, labels}`
nlohmann::json meta_json(const Resource& resource);
/// The same with its times, as the older inspections have it.
nlohmann::json dated_meta_json(const Resource& resource);

/// A KRI that was asked for, or why it is none, in Kuma's words.
Result<Kri> read_kri(std::string_view text);

}  // namespace kumasim::cp::inspect
