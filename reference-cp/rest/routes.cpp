/// Which path is what: resources of a kind, or one of the fixed pages.
#include <fmt/format.h>

#include "kumasim/transport/url.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/rest/answer.hpp"
#include "reference-cp/rest/rest_api.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

/// `//a/./b/` as `/a/b/`: what a client is sent to when its path is not clean.
std::string cleaned(std::string_view path) {
  std::vector<std::string_view> parts;
  std::size_t at = 0;
  while (at <= path.size()) {
    auto end = std::min(path.find('/', at), path.size());
    std::string_view part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string out;
  for (auto part : parts) out += "/" + std::string(part);
  if (out.empty() || path.ends_with('/')) out += "/";
  return out;
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while (at < path.size()) {
    auto end = std::min(path.find('/', at), path.size());
    if (end > at) out.push_back(percent_decode(path.substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

HttpResponse redirect(const std::string& to) {
  HttpResponse out{307, {{"Content-Type", "text/html; charset=utf-8"}, {"Location", to}}, {}};
  out.body = "<a href=\"" + to + "\">Temporary Redirect</a>.\n\n";
  return out;
}

/// Older names of overviews: "dataplanes+insights" lists what "dataplanes/_overview" does.
const Kind* kind_of_old_overview(std::string_view part) {
  if (part == "dataplanes+insights") return &kind::dataplane();
  if (part == "zones+insights") return &kind::zone();
  if (part == "zoneingresses+insights") return &kind::zone_ingress();
  if (part == "zoneegressoverviews") return &kind::zone_egress();
  return nullptr;
}

}  // namespace

const Kind* insight_kind(const Kind& kind) {
  if (&kind == &kind::dataplane()) return &kind::dataplane_insight();
  if (&kind == &kind::zone()) return &kind::zone_insight();
  if (&kind == &kind::zone_ingress()) return &kind::zone_ingress_insight();
  return &kind == &kind::zone_egress() ? &kind::zone_egress_insight() : nullptr;
}

RestApi::RestApi(Manager& manager, const Clock& clock, RestOptions options)
    : manager_(manager), clock_(clock), options_(std::move(options)) {}

bool RestApi::is_read_only(const Kind& kind) const {
  const Kds& kds = kind.table().kds;
  bool global = manager_.options().labels.mode == CpMode::global;
  bool provided_by_global = kds.provided_by_global || kds.global_to_zones;
  return options_.read_only || kind.is_read_only() || (global && !provided_by_global) ||
         (options_.federated && !kind.is_provided_by_zone());
}

std::optional<RestApi::Place> RestApi::find_place(const std::vector<std::string>& parts) const {
  Place out;
  std::size_t at = 0;
  std::string base;
  bool in_mesh = parts.size() >= 3 && parts[0] == "meshes" && parts[2] != "_overview";
  if (in_mesh) {
    out.mesh = parts[1];
    at = 2;
    base = "/meshes/{mesh}";
  }
  if (at >= parts.size()) return std::nullopt;
  const std::string& collection = parts[at];
  out.kind = find_kind_by_path(collection);
  if (out.kind == nullptr && (out.kind = kind_of_old_overview(collection)) != nullptr) out.overview = true;
  if (out.kind == nullptr || (out.kind->is_global() && in_mesh)) return std::nullopt;
  out.route = base + "/" + collection;
  std::size_t rest = parts.size() - at - 1;
  bool has_overview = insight_kind(*out.kind) != nullptr && !out.overview;  // the old names are overviews themselves
  if (rest == 1 && has_overview && parts[at + 1] == "_overview") {
    out.overview = true;
    out.route += "/_overview";
    return out;
  }
  if (rest == 0) return out;
  // Resources of all meshes can be listed, but each has its mesh in its path.
  if (!out.kind->is_global() && !in_mesh) return std::nullopt;
  out.name = parts[at + 1];
  out.route += "/{name}";
  if (rest == 1) return out;
  if (rest == 2 && has_overview && parts[at + 2] == "_overview") {
    out.overview = true;
    return out;
  }
  return std::nullopt;
}

std::optional<json> RestApi::describe(const Call& call) const {
  if (call.path == "/") {
    const std::string cluster = options_.cluster_id ? options_.cluster_id() : "";
    json out = {{"hostname", options_.hostname},    {"product", options_.product},
                {"version", options_.version},      {"instanceId", options_.instance_id},
                {"clusterId", cluster}, {"gui", options_.gui ? "/gui" : ""}};
    return out;
  }
  if (call.path == "/config") return options_.config;
  if (call.path == "/who-am-i") return json{{"name", call.user.name}, {"groups", call.user.groups}};
  if (call.path == "/policies") return policies();
  if (call.path == "/_resources") return resource_types();
  return std::nullopt;
}

asio::awaitable<HttpResponse> RestApi::handle(HttpRequest request) {
  Call call;
  call.user = admin_user();
  if (options_.authenticate) {
    auto user = co_await options_.authenticate(request);
    if (!user) co_return problem(401, "Invalid authentication data", "Unauthenticated");
    call.user = *user;
  }
  auto question = request.target.find('?');
  std::string raw_path = request.target.substr(0, question);
  std::string clean = cleaned(raw_path);
  if (clean != raw_path) {
    co_return redirect(clean + (question == std::string::npos ? "" : request.target.substr(question)));
  }
  // Also where there is no web page to go to.
  if (clean == "/gui") co_return redirect("/gui/");
  call.parts = split(clean);
  call.path = clean.size() > 1 && clean.ends_with('/') ? clean.substr(0, clean.size() - 1) : clean;
  call.query = parse_target(request.target).query;
  call.request = std::move(request);

  auto computed = co_await insight(call);
  if (computed) co_return *computed;
  if (auto place = find_place(call.parts)) {
    bool single = !place->name.empty() && !place->overview;
    const std::string& method = call.request.method;
    bool fits = method == "GET" || (single && (method == "PUT" || method == "DELETE"));
    if (!fits) co_return method_not_allowed(method, single ? "PUT, DELETE, GET" : "GET");
    if (auto refused = refuse_representation(call.request)) co_return *refused;
    co_return co_await answer_place(std::move(call), *std::move(place));
  }
  if (auto page = describe(call)) {
    if (call.request.method != "GET") co_return method_not_allowed(call.request.method, "GET");
    if (auto refused = refuse_representation(call.request)) co_return *refused;
    if (call.path == "/config")
      if (auto denied = deny_access(options_.access.control_plane_metadata, call.user, "control-plane metadata"))
        co_return *denied;
    co_return json_answer(200, *page);
  }
  if (options_.further) {
    auto further = co_await options_.further(call.request, call.user);
    if (further) co_return *further;
  }
  co_return page_not_found();
}

}  // namespace kumasim::cp
