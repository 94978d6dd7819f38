#include "reference-cp/rest/inspect/inspect_endpoints.hpp"

#include <algorithm>

#include "kumasim/transport/url.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/rest/answer.hpp"
#include "reference-cp/rest/inspect/json_diff.hpp"
#include "reference-cp/rest/inspect/views.hpp"
#include "reference-cp/rest/list_query.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp {
namespace {

using Json = nlohmann::json;

constexpr const char* no_view = "Failed to build mesh context";

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < path.size();) {
    auto end = std::min(path.find('/', at), path.size());
    if (end > at) out.push_back(percent_decode(path.substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

HttpResponse bad_request(const std::string& detail) { return problem(400, "Bad Request", "bad request: " + detail); }

bool is_exclusive(const Resource& mesh) { return text_at(mesh.spec, "meshServices", "mode") == "Exclusive"; }

/// Go's strconv.ParseBool.
std::optional<bool> read_flag(const std::string& text) {
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes) return true;
  for (const char* no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no) return false;
  return std::nullopt;
}

struct ConfigQuery {
  bool shadow = false;
  bool diff = false;
};

Result<ConfigQuery> config_query(const Query& query) {
  ConfigQuery out;
  if (std::string shadow = query_value(query, "shadow"); !shadow.empty()) {
    auto flag = read_flag(shadow);
    if (!flag) return fail(Code::invalid_argument, "unsupported value for query parameter 'shadow'");
    out.shadow = *flag;
  }
  std::string include = query_value(query, "include");
  for (std::size_t at = 0; !include.empty() && at <= include.size();) {
    auto end = std::min(include.find(',', at), include.size());
    if (include.substr(at, end - at) != "diff")
      return fail(Code::invalid_argument, "unsupported value for query parameter 'include'");
    out.diff = true;
    at = end + 1;
  }
  return out;
}

bool is_service(const Kind* kind) {
  return kind != nullptr && (kind->type() == "MeshService" || kind->type() == "MeshExternalService" ||
                             kind->type() == "MeshMultiZoneService");
}

}  // namespace

asio::awaitable<std::optional<HttpResponse>> InspectEndpoints::handle(const HttpRequest& request, const User&) const {
  Call call{.request = request, .parts = split(request.target.substr(0, request.target.find('?')))};
  if (call.parts.size() < 5 || call.parts[0] != "meshes") co_return std::nullopt;
  call.key = {call.parts[1], call.parts[3]};
  call.kind = find_kind_by_path(call.parts[2]);
  call.aspect.assign(call.parts.begin() + 4, call.parts.end());
  const std::vector<std::string>& aspect = call.aspect;
  const Kind* kind = call.kind;
  const bool dataplane = kind == &kind::dataplane();
  const bool gateway = kind != nullptr && kind->type() == "MeshGateway";

  using View = asio::awaitable<HttpResponse> (InspectEndpoints::*)(const Call&) const;
  View view = nullptr;
  if (aspect == std::vector<std::string>{"_hostnames"}) {
    view = &InspectEndpoints::hostnames;
  } else if (kind == nullptr) {
    co_return std::nullopt;
  } else if (aspect.size() == 2 && aspect[0] == "_resources" && aspect[1] == "dataplanes") {
    if (kind->is_policy() || kind->type() == "MeshService") view = &InspectEndpoints::dataplanes;
  } else if (aspect.size() == 1 && (dataplane || gateway) && aspect[0] == "_rules") {
    view = &InspectEndpoints::rules;
  } else if (aspect.size() == 1 && (dataplane || gateway) && aspect[0] == "_config") {
    view = &InspectEndpoints::config;
  } else if (aspect.size() == 1 && aspect[0] == "dataplanes" && (kind->is_policy() || gateway)) {
    // Of the policies only this one is not marked for the page in Kuma.
    if (kind == &kind::virtual_outbound()) co_return std::nullopt;
    view = &InspectEndpoints::attached_dataplanes;
  } else if (dataplane && aspect.size() == 1 && aspect[0] == "_layout") {
    view = &InspectEndpoints::layout;
  } else if (dataplane && aspect.size() == 1 && (aspect[0] == "policies" || aspect[0] == "rules")) {
    view = &InspectEndpoints::attached;
  } else if (dataplane) {
    const std::string& last = aspect.back();
    const std::string& first = aspect.front();
    bool known = (aspect.size() == 1 && last == "_policies") ||
                 (aspect.size() == 3 && first == "_inbounds" && last == "_policies") ||
                 (aspect.size() == 3 && first == "_outbounds" && (last == "_policies" || last == "_routes")) ||
                 (aspect.size() == 5 && first == "_outbounds" && aspect[2] == "_routes" && last == "_policies");
    if (known) view = &InspectEndpoints::policies;
  }
  if (view == nullptr) co_return std::nullopt;
  if (request.method != "GET") co_return method_not_allowed(request.method, "GET");
  if (auto refused = refuse_representation(request)) co_return *refused;
  co_return co_await (this->*view)(call);
}

asio::awaitable<HttpResponse> InspectEndpoints::rules(const Call& call) const {
  auto mesh = co_await store_.get(kind::mesh(), {"", call.key.mesh});
  if (!mesh) co_return problem(mesh.error(), "Failed to retrieve Mesh");
  auto subject = co_await store_.get(*call.kind, call.key);
  if (!subject) co_return problem(subject.error(), "Could not retrieve " + call.kind->type());
  ResourcePtr proxy = call.kind == &kind::dataplane() ? *subject : inspect::proxy_of_gateway(**subject);
  if (!proxy) co_return internal_problem({Code::internal, "it has no selectors", {}}, "Invalid MeshGateway");
  MeshView::Ptr view = options_.view(call.key.mesh);
  if (!view) co_return problem(404, no_view, "Not found");
  co_return json_answer(200, inspect::rules(**subject, inspect::matching_proxy(proxy), *view));
}

asio::awaitable<HttpResponse> InspectEndpoints::dataplanes(const Call& call) const {
  constexpr const char* title = "Could not retrieve policy";
  constexpr const char* list_title = "failed inspect";
  if (call.kind->is_policy()) {
    auto mesh = co_await store_.get(kind::mesh(), {"", call.key.mesh});
    if (!mesh) co_return problem(mesh.error(), "Failed to retrieve Mesh");
  }
  const Query query = parse_target(call.request.target).query;
  const std::string path = call.request.target.substr(0, call.request.target.find('?'));
  auto size = page_size(query, title);
  if (!size) co_return size.error();
  auto policy = co_await store_.get(*call.kind, call.key);
  if (!policy) co_return problem(policy.error(), title);
  Page page{.size = *size, .offset_text = query_value(query, "offset")};
  if (*size != 0) {
    auto offset = page_offset(query, list_title);
    if (!offset) co_return offset.error();
    page.offset = *offset;
  }
  MeshView::Ptr view = options_.view(call.key.mesh);
  if (!view) co_return problem(404, no_view, "Not found");
  ListOptions what{
      .mesh = call.key.mesh, .name_contains = query_value(query, "name"), .filter = inspect::concern_of(*policy, view)};
  auto list = co_await read_page(store_, kind::dataplane(), std::move(what), std::move(page));
  if (!list) co_return problem(list.error(), list_title);
  Json items = Json::array();
  for (const ResourcePtr& dataplane : list->items) items.push_back(inspect::meta_json(*dataplane));
  Json body = {{"total", list->total}, {"items", std::move(items)}};
  if (list->next) body["next"] = next_page(call.request, path, query, *list->next);
  co_return json_answer(200, body);
}

asio::awaitable<HttpResponse> InspectEndpoints::layout(const Call& call) const {
  auto mesh = co_await store_.get(kind::mesh(), {"", call.key.mesh});
  if (!mesh) co_return problem(mesh.error(), "Failed to build MeshContext");
  if (!is_exclusive(**mesh)) co_return bad_request("can't use _layout endpoint without meshService enabled");
  auto dataplane = co_await store_.get(kind::dataplane(), call.key);
  if (!dataplane) co_return problem(dataplane.error(), "Failed to retrieve Dataplane");
  MeshView::Ptr view = options_.view(call.key.mesh);
  if (!view) co_return problem(404, no_view, "Not found");
  co_return json_answer(200, inspect::layout(**dataplane, *view));
}

asio::awaitable<HttpResponse> InspectEndpoints::policies(const Call& call) const {
  auto mesh = co_await store_.get(kind::mesh(), {"", call.key.mesh});
  if (!mesh) co_return problem(mesh.error(), "Failed to retrieve Mesh");
  auto dataplane = co_await store_.get(kind::dataplane(), call.key);
  if (!dataplane) co_return problem(dataplane.error(), "Could not retrieve Dataplane");
  if (!is_exclusive(**mesh)) co_return bad_request("can't use _policies endpoint without meshService enabled");
  MeshView::Ptr view = options_.view(call.key.mesh);
  if (!view) co_return problem(404, no_view, "Not found");
  const ProxyView proxy = inspect::matching_proxy(*dataplane);
  const std::vector<std::string>& aspect = call.aspect;
  if (aspect.size() == 1) co_return json_answer(200, inspect::proxy_policies(proxy, *view));
  auto place = inspect::read_kri(aspect[1]);
  if (!place) co_return bad_request(place.error().message);
  if (aspect[0] == "_inbounds") {
    auto found = inspect::inbound_policies(proxy, *view, *place);
    if (!found) co_return problem(found.error(), "Failed building response");
    co_return json_answer(200, *found);
  }
  if (aspect.size() == 5) {
    auto route = inspect::read_kri(aspect[3]);
    if (!route) co_return bad_request(route.error().message);
    co_return json_answer(200, inspect::route_policies(proxy, *view, *place, *route));
  }
  co_return json_answer(200, aspect[2] == "_routes" ? inspect::outbound_routes(proxy, *view, *place)
                                                    : inspect::outbound_policies(proxy, *view, *place));
}

asio::awaitable<HttpResponse> InspectEndpoints::hostnames(const Call& call) const {
  if (!is_service(call.kind))
    co_return problem(400,
                      R"(only "meshservices,meshexternalservices,meshmultizoneservices" are available for inspection)",
                      "Resource is not valid");
  auto service = co_await store_.get(*call.kind, call.key);
  if (!service) co_return problem(service.error(), "could not retrieve service");
  MeshView::Ptr view = options_.view(call.key.mesh);
  if (!view) co_return problem(404, no_view, "Not found");
  co_return json_answer(200, inspect::hostnames(**service, *view));
}

asio::awaitable<HttpResponse> InspectEndpoints::config(const Call& call) const {
  if (options_.global) co_return problem(405, "Method not allowed", "Not allowed on global CP");
  auto mesh = co_await store_.get(kind::mesh(), {"", call.key.mesh});
  if (!mesh) co_return problem(mesh.error(), "Failed to retrieve Mesh");
  auto query = config_query(parse_target(call.request.target).query);
  if (!query) co_return bad_request(query.error().message);
  auto insight = co_await store_.get(kind::dataplane_insight(), call.key);
  if (!insight) co_return problem(insight.error(), "Failed to fetch dataplane insight");
  auto dataplane = co_await store_.get(kind::dataplane(), call.key);
  if (!dataplane) co_return problem(dataplane.error(), "Failed to inspect proxy config");
  MeshView::Ptr view = options_.view(call.key.mesh);
  if (!view || !options_.config) co_return problem(404, no_view, "Not found");
  const Json& metadata = at((*insight)->spec, "metadata");
  Json wanted = options_.config(*view, *dataplane, metadata, query->shadow);
  Json body = Json::object();
  if (query->diff) body["diff"] = inspect::json_diff(options_.config(*view, *dataplane, metadata, false), wanted);
  body["xds"] = std::move(wanted);
  co_return json_answer(200, body);
}

asio::awaitable<HttpResponse> InspectEndpoints::attached(const Call& call) const {
  auto mesh = co_await store_.get(kind::mesh(), {"", call.key.mesh});
  if (!mesh) co_return problem(mesh.error(), "Could not build MeshContext");
  auto dataplane = co_await store_.get(kind::dataplane(), call.key);
  if (!dataplane) co_return problem(dataplane.error(), "Could not get MatchedPolicies");
  MeshView::Ptr view = options_.view(call.key.mesh);
  if (!view) co_return problem(404, no_view, "Not found");
  const ProxyView proxy = proxy_view(*view, *dataplane, {}, {});
  co_return json_answer(200, call.aspect[0] == "rules" ? inspect::attached_rules(proxy, *view)
                                                       : inspect::attached_policies(proxy, *view));
}

asio::awaitable<HttpResponse> InspectEndpoints::attached_dataplanes(const Call& call) const {
  auto mesh = co_await store_.get(kind::mesh(), {"", call.key.mesh});
  const std::string& type = call.kind->type();
  const bool gateway = type == "MeshGateway" || type == "MeshGatewayRoute";
  if (!mesh) co_return problem(mesh.error(), gateway ? "Could not build mesh context" : "Could not list Dataplanes");
  auto policy = co_await store_.get(*call.kind, call.key);
  // A policy that is not there is attached to nothing.
  if (!policy && gateway) co_return problem(policy.error(), "Could not find " + type);
  if (!policy) co_return json_answer(200, {{"total", 0}, {"items", Json::array()}});
  MeshView::Ptr view = options_.view(call.key.mesh);
  if (!view) co_return problem(404, no_view, "Not found");
  co_return json_answer(
      200, gateway ? inspect::gateway_dataplanes(**policy, *view) : inspect::attached_dataplanes(**policy, *view));
}

}  // namespace kumasim::cp
