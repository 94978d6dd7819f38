/// The route's identity as metadata: of the route, then of the request.
#include "reference-cp/policy/mesh_access_log/route_logs.hpp"

#include <algorithm>

#include <envoy/config/accesslog/v3/accesslog.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/filters/http/lua/v3/lua.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/policy/resource_context.hpp"

namespace kumasim::cp::policy::mesh_access_log {
namespace {

using ::envoy::config::listener::v3::Listener;
using ::envoy::config::route::v3::Route;

// These names and the script are seen by others: Envoy's logs, and policies that patch Envoy's configuration.
constexpr const char* lua_filter = "envoy.filters.http.lua";
constexpr const char* metadata_namespace = "kuma.routes";
constexpr const char* metadata_key = "route_kri";
/// Dynamic metadata is what a log's filter can look at.
constexpr const char* script = R"(function envoy_on_request(handle)
  local meta = handle:metadata():get("route_kri")
  if meta ~= nil then
    handle:streamInfo():dynamicMetadata():set("kuma.routes", "route_kri", meta)
  end
end
)";

template <class Visit>
void for_routes(Hcm& hcm, const Visit& visit) {
  if (!hcm.has_route_config()) return;
  for (auto& host : *hcm.mutable_route_config()->mutable_virtual_hosts())
    for (Route& route : *host.mutable_routes()) visit(route);
}

auto& filter_on_identity(AccessLog& log, bool if_without) {
  auto& filter = *log.mutable_filter()->mutable_metadata_filter();
  filter.mutable_match_if_key_not_found()->set_value(if_without);
  filter.mutable_matcher()->set_filter(metadata_namespace);
  filter.mutable_matcher()->add_path()->set_key(metadata_key);
  return *filter.mutable_matcher()->mutable_value();
}

}  // namespace

RouteBackends route_backends(const Listener& listener,
                             const std::function<std::optional<std::vector<Backend>>(const Kri&)>& backends_of) {
  RouteBackends routes;
  for (auto chain : listener.filter_chains()) {  // a copy: looking at a manager packs it anew
    change_hcm(chain, [&](Hcm& hcm) {
      for_routes(hcm, [&](Route& route) {
        std::optional<Kri> id = parse_kri(route.name());
        if (!id) return;
        if (auto backends = backends_of(*id)) routes.insert_or_assign(id->to_string(), std::move(*backends));
      });
    });
  }
  return routes;
}

void only_for_route(AccessLog& log, const std::string& route) {
  filter_on_identity(log, false).mutable_string_match()->set_exact(route);
}

void only_for_other_routes(AccessLog& log) { filter_on_identity(log, true).mutable_null_match(); }

void mark_routes(Listener& listener, const RouteBackends& routes) {
  if (routes.empty()) return;
  bool logged = std::ranges::any_of(routes, [](const auto& each) { return !each.second.empty(); });
  ::envoy::extensions::filters::http::lua::v3::Lua lua;
  lua.mutable_default_source_code()->set_inline_string(script);
  for (auto& chain : *listener.mutable_filter_chains()) {
    change_hcm(chain, [&](Hcm& hcm) {
      for_routes(hcm, [&](Route& route) {
        std::optional<Kri> id = parse_kri(route.name());
        if (!id || !routes.contains(id->to_string())) return;
        google::protobuf::Struct metadata;
        (*metadata.mutable_fields())[metadata_key].set_string_value(id->to_string());
        (*route.mutable_metadata()->mutable_filter_metadata())[lua_filter] = std::move(metadata);
      });
      if (logged) insert_first(hcm, lua_filter, lua);
    });
  }
}

}  // namespace kumasim::cp::policy::mesh_access_log
