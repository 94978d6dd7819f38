#include "reference-cp/xds/zone/reach.hpp"

#include <algorithm>

#include "reference-cp/model/kind.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view kind, const std::string_view (&kinds)[N]) {
  return std::ranges::find(kinds, kind) != std::end(kinds);
}

/// Written for people, for derived resources or for later.
constexpr std::string_view silent[] = {
    "Config", "DataplaneInsight",  "GlobalSecret",       "HostnameGenerator", "MeshInsight", "ServiceInsight",
    "Zone",   "ZoneEgressInsight", "ZoneIngressInsight", "ZoneInsight"};

/// Policies that say which services, and shares of them, clients can ask an ingress for. It applies no others.
constexpr std::string_view routing[] = {"MeshHTTPRoute", "MeshTCPRoute", "TrafficRoute", "MeshGatewayRoute",
                                        "VirtualOutbound"};

/// What a Dataplane adds to lists of endpoints: a restart with the same addresses changes nothing.
bool offer_alike(const ResourceChange& change) {
  auto part = [&](const char* name) -> bool {
    return at(change.before->spec, "networking", name) == at(change.after->spec, "networking", name);
  };
  return change.before && change.after && part("address") && part("advertisedAddress") && part("inbound") &&
         part("gateway");
}

bool same_spec(const ResourceChange& change) {
  return change.before && change.after && change.before->spec == change.after->spec &&
         change.before->meta.labels == change.after->meta.labels;
}

}  // namespace

void ZoneReach::merge(const ZoneReach& other) {
  ingresses = ingresses || other.ingresses;
  egresses = egresses || other.egresses;
}

ZoneReach zone_reach(const ResourceChange& change) {
  const Kind& kind = *(change.after ? change.after : change.before)->kind;
  const std::string& type = kind.type();
  if (is_one_of(type, silent)) return {};
  // Of a status only the MeshServices that a MeshMultiZoneService stands for show.
  if (same_spec(change) && (type != "MeshMultiZoneService" || change.before->status == change.after->status)) return {};
  if (type == "Dataplane") return {.ingresses = !offer_alike(change), .egresses = false};
  if (type == "Secret" || type == "MeshExternalService") return {.ingresses = false, .egresses = true};
  if (kind.is_policy() && !is_one_of(type, routing)) return {.ingresses = false, .egresses = true};
  return {.ingresses = true, .egresses = true};
}

}  // namespace kumasim::cp
