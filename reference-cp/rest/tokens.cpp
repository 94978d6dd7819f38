#include "reference-cp/rest/tokens.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reference-cp/model/duration.hpp"
#include "reference-cp/model/json_text.hpp"
#include "reference-cp/rest/answer.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

constexpr const char* title_invalid = "Invalid request";
constexpr const char* title_issue = "Could not issue a token";

/// Reads fields of a request as Go's decoder does; `broken` where one has another type.
class Reader {
 public:
  explicit Reader(const json& body) : body_(body) {}

  std::string text(const char* name) {
    const json* value = find(name);
    if (value == nullptr) return {};
    if (value->is_string()) return value->get<std::string>();
    broken = true;
    return {};
  }

  /// nullopt where it is absent or null.
  std::optional<std::vector<std::string>> list(const char* name) {
    const json* value = find(name);
    if (value == nullptr) return std::nullopt;
    return texts(*value);
  }

  TagSet tags(const char* name) {
    TagSet out;
    const json* value = find(name);
    if (value == nullptr) return out;
    if (!value->is_object()) {
      broken = true;
      return out;
    }
    for (const auto& [tag, values] : value->items()) {
      if (values.is_null()) continue;
      auto list = texts(values);
      if (!list.empty()) out[tag] = {list.begin(), list.end()};
    }
    return out;
  }

  bool broken = false;

 private:
  const json* find(const char* name) const {
    auto found = body_.find(name);
    return found == body_.end() || found->is_null() ? nullptr : &*found;
  }

  std::vector<std::string> texts(const json& value) {
    std::vector<std::string> out;
    broken = broken || !value.is_array();
    if (broken) return out;
    for (const json& entry : value) {
      if (!entry.is_string() && !entry.is_null()) broken = true;
      out.push_back(entry.is_string() ? entry.get<std::string>() : std::string());
    }
    return out;
  }

  const json& body_;
};

/// A body that is none of the request's form: 400 without words, as Kuma answers.
HttpResponse unreadable() { return {400, {}, {}}; }

HttpResponse invalid(const Violations& violations) {
  return problem(400, title_invalid, "Resource is not valid", violations);
}

/// "" is `token_lifetime_default` (Kuma's, from before the field was there).
Duration read_lifetime(const std::string& text, Violations& out) {
  if (text.empty()) return token_lifetime_default;
  auto parsed = parse_duration(text);
  if (!parsed) out.add(Path("validFor"), "is invalid: " + duration_error(text));
  return parsed.value_or(Duration::zero());
}

bool is_proxy_type(const std::string& type) { return type == "dataplane" || type == "ingress" || type == "egress"; }

}  // namespace

asio::awaitable<std::optional<HttpResponse>> TokenEndpoints::handle(const HttpRequest& request,
                                                                    const User& user) const {
  std::string path = request.target.substr(0, request.target.find('?'));
  bool is_user = path == "/tokens/user" && options_.user_tokens_served;
  if (path != "/tokens/dataplane" && path != "/tokens/zone" && !is_user) co_return std::nullopt;
  if (request.method != "POST") co_return method_not_allowed(request.method, "POST");
  if (auto refused = refuse_representation(request)) co_return *refused;
  if (is_user && !options_.access.generate_user_token.allows(user))
    co_return problem(403, "Access Denied", "action not allowed");
  auto body = parse_json(request.body);
  if (!body || !(body->is_object() || body->is_null())) co_return unreadable();
  if (body->is_null()) *body = json::object();
  HttpResponse answer;
  if (is_user)
    answer = co_await this->user(*body);
  else if (path == "/tokens/zone")
    answer = co_await zone(*body, user);
  else
    answer = co_await dataplane(*body, user);
  co_return answer;
}

asio::awaitable<HttpResponse> TokenEndpoints::dataplane(const json& body, const User& user) const {
  Reader reader(body);
  DataplaneIdentity identity;
  identity.name = reader.text("name");
  identity.mesh = reader.text("mesh");
  identity.tags = reader.tags("tags");
  identity.type = reader.text("type");
  std::string lifetime = reader.text("validFor");
  if (reader.broken) co_return unreadable();
  Violations violations;
  if (identity.mesh.empty()) violations.add(Path("mesh"), "cannot be empty");
  Duration valid_for = read_lifetime(lifetime, violations);
  if (!identity.type.empty() && !is_proxy_type(identity.type))
    violations.add(Path("type"), identity.type + " is not a valid proxy type");
  if (!violations.empty()) co_return invalid(violations);
  if (auto denied = deny_access(options_.access.generate_dp_token, user, "generate dataplane token")) co_return *denied;
  co_return co_await issue({options_.dataplane, dataplane_token_keys(identity.mesh), valid_for}, to_claims(identity));
}

asio::awaitable<HttpResponse> TokenEndpoints::zone(const json& body, const User& user) const {
  Reader reader(body);
  ZoneIdentity identity;
  identity.zone = reader.text("zone");
  auto scope = reader.list("scope");
  std::string lifetime = reader.text("validFor");
  if (reader.broken) co_return unreadable();
  std::string action = fmt::format("generate zone token for zone '{}'", identity.zone);
  if (auto denied = deny_access(options_.access.generate_zone_token, user, action)) co_return *denied;
  Violations violations;
  if (!scope) violations.add(Path("scope"), "cannot be empty");
  Duration valid_for = read_lifetime(lifetime, violations);
  if (!violations.empty()) co_return invalid(violations);
  identity.scope = *std::move(scope);
  co_return co_await issue({options_.zone, zone_token_keys(), valid_for}, to_claims(identity));
}

asio::awaitable<HttpResponse> TokenEndpoints::user(const json& body) const {
  Reader reader(body);
  UserIdentity identity;
  identity.name = reader.text("name");
  auto groups = reader.list("groups");
  std::string lifetime = reader.text("validFor");
  if (reader.broken) co_return unreadable();
  identity.has_groups = groups.has_value();
  identity.groups = std::move(groups).value_or(std::vector<std::string>());
  Violations violations;
  if (identity.name.empty()) violations.add(Path("name"), "cannot be empty");
  Duration valid_for = Duration::zero();
  if (lifetime.empty()) {
    violations.add(Path("validFor"), "cannot be empty");
  } else {
    valid_for = read_lifetime(lifetime, violations);
    if (valid_for == Duration::zero()) violations.add(Path("validFor"), "cannot be empty or nil");
  }
  if (!violations.empty()) co_return invalid(violations);
  co_return co_await issue({options_.user, user_token_keys(), valid_for}, to_claims(identity));
}

asio::awaitable<HttpResponse> TokenEndpoints::issue(Order order, json claims) const {
  if (!order.enabled) co_return problem(400, title_issue, "issuing tokens using the control plane is disabled.");
  auto token = co_await issuer_.issue(std::move(order.family), std::move(claims), order.valid_for);
  if (token) co_return text_answer(200, *token);
  if (token.error().field == signing_key_field) co_return problem(404, "Signing Key not found", token.error().message);
  co_return problem(token.error(), title_issue);
}

}  // namespace kumasim::cp
