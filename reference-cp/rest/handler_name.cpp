#include "reference-cp/rest/handler_name.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {
namespace {

using Parts = std::vector<std::string_view>;

constexpr std::array fixed_pages = std::to_array<std::string_view>(
    {"/config", "/who-am-i", "/policies", "/_resources", "/global-insight", "/global-insights", "/service-insights",
     "/tokens/dataplane", "/tokens/zone", "/tokens/user"});

/// Aspects of one resource, and of a proxy's inbounds, outbounds and routes.
constexpr std::array aspects = std::to_array<std::string_view>(
    {"/_overview", "/_resources/dataplanes", "/_rules", "/_config", "/_policies", "/_layout", "/dataplanes",
     "/_inbounds/{inbound_kri}/_policies", "/_outbounds/{outbound_kri}/_policies", "/_outbounds/{outbound_kri}/_routes",
     "/_outbounds/{outbound_kri}/_routes/{route_kri}/_policies"});

constexpr std::array old_overviews = std::to_array<std::string_view>(
    {"dataplanes+insights", "zones+insights", "zoneingresses+insights", "zoneegressoverviews"});

template <std::size_t n>
bool holds(const std::array<std::string_view, n>& list, std::string_view what) {
  return std::ranges::find(list, what) != list.end();
}

Parts split(std::string_view path) {
  Parts out;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    if (end > at) out.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

/// What follows a resource's name: the words as they are, a variable for what follows these three.
std::string aspect_of(std::span<const std::string_view> parts) {
  std::string out;
  std::string_view before;
  for (std::string_view part : parts) {
    out += '/';
    if (before == "_inbounds")
      out += "{inbound_kri}";
    else if (before == "_outbounds")
      out += "{outbound_kri}";
    else if (before == "_routes")
      out += "{route_kri}";
    else
      out += part;
    before = part;
  }
  return out;
}

bool is_envoys(std::string_view aspect) { return aspect == "/xds" || aspect == "/stats" || aspect == "/clusters"; }

/// Kuma calls the name otherwise in these.
std::string special(std::string_view collection, std::string_view aspect) {
  if (collection == "dataplanes" && is_envoys(aspect)) return "/meshes/{mesh}/dataplanes/{dataplane}/{type}";
  if (collection == "zoneingresses" && is_envoys(aspect)) return "/zoneingresses/{zoneingress}/{type}";
  if (collection == "zoneegresses" && is_envoys(aspect)) return "/zoneegresses/{zoneegress}/{type}";
  if (collection == "dataplanes" && (aspect == "/policies" || aspect == "/rules"))
    return "/meshes/{mesh}/dataplanes/{dataplane}" + std::string(aspect);
  if (aspect == "/_hostnames") return "/meshes/{mesh}/{serviceType}/{name}/_hostnames";
  return {};
}

}  // namespace

std::string handler_name(std::string_view path) {
  const Parts parts = split(path);
  if (parts.empty()) return "/";
  if (std::string page = aspect_of(parts); holds(fixed_pages, page)) return page;
  const bool in_mesh = parts.size() >= 3 && parts[0] == "meshes" && parts[2] != "_overview";
  const std::string_view collection = parts[in_mesh ? 2 : 0];
  const std::span rest = std::span(parts).subspan(in_mesh ? 3 : 1);
  const std::string base = (in_mesh ? "/meshes/{mesh}/" : "/") + std::string(collection);
  if (in_mesh && collection == "service-insights" && rest.size() < 2) return base + (rest.empty() ? "" : "/{service}");
  if (find_kind_by_path(collection) == nullptr && !holds(old_overviews, collection)) return {};
  if (rest.empty()) return base;
  if (rest.size() == 1) return base + (rest[0] == "_overview" ? "/_overview" : "/{name}");
  const std::string aspect = aspect_of(rest.subspan(1));
  if (std::string named = special(collection, aspect); !named.empty()) return named;
  return holds(aspects, aspect) ? base + "/{name}" + aspect : std::string();
}

}  // namespace kumasim::cp
