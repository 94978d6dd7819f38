/// How RateLimit becomes Envoy's local rate limits.
#include "reference-cp/policy/legacy/rate_limit.hpp"

#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/policy/legacy/source_expression.hpp"
#include "reference-cp/policy/mesh_rate_limit/limit.hpp"
#include "reference-cp/policy/mesh_rate_limit/spec.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::policy::legacy::rate_limit {
namespace {

using ::envoy::config::route::v3::Route;

const nlohmann::json& http_of(const Resource& policy) { return at(policy.spec, "conf", "http"); }

}  // namespace

void add_filter(Hcm& manager) {
  auto& filter = *manager.add_http_filters();
  filter.set_name(mesh_rate_limit::request_filter);
  pack(mesh_rate_limit::limits_of_routes(), *filter.mutable_typed_config());
}

void limit(const Resource& policy, Route& route) {
  const nlohmann::json& http = http_of(policy);
  if (!http.is_object()) return;
  mesh_rate_limit::HttpLimit limit;
  limit.requests = {number_at(http, "requests"), duration_at(http, "interval").value_or(Duration::zero())};
  const nlohmann::json& answer = at(http, "onRateLimit");
  limit.status = number_at(answer, "status");
  for (const auto& header : list_at(answer, "headers"))
    limit.headers.push_back({text_at(header, "key"), text_at(header, "value"), flag_at(header, "append")});
  mesh_rate_limit::limit_route(route, limit);
}

void add(Hcm& manager, const Inbound& inbound, const MeshView& mesh) {
  if (!inbound_policies("RateLimit", inbound.tags, mesh).empty()) add_filter(manager);
}

void add_routes(const Inbound& inbound, const MeshView& mesh, const std::function<Route&()>& add_route) {
  add_routes(inbound_policies("RateLimit", inbound.tags, mesh), add_route);
}

void add_routes(std::span<const ResourcePtr> policies, const std::function<Route&()>& add_route) {
  for (const ResourcePtr& policy : policies) {
    if (!http_of(*policy).is_object()) continue;
    Route& route = add_route();
    auto& clients = *route.mutable_match()->add_headers();
    clients.set_name(std::string(envoy::tags_header));
    clients.mutable_safe_regex_match()->set_regex(source_expression(*policy));
    limit(*policy, route);
  }
}

}  // namespace kumasim::cp::policy::legacy::rate_limit
