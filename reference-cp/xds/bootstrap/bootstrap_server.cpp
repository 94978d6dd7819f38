#include "reference-cp/xds/bootstrap/bootstrap_server.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/backend_conf.hpp"
#include "reference-cp/model/yaml.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp {
namespace {

using Json = nlohmann::json;

// Kuma's words: kuma-dp prints them to the person who started it.
constexpr const char* token_required =
    "Dataplane Token is required. Generate token using 'kumactl generate dataplane-token > /path/file' and provide it "
    "via "
    "--dataplane-token-file=/path/file argument to Kuma DP";
constexpr const char* not_a_ca =
    "A data plane proxy is trying to verify the control plane using the certificate which is not a certificate "
    "authority "
    "(basic constraint 'CA' is set to 'false').\nProvide CA that was used to sign a certificate used in the control "
    "plane by "
    "using 'kuma-dp run --ca-cert-file=file' or via KUMA_CONTROL_PLANE_CA_CERT_FILE";

std::string host_mismatch(const std::string& host, const std::set<std::string>& hosts) {
  std::string quoted;
  for (const auto& name : hosts) quoted += fmt::format("{}\"{}\"", quoted.empty() ? "" : " ", name);
  return fmt::format(
      "A data plane proxy is trying to connect to the control plane using \"{0}\" address, but the certificate in the "
      "control "
      "plane has the following SANs [{1}]. Either change the --cp-address in kuma-dp to one of those or execute the "
      "following "
      "steps:\n1) Generate a new certificate with the address you are trying to use. It is recommended to use trusted "
      "Certificate Authority, but you can also generate self-signed certificates using 'kumactl generate "
      "tls-certificate "
      "--type=server --hostname={0}'\n2) Set KUMA_GENERAL_TLS_CERT_FILE and KUMA_GENERAL_TLS_KEY_FILE or the "
      "equivalent in "
      "Kuma CP config file to the new certificate.\n3) Restart the control plane to read the new certificate and start "
      "kuma-dp.",
      host, quoted);
}

/// "localhost:5678" without its port; "[::1]:5678" without its brackets.
std::string host_of(const HttpRequest& request) {
  std::string host(request.headers.get("host"));
  if (host.empty()) host = request.headers.get(":authority");
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  auto colon = host.rfind(':');
  if (colon == std::string::npos || host.find(':') != colon) return host;
  return host.substr(0, colon);
}

/// Prometheus endpoints of the application that kuma-dp collects. `conf` is the proxy's, or null.
Json aggregates(const Json& conf, const std::string& address) {
  Json out = Json::array();
  for (const Json& entry : at(conf, "aggregate")) {
    if (at(entry, "enabled") == false) continue;
    std::string own = text_at(entry, "address");
    out.push_back({{"name", text_at(entry, "name")},
                   {"address", own.empty() ? address : own},
                   {"port", number_at(entry, "port")},
                   {"path", text_at(entry, "path")}});
  }
  return out;
}

}  // namespace

Result<BootstrapServer> BootstrapServer::create(std::shared_ptr<Store> store, Log& log, BootstrapOptions options) {
  auto certificate = inspect_certificate(options.certificate_pem);
  if (!certificate)
    return fail(Code::invalid_argument,
                "the dataplane server's certificate cannot be read: " + certificate.error().message,
                "dpServer.tlsCertFile");
  std::set<std::string> hosts(certificate->dns_names.begin(), certificate->dns_names.end());
  hosts.insert(certificate->ip_addresses.begin(), certificate->ip_addresses.end());
  const std::string& host = options.settings.xds_host;
  if (!host.empty() && !hosts.contains(host))
    return fail(
        Code::invalid_argument,
        fmt::format(
            "hostname: {} set by KUMA_BOOTSTRAP_SERVER_PARAMS_XDS_HOST is not available in the DP Server "
            "certificate. Available hostnames: {}. Change the hostname or generate certificate with proper hostname.",
            host, fmt::join(hosts, ", ")),
        "bootstrapServer.params.xdsHost");
  return BootstrapServer(std::move(store), log, std::move(options), std::move(hosts));
}

asio::awaitable<HttpResponse> BootstrapServer::handle(HttpRequest http) const {
  auto request = parse_bootstrap_request(http.body, host_of(http));
  if (!request) {
    log_->warn("bootstrap", "request not understood", {{"error", request.error().message}});
    co_return HttpResponse{.status = 400, .headers = {}, .body = {}};
  }
  auto refuse = [&](const Refusal& refusal) {
    log_->warn("bootstrap", "request refused",
               {{"mesh", request->mesh},
                {"name", request->name},
                {"status", refusal.status},
                {"reason", refusal.reason.empty() ? refusal.message : refusal.reason}});
    HttpResponse out{.status = refusal.status, .headers = {}, .body = refusal.message};
    if (!refusal.message.empty()) out.headers.set("content-type", "text/plain; charset=utf-8");
    return out;
  };
  const bool of_zone = request->proxy_type == "ingress" || request->proxy_type == "egress";
  bool token_needed = (request->proxy_type == "dataplane" && options_.dp_token_required) ||
                      (of_zone && options_.zone_token_required);
  if (token_needed && request->dataplane_token.empty() && request->dataplane_token_path.empty())
    co_return refuse({422, token_required, {}});
  // A host that is set for proxies goes before the one that kuma-dp used.
  if (options_.settings.xds_host.empty() && !hosts_.contains(request->host))
    co_return refuse({400, host_mismatch(request->host, hosts_), {}});
  auto found = co_await find_proxy(*request);
  if (!found) co_return refuse(found.error());
  auto ca = ca_of(*request);
  if (!ca) co_return refuse(ca.error());
  if (request->name.empty()) co_return refuse({500, {}, "name must not be empty"});
  std::string yaml = to_yaml(envoy_bootstrap(*request, options_.settings, found->proxy, *ca));
  HttpResponse response;
  if (http.headers.get("accept") == "application/json") {
    Json body{{"bootstrap", base64_encode(yaml)},
              {"kumaSidecarConfiguration",
               {{"networking", {{"corefileTemplate", nullptr}, {"address", found->address}}},
                {"metrics", {{"aggregate", found->aggregate}}}}}};
    response.headers.set("content-type", "application/json");
    response.body = body.dump();
  } else {
    response.headers.set("content-type", "text/x-yaml");
    response.body = std::move(yaml);
  }
  co_return response;
}

asio::awaitable<BootstrapServer::Outcome<BootstrapServer::Found>> BootstrapServer::find_proxy(
    const BootstrapRequest& request) const {
  Found out;
  bool ingress = request.proxy_type == "ingress";
  if (!ingress && request.proxy_type != "egress" && request.proxy_type != "dataplane")
    co_return std::unexpected(Refusal{500, {}, fmt::format("unknown proxy type {}", request.proxy_type)});
  std::string type = request.proxy_type == "dataplane" ? "Dataplane" : ingress ? "ZoneIngress" : "ZoneEgress";
  auto resource = co_await find_resource(request, type);
  if (!resource) co_return std::unexpected(resource.error());
  out.proxy.admin_port = number_at(resource->spec, "networking", "admin", "port");
  if (type != "Dataplane") {
    out.proxy.service = request.proxy_type;
    co_return out;
  }
  TagSet tags = dataplane_tags(*resource);
  auto services = tags.find("kuma.io/service");
  out.proxy.service = services == tags.end() || services->second.empty() ? "unknown" : *services->second.begin();
  out.proxy.builtin_gateway = at(resource->spec, "networking", "gateway", "type") == "BUILTIN";
  out.address = text_at(resource->spec, "networking", "address");
  auto mesh = co_await store_->get(kind::mesh(), {"", resource->meta.mesh});
  if (!mesh) co_return std::unexpected(Refusal{404, {}, fmt::format("there is no mesh \"{}\"", resource->meta.mesh)});
  BackendConf of_mesh = mesh_prometheus_conf((*mesh)->spec);
  // Nobody may have judged what is stored; the mesh's proxies are to start all the same, without metrics.
  if (!of_mesh.error.empty()) {
    log_->warn("bootstrap", "the mesh's metrics cannot be read",
               {{"mesh", resource->meta.mesh}, {"name", request.name}, {"error", of_mesh.error}});
    of_mesh = {};
  }
  const BackendConf metrics = own_prometheus_conf(std::move(of_mesh), resource->spec);
  if (!metrics.error.empty())
    co_return std::unexpected(Refusal{500, {}, "the configuration of metrics cannot be read: " + metrics.error});
  out.aggregate = aggregates(metrics.value, out.address);
  out.proxy.unified_names = request.features.contains("feature-unified-resource-naming") &&
                            at((*mesh)->spec, "meshServices", "mode") == "Exclusive";
  co_return out;
}

asio::awaitable<BootstrapServer::Outcome<Resource>> BootstrapServer::find_resource(const BootstrapRequest& request,
                                                                                   const std::string& type) const {
  const Kind* kind = find_kind(type);
  if (request.dataplane_resource.empty()) {
    if (!kind) co_return std::unexpected(Refusal{404, {}, fmt::format("resources of type {} are not kept here", type)});
    auto stored = co_await store_->get(*kind, {request.mesh, request.name});
    if (!stored)
      co_return std::unexpected(
          Refusal{stored.error().code == Code::not_found ? 404 : 500, {}, stored.error().message});
    co_return **stored;
  }
  auto documents = parse_yaml(request.dataplane_resource, "dataplaneResource");
  if (!documents) co_return std::unexpected(Refusal{500, {}, documents.error().message});
  if (documents->empty() || !documents->front().value.is_object())
    co_return std::unexpected(Refusal{500, {}, "the resource is not a map"});
  auto form = universal_form(documents->front().value);
  if (!form) co_return std::unexpected(Refusal{500, {}, form.error().message});
  if (!kind || form->kind != kind) co_return std::unexpected(Refusal{500, {}, "invalid resource"});
  // Unlike the files of kumactl, this one has no mesh that goes without saying.
  if (!form->kubernetes && !kind->is_global() && !documents->front().value.contains("mesh")) form->body["mesh"] = "";
  auto decoded = decode(*kind, form->body, UnknownFields::drop);
  if (!decoded && decoded.error().violations.empty())
    co_return std::unexpected(Refusal{500, {}, decoded.error().text()});
  if (!decoded) co_return std::unexpected(Refusal{422, decoded.error().violations.text(), {}});
  if (type == "Dataplane") {
    const Json& outbounds = at(decoded->spec, "networking", "outbound");
    if (request.transparent() && outbounds.is_array() && !outbounds.empty())
      co_return std::unexpected(
          Refusal{422, "outbound: should be empty since dataplane is in Transparent Proxying mode", {}});
    auto mesh = co_await store_->get(kind::mesh(), {"", decoded->meta.mesh});
    if (!mesh && mesh.error().code == Code::not_found)
      co_return std::unexpected(Refusal{422, fmt::format("mesh: mesh \"{}\" does not exist", decoded->meta.mesh), {}});
    if (!mesh) co_return std::unexpected(Refusal{500, {}, mesh.error().message});
  }
  co_return *decoded;
}

/// What kuma-dp was given goes before the server's own certificate, which may be its own CA.
BootstrapServer::Outcome<std::string> BootstrapServer::ca_of(const BootstrapRequest& request) const {
  const std::string& pem = request.ca_cert.empty() ? options_.certificate_pem : request.ca_cert;
  auto info = inspect_certificate(pem);
  if (!info) return std::unexpected(Refusal{500, {}, "could not parse certificate: " + info.error().message});
  if (info->has_basic_constraints && !info->is_ca) return std::unexpected(Refusal{400, not_a_ca, {}});
  return pem;
}

}  // namespace kumasim::cp
