/// Reading and writing resources.
#include <fmt/format.h>

#include "reference-cp/model/json_text.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/tags.hpp"
#include "reference-cp/rest/answer.hpp"
#include "reference-cp/rest/rest_api.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

constexpr const char* in_global =
    "On global control plane you can not modify dataplane resources with 'kumactl apply' or via the HTTP API. You can "
    "still use "
    "'kumactl' or the HTTP API to modify them on the zone control plane.\n";
constexpr const char* in_zone =
    "On zone control plane you can only modify zone resources with 'kumactl apply' or via the HTTP API. You can still "
    "use 'kumactl' "
    "or the HTTP API to modify the rest of the resource on the global control plane.\n";

/// The resource and what the control plane saw of it, as one body.
json overview_of(const Resource& resource, const Resource* insight, bool alone) {
  json out = resource_to_json(resource);
  for (const auto& [key, value] : resource.spec.items()) out.erase(key);
  std::string type = resource.kind->type();
  out["type"] = type + "Overview";
  type[0] = static_cast<char>(type[0] + 32);  // "ZoneIngress" is in the field `zoneIngress`
  out[type] = resource.spec;
  if (insight != nullptr) {
    out[type + "Insight"] = insight->spec;
  } else if (alone) {
    out[type + "Insight"] = json::object();
  }
  return out;
}

}  // namespace

std::string RestApi::read_only_text() const {
  return manager_.options().labels.mode == CpMode::global ? in_global : in_zone;
}

std::optional<HttpResponse> RestApi::deny(const Kind& kind, const User& user) const {
  if (!kind.is_admin_only()) return std::nullopt;
  return deny_access(options_.access.admin_resources, user, fmt::format("the resource of type \"{}\"", kind.type()));
}

asio::awaitable<HttpResponse> RestApi::answer_place(Call call, Place place) {
  const std::string& method = call.request.method;
  if (method != "GET" && is_read_only(*place.kind)) co_return problem(405, "Method not allowed", read_only_text());
  if (method == "GET" && place.name.empty()) co_return co_await get_list(call, place);
  if (auto missing = co_await missing_mesh(place)) co_return *std::move(missing);
  if (method == "PUT") co_return co_await put(call, place);
  if (method == "DELETE") co_return co_await remove(call, place);
  if (auto denied = deny(*place.kind, call.user)) co_return *denied;
  co_return co_await get_one(call, place);
}

asio::awaitable<std::optional<HttpResponse>> RestApi::missing_mesh(const Place& place) {
  if (place.mesh.empty()) co_return std::nullopt;
  auto mesh = co_await manager_.store().get(kind::mesh(), {"", place.mesh});
  if (mesh) co_return std::nullopt;
  co_return problem(mesh.error(), "Failed to retrieve Mesh");
}

asio::awaitable<HttpResponse> RestApi::get_one(const Call& call, const Place& place) {
  ResourceKey key{place.mesh, place.name};
  auto found = co_await manager_.store().get(*place.kind, key);
  if (!found) co_return problem(found.error(), "Could not retrieve a resource");
  const Resource& resource = **found;
  std::string format = query_value(call.query, "format");
  const bool kubernetes = format == "k8s" || format == "kubernetes";
  if (!format.empty() && format != "universal" && !kubernetes) {
    Violations violations;
    violations.add({}, R"("format" must be one of ["k8s", "kubernetes", "universal"])");
    co_return problem(400, "invalid format", "Resource is not valid", violations);
  }
  if (place.overview) {
    ResourcePtr insight;
    if (const Kind* kind = insight_kind(*place.kind)) {
      auto seen = co_await manager_.store().get(*kind, key);
      if (seen) insight = *seen;
    }
    co_return json_answer(200, overview_of(resource, insight.get(), true));
  }
  if (kubernetes)
    co_return json_answer(200, resource_to_kubernetes(resource, query_value(call.query, "namespace")));
  co_return json_answer(200, resource_to_json(resource));
}

asio::awaitable<HttpResponse> RestApi::get_list(const Call& call, const Place& place) {
  constexpr const char* title = "Could not retrieve resources";
  // The query is judged before anything is looked for, but for the offset, which the store reads.
  auto size = page_size(call.query, title);
  if (!size) co_return size.error();
  auto filter = list_filter(*place.kind, call.query, place.route);
  if (!filter) co_return filter.error();
  if (auto missing = co_await missing_mesh(place)) co_return *std::move(missing);
  if (auto denied = deny(*place.kind, call.user)) co_return *std::move(denied);
  Page page{.size = *size, .offset_text = query_value(call.query, "offset")};
  if (*size != 0) {
    auto offset = page_offset(call.query, title);
    if (!offset) co_return offset.error();
    page.offset = *offset;
  }
  ListOptions what{.mesh = place.mesh, .name_contains = query_value(call.query, "name"), .filter = filter->function()};
  auto list = co_await read_page(manager_.store(), *place.kind, std::move(what), std::move(page));
  if (!list) co_return problem(list.error(), title);
  json items = json::array();
  for (const auto& resource : list->items) {
    if (!place.overview) {
      items.push_back(resource_to_json(*resource));
      continue;
    }
    ResourcePtr insight;
    if (const Kind* kind = insight_kind(*place.kind)) {
      auto seen = co_await manager_.store().get(*kind, resource->key());
      // Kuma lists insights by the same labels.
      if (seen && filter->fits_labels(**seen)) insight = *seen;
    }
    items.push_back(overview_of(*resource, insight.get(), false));
  }
  json next;
  if (list->next) next = next_page(call.request, call.path, call.query, *list->next);
  co_return json_answer(200, {{"total", list->total}, {"items", std::move(items)}, {"next", std::move(next)}});
}

Violations RestApi::check_labels(const Resource& resource) const {
  Violations out;
  const auto& labels = resource.meta.labels;
  const Path path("labels");
  const LabelOptions& own = manager_.options().labels;
  bool global = own.mode == CpMode::global;
  std::string origin = resource.meta.label("kuma.io/origin");
  bool has_origin = labels.contains("kuma.io/origin");
  if (has_origin && origin != "global" && origin != "zone") {
    out.add(path.key("kuma.io/origin"), "unknown resource origin \"" + origin + "\"");
  }
  if (options_.check_origin && global && has_origin && origin != "global") {
    out.add(path.key("kuma.io/origin"), "the origin label must be set to 'global'");
  }
  if (options_.check_origin && options_.federated && resource.kind->wire() == Wire::spec && origin != "zone") {
    out.add(path.key("kuma.io/origin"), "the origin label must be set to 'zone'");
  }
  if (!global && origin != "global") {
    if (labels.contains("kuma.io/zone") && resource.meta.label("kuma.io/zone") != own.zone) {
      out.add(path.key("kuma.io/zone"), "kuma.io/zone label should have " + own.zone + " value");
    }
    if (labels.contains("kuma.io/mesh") && resource.meta.label("kuma.io/mesh") != resource.meta.mesh) {
      out.add(path.key("kuma.io/mesh"), "kuma.io/mesh label must not differ from mesh set on resource");
    }
  }
  for (const auto& [key, value] : labels) {
    for (auto& message : label_key_errors(key)) out.add(path.key(key), std::move(message));
    for (auto& message : label_value_errors(value)) out.add(path.key(key), std::move(message));
  }
  return out;
}

Violations RestApi::check_request(const Place& place, const Resource& resource, const json& body) const {
  Violations out;
  if (place.name != resource.meta.name) out.add(Path("name"), "name from the URL has to be the same as in body");
  if (options_.federated && manager_.options().labels.zone.size() + 1 + place.name.size() >= 253) {
    out.add(Path("name"), "the length of the name must be shorter");
  }
  if (!body.contains("type") || body["type"] != place.kind->type()) {
    out.add(Path("type"), "type from the URL has to be the same as in body");
  }
  if (!place.kind->is_global() && place.mesh != resource.meta.mesh) {
    out.add(Path("mesh"), "mesh from the URL has to be the same as in body");
  }
  out.append(check_labels(resource));
  validate_resource_name(resource.meta.name, Path("name"), out);
  if (!place.kind->is_global()) validate_mesh_name(resource.meta.mesh, Path("mesh"), out);
  return out;
}

asio::awaitable<HttpResponse> RestApi::put(const Call& call, const Place& place) {
  constexpr const char* title = "Could not process a resource";
  const Kind& kind = *place.kind;
  auto body = parse_json(call.request.body);
  if (!body) {
    co_return problem(400, "Bad Request",
                      fmt::format("invalid {} object: {}", kind.type(), json(body.error().message).dump()));
  }
  auto decoded = decode_shape(kind, *body, UnknownFields::drop);
  if (!decoded) co_return problem(decoded.error(), title);
  // Kuma's decoder knows the specification alone; rules that ask for a name or a label follow in the manager.
  Resource bare = *decoded;
  bare.meta = {};
  if (DecodeError error{.reason = {}, .violations = manager_.violations_of(bare)}; !error.violations.empty())
    co_return problem(error, title);
  auto found = co_await manager_.store().get(kind, {place.mesh, place.name});
  if (!found && found.error().code != Code::not_found) co_return problem(found.error(), "Failed to find a resource");
  Violations violations = check_request(place, *decoded, *body);
  if (!violations.empty()) co_return problem(400, title, "Resource is not valid", violations);
  if (auto denied = deny(kind, call.user)) co_return *denied;

  Resource resource = *std::move(decoded);
  if (kind.is_global()) resource.meta.mesh.clear();
  resource.meta.labels = compute_labels(resource, manager_.options().labels);
  resource.status = nullptr;  // the control plane's own
  std::vector<std::string> warnings = kind.warnings(resource);
  bool is_new = !found;
  if (found) {
    resource.meta.version = (*found)->meta.version;
    resource.status = (*found)->status;
  }
  auto stored = is_new ? co_await manager_.create(std::move(resource)) : co_await manager_.update(std::move(resource));
  if (!stored)
    co_return problem(stored.error(), is_new ? "Failed to create a resource" : "Failed to update a resource");
  json answer = json::object();
  if (!warnings.empty()) answer["warnings"] = warnings;
  co_return json_answer(is_new ? 201 : 200, answer);
}

asio::awaitable<HttpResponse> RestApi::remove(const Call& call, const Place& place) {
  ResourceKey key{place.mesh, place.name};
  // In Kuma's order: who may not remove a secret can tell by 404 and 403 whether there is one of this name.
  auto found = co_await manager_.store().get(*place.kind, key);
  if (!found) co_return problem(found.error(), "Could not delete a resource");
  if (auto denied = deny(*place.kind, call.user)) co_return *denied;
  auto removed = co_await manager_.remove(*place.kind, key);
  if (!removed) co_return problem(removed.error(), "Could not delete a resource");
  co_return json_answer(200, json::object());
}

}  // namespace kumasim::cp
