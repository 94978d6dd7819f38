#include "reference-cp/app/kumactl/kube_client.hpp"

#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "kumasim/transport/http.hpp"
#include "reference-cp/app/command_line/version.hpp"
#include "reference-cp/app/kumactl/blocking.hpp"
#include "reference-cp/app/kumactl/rest_client.hpp"
#include "reference-cp/live/disk.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

constexpr const char* definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
/// Names alone, from servers that can leave out the rest (Kubernetes docs, "API Concepts").
constexpr const char* metadata_first =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
/// Of a server that cannot.
constexpr std::size_t body_bytes_max = 256 * 1024 * 1024;
constexpr Duration patience = std::chrono::minutes(1);

Result<TlsContext> make_tls(const KubeAccess& access, const Clock& clock) {
  TlsOptions options{.certificate_pem = access.certificate_pem,
                     .key_pem = access.key_pem,
                     .trust_pem = access.trust_pem,
                     .peer = access.skip_verify ? TlsPeerCheck::none : TlsPeerCheck::required,
                     .clock = &clock};
  if (options.trust_pem.empty() && !access.skip_verify)
    if (auto text = live::read_file(system_authorities)) options.trust_pem = std::move(*text);
  return TlsContext::create(options);
}

/// The server's words are in a `Status`.
std::string refusal(const HttpResponse& response) {
  json status = json::parse(response.body, nullptr, false);
  std::string message = text_at(status, "message");
  return message.empty() ? "the server answered " + std::to_string(response.status) : message;
}

}  // namespace

Result<std::set<std::string>> installed_definitions(live::LiveRuntime& live, const KubeAccess& access) {
  auto& runtime = live.runtime();
  std::string server = access.server;
  if (server.find("://") == std::string::npos) server = "https://" + server;
  while (server.ends_with('/')) server.pop_back();
  std::optional<TlsContext> tls;
  if (server.starts_with("https://")) {
    auto made = make_tls(access, runtime.clock);
    if (!made) return fail(made.error());
    tls = std::move(*made);
  }
  HttpRequest request{.headers = {{"Accept", metadata_first}}};
  request.headers.add("User-Agent", std::string("kumactl/") + kuma_version);
  if (!access.authorization.empty()) request.headers.add("Authorization", access.authorization);
  auto response =
      run_blocking(live, http_call(runtime.network, runtime.timers, server + definitions, std::move(request),
                                   tls ? &*tls : nullptr, patience, {.body_bytes_max = body_bytes_max}));
  if (!response) return fail(response.error());
  if (response->status != 200) return fail(Code::unavailable, refusal(*response));
  json list = json::parse(response->body, nullptr, false);
  if (!list.is_object() || !at(list, "items").is_array())
    return fail(Code::data_loss, "the answer is no list of definitions");
  std::set<std::string> names;
  for (const json& item : list["items"]) names.insert(text_at(at(item, "metadata"), "name"));
  return names;
}

}  // namespace kumasim::cp
