#include "reference-cp/rest/envoy_admin.hpp"

#include <nlohmann/json.hpp>

#include "kumasim/transport/url.hpp"
#include "reference-cp/model/json_text.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/rest/answer.hpp"
#include "reference-cp/rest/authentication.hpp"
#include "reference-cp/rest/list_query.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

constexpr std::string_view redacted = "[redacted]";
constexpr const char* title = "Could not execute admin operation";
constexpr std::string_view local_admin_host = "127.0.0.1";

struct Place {
  const Kind* kind = nullptr;
  ResourceKey key;
  std::string type;
  const char* missing = nullptr;  ///< the title where the proxy is not there
};

std::optional<Place> find_place(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t at = 1; at <= path.size();) {
    auto end = std::min(path.find('/', at), path.size());
    parts.push_back(percent_decode(path.substr(at, end - at)));
    at = end + 1;
  }
  if (parts.size() == 5 && parts[0] == "meshes" && parts[2] == "dataplanes")
    return Place{&kind::dataplane(), {parts[1], parts[3]}, parts[4], "Could not get dataplane resource"};
  if (parts.size() == 3 && parts[0] == "zoneingresses")
    return Place{&kind::zone_ingress(), {"", parts[1]}, parts[2], "Could not get zone ingress resource"};
  if (parts.size() == 3 && parts[0] == "zoneegresses")
    return Place{&kind::zone_egress(), {"", parts[1]}, parts[2], "Could not get zone ingress resource"};
  return std::nullopt;
}

bool is_true(const std::string& text) {
  return text == "1" || text == "t" || text == "T" || text == "true" || text == "TRUE" || text == "True";
}
bool is_false(const std::string& text) {
  return text == "0" || text == "f" || text == "F" || text == "false" || text == "FALSE" || text == "False";
}

/// What is asked of Envoy, and the type of what it answers.
struct Order {
  std::string target;
  bool json = false;
};

Order order_of(const std::string& type, const Query& query) {
  bool as_json = query_value(query, "format") == "json";
  if (type == "xds")
    return {is_true(query_value(query, "include_eds")) ? "/config_dump?include_eds=true" : "/config_dump", true};
  if (type == "clusters") return {as_json ? "/clusters?format=json" : "/clusters", as_json};
  std::string target = as_json ? "/stats?format=json" : "/stats";
  if (!is_false(query_value(query, "usedonly"))) target += as_json ? "&usedonly=" : "?usedonly=";
  return {target, as_json};
}

/// Values under the key `authorization` of any list of initial metadata.
void collect_tokens(const json& value, std::vector<std::string>& out) {
  if (value.is_object() && value.contains("key") && value["key"] == "authorization" && value.contains("value") &&
      value["value"].is_string())
    out.push_back(value["value"].get<std::string>());
  if (value.is_structured())
    for (const json& inner : value) collect_tokens(inner, out);
}

}  // namespace

std::optional<std::string> without_tokens(std::string dump) {
  auto parsed = parse_json(dump);  // bounds the depth of what is walked below
  if (!parsed) return std::nullopt;
  std::vector<std::string> tokens;
  collect_tokens(*parsed, tokens);
  for (const std::string& token : tokens) {
    if (token.empty()) continue;
    for (std::size_t at = 0; (at = dump.find(token, at)) != std::string::npos; at += redacted.size())
      dump.replace(at, token.size(), redacted);
  }
  return dump;
}

Result<AdminTarget> admin_target(const Resource& proxy, const std::optional<ConnectedProxy>& connected,
                                 std::uint32_t default_port) {
  const json& networking = at(proxy.spec, "networking");
  std::string host = text_at(networking, "address");
  // What is advertised of an ingress is for other zones, as in Kuma.
  if (std::string advertised = text_at(networking, "advertisedAddress");
      proxy.kind == &kind::dataplane() && !advertised.empty())
    host = advertised;
  if (host.empty()) return fail(Code::not_found, "the proxy has no address");
  const bool local = host == local_admin_host;
  if (local && !connected) return fail(Code::not_found, "the proxy is not connected to this control plane");
  if (local && !is_loopback(connected->peer))
    return fail(Code::unsupported, "the proxy is connected from another machine, where its address is not this one's");
  const json& written = at(at(networking, "admin"), "port");
  std::int64_t port = written.is_number_integer() ? written.get<std::int64_t>() : 0;
  if (port == 0) port = default_port;
  if (connected) port = connected->admin_port;
  if (port <= 0 || port > 65535) return fail(Code::not_found, "the proxy was started without an admin server");
  return AdminTarget{.address = {.host = host, .port = static_cast<std::uint16_t>(port)}, .tls = !local};
}

asio::awaitable<std::optional<HttpResponse>> EnvoyAdminEndpoints::handle(const HttpRequest& request,
                                                                         const User& user) const {
  auto place = find_place(std::string_view(request.target).substr(0, request.target.find('?')));
  if (!place) co_return std::nullopt;
  if (request.method != "GET") co_return method_not_allowed(request.method, "GET");
  const AccessList* access = place->type == "xds"        ? &access_.view_config_dump
                             : place->type == "clusters" ? &access_.view_clusters
                             : place->type == "stats"    ? &access_.view_stats
                                                         : nullptr;
  if (access == nullptr) co_return problem(404, title, "Not found");
  if (auto denied = deny_access(*access, user, "envoy proxy info")) co_return *denied;
  auto proxy = co_await store_.get(*place->kind, place->key);
  if (!proxy) co_return problem(proxy.error(), place->missing);
  if (!zone_.empty() && place->kind != &kind::dataplane()) {
    const std::string zone = text_at((*proxy)->spec, "zone");
    if (!zone.empty() && zone != zone_)  // of an egress Kuma says "ingress", too
      co_return problem(400, "Could not connect to zone ingress that resides in another zone", "Resource is not valid");
  }
  Order order = order_of(place->type, parse_target(request.target).query);
  auto answer = co_await call_(*proxy, order.target);
  // A zone that cannot be asked, or cannot answer, is nobody's fault here: Kuma says which.
  if (!answer && zone_.empty() && answer.error().code == Code::invalid_argument)
    co_return problem(400, title, answer.error().message);
  if (!answer) co_return internal_problem(answer.error(), title);
  std::optional<std::string> body = *std::move(answer);
  if (place->type == "xds") body = without_tokens(*std::move(body));
  if (!body) co_return internal_problem({Code::data_loss, "Envoy's configuration cannot be read", {}}, title);
  HttpResponse out = text_answer(200, *std::move(body));
  if (order.json) out.headers.set("Content-Type", "application/json");
  co_return out;
}

}  // namespace kumasim::cp
