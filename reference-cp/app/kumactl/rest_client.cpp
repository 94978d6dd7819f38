#include "reference-cp/app/kumactl/rest_client.hpp"

#include <set>

#include "kumasim/transport/http.hpp"
#include "kumasim/transport/url.hpp"
#include "reference-cp/app/command_line/version.hpp"
#include "reference-cp/app/kumactl/blocking.hpp"
#include "reference-cp/live/disk.hpp"

namespace kumasim::cp {

namespace {

using nlohmann::json;

/// Kuma's "no timeout".
constexpr Duration forever = std::chrono::hours(24 * 365);

Result<TlsContext> make_tls(const json& server, const Clock& clock) {
  TlsOptions options{.clock = &clock};
  auto load = [&](const char* field, std::string& into, const char* what) -> Result<> {
    auto path = server.value(field, "");
    if (path.empty()) return {};
    auto text = live::read_file(path);
    if (!text) return fail(text.error().code, std::string(what) + ": " + text.error().message);
    into = std::move(*text);
    return {};
  };
  if (auto done = load("caCertFile", options.trust_pem, "could not read CA cert"); !done) return fail(done.error());
  if (auto done = load("clientCertFile", options.certificate_pem, "could not read the client cert"); !done)
    return fail(done.error());
  if (auto done = load("clientKeyFile", options.key_pem, "could not read the client key"); !done)
    return fail(done.error());
  if (server.value("skipVerify", false)) options.peer = TlsPeerCheck::none;
  else if (options.trust_pem.empty())
    if (auto text = live::read_file(system_authorities)) options.trust_pem = std::move(*text);
  return TlsContext::create(options);
}

/// Kuma's error bodies: RFC 7807 with `invalid_parameters`, or the older `details` and `causes`.
std::string error_text(const RestClient::Answer& answer) {
  const auto& body = answer.json;
  auto title = body.is_object() ? body.value("title", "") : std::string();
  if (title.empty()) {
    auto text = answer.body;
    while (text.ends_with('\n')) text.pop_back();
    return "(" + std::to_string(answer.status) + "): " + text;
  }
  auto detail = body.value("detail", "");
  auto text = title + " (" + (detail.empty() ? body.value("details", "") : detail) + ")";
  for (const auto& [list, reason] : {std::pair("invalid_parameters", "reason"), std::pair("causes", "message")}) {
    if (!body.contains(list) || !body[list].is_array()) continue;
    for (const auto& cause : body[list])
      text += "\n* " + cause.value("field", "") + ": " + cause.value(reason, "");
    break;
  }
  return text;
}

}  // namespace

RestClient::RestClient(live::LiveRuntime& live, Duration timeout) : live_(live), timeout_(timeout) {}
RestClient::~RestClient() = default;

Result<std::unique_ptr<RestClient>> RestClient::create(live::LiveRuntime& live, const json& control_plane,
                                                       Duration timeout) {
  auto pointer = json::json_pointer("/coordinates/apiServer");
  auto server = control_plane.contains(pointer) ? control_plane.at(pointer) : json::object();
  auto url = server.value("url", "");
  std::unique_ptr<RestClient> client(new RestClient(live, timeout == Duration::zero() ? forever : timeout));
  auto& runtime = live.runtime();
  if (url.starts_with("https://")) {
    auto tls = make_tls(server, runtime.clock);
    if (!tls) return fail(tls.error().code, "could not configure HTTP client with TLS: " + tls.error().message);
    client->tls_ = std::make_unique<TlsContext>(std::move(*tls));
  }
  client->http_ = std::make_unique<HttpClient>(runtime.network, runtime.timers, url,
                                               HttpClient::Options{.tls = client->tls_.get()});
  for (const auto& header : server.value("headers", json::array()))
    client->headers_.emplace_back(header.value("key", ""), header.value("value", ""));
  auto auth = server.value("authType", "");
  if (auth == "tokens")
    client->headers_.emplace_back("Authorization",
                                  "Bearer " + server.value("authConf", json::object()).value("token", ""));
  else if (!auth.empty())
    return fail(Code::unsupported, "authentication plugin of type \"" + auth + "\" not found");
  return client;
}

Result<RestClient::Answer> RestClient::call(const std::string& method, const std::string& target,
                                            const std::string& body) {
  HttpRequest request{.method = method, .target = target, .headers = {{"Accept", "application/json"}}, .body = body};
  request.headers.add("User-Agent", std::string("kumactl/") + kuma_version);
  if (!body.empty()) request.headers.add("Content-Type", "application/json");
  for (const auto& [name, value] : headers_) request.headers.set(name, value);
  auto response = run_blocking(live_, http_->call(std::move(request), timeout_));
  if (!response) return fail(response.error());
  Answer answer{response->status, std::move(response->body), {}};
  answer.json = nlohmann::ordered_json::parse(answer.body, nullptr, false);
  if (answer.status < 400) return answer;
  auto code = answer.status == 404 ? Code::not_found : answer.status == 401 ? Code::unauthenticated
              : answer.status == 403                                       ? Code::permission_denied
                                                                           : Code::invalid_argument;
  return fail(code, error_text(answer));
}

std::string next_offset(const nlohmann::ordered_json& list) {
  if (!list.is_object() || !list.contains("next") || !list["next"].is_string()) return {};
  auto link = list["next"].get<std::string>();
  auto url = parse_url(link);
  for (const auto& [name, value] : parse_target(url ? url->target : link).query)
    if (name == "offset") return value;
  return {};
}

Result<std::vector<nlohmann::ordered_json>> RestClient::list(const std::string& target) {
  std::vector<nlohmann::ordered_json> out;
  std::set<std::string> seen;
  std::string offset;
  do {
    seen.insert(offset);
    auto answer = call("GET", offset.empty() ? target : target + "?offset=" + percent_encode(offset));
    if (!answer) return fail(answer.error());
    if (answer->json.is_object() && answer->json.contains("items") && answer->json["items"].is_array())
      for (auto& item : answer->json["items"]) out.push_back(std::move(item));
    offset = next_offset(answer->json);
    // A server that leads back to a page of before would hold us for ever. The first page has the offset "".
  } while (!seen.contains(offset));
  return out;
}

Result<json> RestClient::index() {
  auto answer = call("GET", "/");
  if (!answer) return fail(answer.error().code, "Unable to retrieve server version: " + answer.error().message);
  auto body = json::parse(answer->body, nullptr, false);
  if (!body.is_object())
    return fail(Code::data_loss, "Unable to retrieve server version: the answer is no JSON object");
  return body;
}

}  // namespace kumasim::cp
