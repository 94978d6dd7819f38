/// POST /bootstrap: the request's JSON, the answer, and patience.
#include "reference-cp/app/kuma_dp/bootstrap_client.hpp"

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/http.hpp"
#include "kumasim/transport/url.hpp"
#include "reference-cp/model/yaml.hpp"

namespace kumasim::dp {
namespace {

using Json = nlohmann::ordered_json;

std::optional<std::string> decode_base64(const std::string& text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                              reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  // OpenSSL counts the padding as bytes.
  auto padding = text.ends_with("==") ? 2u : text.ends_with("=") ? 1u : 0u;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

std::string text_at(const Json& json, const char* name) {
  auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A []byte of Go is base64 in JSON, or null.
Result<std::string> bytes_at(const Json& json, const char* name) {
  auto bytes = decode_base64(text_at(json, name));
  if (!bytes) return fail(Code::data_loss, std::string("the control plane's answer has no base64 in ") + name, name);
  return std::move(*bytes);
}

/// What a status that is not 200 means (app/kuma-dp/pkg/dataplane/envoy/remote_bootstrap.go tells the cases apart).
Error refusal(const HttpResponse& answer) {
  if (answer.status == 404 && answer.body.empty())
    return {Code::not_found,
            "Dataplane entity not found. If you are running on Universal please create a Dataplane entity on kuma-cp "
            "before starting kuma-dp or pass it to kuma-dp run --dataplane-file=/file. If you are running on "
            "Kubernetes, please check the kuma-cp logs to determine why the Dataplane entity could not be created by "
            "the automatic sidecar injection."};
  if (answer.status == 404 && answer.body.starts_with("404: Page Not Found"))
    return {Code::unavailable,
            "There is no /bootstrap endpoint for provided CP address. Double check if the address passed to the CP has "
            "a DP Server port (5678 by default), not HTTP API (5681 by default)"};
  if (answer.status / 100 == 4) return {Code::invalid_argument, "Invalid request: " + answer.body};
  return {Code::unavailable, "unexpected status code: " + std::to_string(answer.status)};
}

asio::awaitable<Result<BootstrapResponse>> ask(Runtime& runtime, const std::string& url, const std::string& body,
                                               const TlsContext* tls, Duration limit) {
  HttpRequest request{.method = "POST",
                      .headers = {{"accept", "application/json"}, {"content-type", "application/json"}},
                      .body = body};
  auto answer = co_await http_call(runtime.network, runtime.timers, url, std::move(request), tls, limit);
  if (!answer) {
    auto error = answer.error();
    error.message = "request to bootstrap server failed: " + error.message;
    if (!tls) error.message += ". Make sure you are using https URL";
    // A refused connection or a bad certificate may mend itself; a bad URL is told before the first try.
    if (error.code == Code::invalid_argument) error.code = Code::unavailable;
    co_return fail(std::move(error));
  }
  if (answer->status != 200) co_return fail(refusal(*answer));
  co_return parse_bootstrap_response(answer->body);
}

}  // namespace

std::string to_json(const BootstrapRequest& request) {
  Json body;
  body["mesh"] = request.mesh;
  body["name"] = request.name;
  body["proxyType"] = request.proxy_type;
  if (!request.dataplane_token.empty()) body["dataplaneToken"] = request.dataplane_token;
  if (!request.dataplane_token_path.empty()) body["dataplaneTokenPath"] = request.dataplane_token_path;
  if (!request.dataplane_resource.empty()) body["dataplaneResource"] = request.dataplane_resource;
  body["version"]["kumaDp"] = {{"version", request.kuma_dp_version},
                               {"gitTag", "v" + request.kuma_dp_version},
                               {"gitCommit", "unknown"},
                               {"buildDate", "unknown"}};
  body["version"]["envoy"] = {{"version", request.envoy_version},
                              {"build", request.envoy_build},
                              {"kumaDpCompatible", request.envoy_compatible}};
  body["caCert"] = request.ca_cert;
  body["dynamicMetadata"] = Json::object();
  for (const auto& [name, value] : request.dynamic_metadata) body["dynamicMetadata"][name] = value;
  if (request.dns_port != 0) body["dnsPort"] = request.dns_port;
  if (request.readiness_port != 0) body["readinessPort"] = request.readiness_port;
  if (request.app_probe_proxy) body["appProbeProxyDisabled"] = true;  // Kuma's own name for it
  body["operatingSystem"] = "linux";
  body["features"] = request.features;
  body["resources"] = {{"maxHeapSizeBytes", request.heap_bytes_max}};
  body["workdir"] = request.workdir;
  body["metricsResources"] = {{"certPath", request.metrics_cert_path}, {"keyPath", request.metrics_key_path}};
  body["systemCaPath"] = request.system_ca_path;
  if (!request.transparent_proxy.empty())
    body["dataplaneConfig"] = Json::parse(request.transparent_proxy, nullptr, false);
  body["ipv6Enabled"] = request.ipv6_enabled;
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<BootstrapResponse> parse_bootstrap_response(std::string_view body) {
  auto json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return fail(Code::data_loss, "the control plane's answer to /bootstrap is not a JSON object");
  BootstrapResponse out;
  auto bootstrap = bytes_at(json, "bootstrap");
  if (!bootstrap) return fail(bootstrap.error());
  if (bootstrap->empty()) return fail(Code::data_loss, "the control plane's answer has no bootstrap", "bootstrap");
  out.bootstrap = std::move(*bootstrap);
  auto sidecar = json.value("kumaSidecarConfiguration", Json::object());
  if (!sidecar.is_object()) return out;
  if (auto networking = sidecar.find("networking"); networking != sidecar.end() && networking->is_object()) {
    auto corefile = bytes_at(*networking, "corefileTemplate");
    if (!corefile) return fail(corefile.error());
    out.corefile_template = std::move(*corefile);
    out.address = text_at(*networking, "address");
  }
  if (auto metrics = sidecar.find("metrics"); metrics != sidecar.end() && metrics->is_object())
    for (const auto& item : metrics->value("aggregate", Json::array())) {
      if (!item.is_object()) continue;
      auto port = item.find("port");
      out.metrics.push_back({text_at(item, "name"), text_at(item, "address"), text_at(item, "path"),
                             port != item.end() && port->is_number_unsigned() ? port->get<std::uint32_t>() : 0});
    }
  return out;
}

Result<Address> admin_address(std::string_view bootstrap) {
  auto documents = cp::parse_yaml(bootstrap, "bootstrap");
  if (!documents) return fail(documents.error());
  if (documents->empty()) return fail(Code::data_loss, "the bootstrap is empty");
  // JSON of protobuf: both the declared names and their camel form are read (the first is what Envoy's YAML uses).
  const nlohmann::json* at = &documents->front().value;
  for (const auto& names :
       {std::array{"admin", "admin"}, {"address", "address"}, {"socketAddress", "socket_address"}}) {
    if (!at->is_object()) return Address{};
    auto found = at->find(names[0]);
    if (found == at->end()) found = at->find(names[1]);
    if (found == at->end()) return Address{};
    at = &*found;
  }
  Address out;
  if (auto host = at->find("address"); host != at->end() && host->is_string()) out.host = host->get<std::string>();
  auto port = at->find("portValue");
  if (port == at->end()) port = at->find("port_value");
  if (port != at->end() && port->is_number()) out.port = port->get<std::uint16_t>();
  return out;
}

asio::awaitable<Result<BootstrapResponse>> fetch_bootstrap(Runtime& runtime, BootstrapRequest request,
                                                           BootstrapOptions options) {
  auto url = parse_url(options.control_plane_url);
  if (!url) co_return fail(Code::invalid_argument, url.error().message, "controlPlane.url");
  auto target = (url->tls ? "https://" : "http://") + url->authority() + "/bootstrap";
  std::optional<TlsContext> tls;
  if (url->tls) {
    if (!options.verify)
      runtime.log.warn("dataplane", "--skip-verify is set, the Control Plane certificate will not be verified");
    auto made = TlsContext::create({.role = TlsRole::client,
                                    .trust_pem = options.trust_pem,
                                    .peer = options.verify ? TlsPeerCheck::required : TlsPeerCheck::none,
                                    .verify_host = options.verify,
                                    .clock = &runtime.clock});
    if (!made) co_return fail(Code::invalid_argument, "could not add certificate: " + made.error().message, "caCert");
    tls.emplace(std::move(*made));
  }
  auto body = to_json(request);
  auto give_up = runtime.timers.now() + options.retry_duration_max;
  for (;;) {
    runtime.log.info("dataplane", "trying to fetch bootstrap configuration from the Control Plane");
    auto answer = co_await ask(runtime, target, body, tls ? &*tls : nullptr, options.request_duration_max);
    if (answer) co_return answer;
    const auto& error = answer.error();
    if (error.code == Code::invalid_argument || error.code == Code::data_loss) co_return answer;
    auto backoff = std::chrono::duration_cast<std::chrono::milliseconds>(options.retry_backoff).count();
    if (error.code == Code::not_found)
      runtime.log.info("dataplane",
                       "Dataplane entity is not yet found in the Control Plane. If you are running on Kubernetes, the "
                       "control plane is most likely still in the process of converting Pod to Dataplane. If it takes "
                       "too long, check pod events and control plane logs to see possible cause. Retrying.",
                       {{"backoff_ms", backoff}});
    else
      runtime.log.info("dataplane",
                       "could not fetch bootstrap configuration, make sure you are not trying to connect to global-cp. "
                       "retrying (this could help only if you're connecting to zone-cp).",
                       {{"backoff_ms", backoff}, {"err", error.message}});
    if (runtime.timers.now() + options.retry_backoff > give_up) co_return answer;
    co_await sleep(runtime.timers, options.retry_backoff);
  }
}

}  // namespace kumasim::dp
