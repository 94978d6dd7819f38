#include "reference-cp/xds/envoy/external_endpoint.hpp"

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/external_address.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/remote_endpoints.hpp"

namespace kumasim::cp {

bool load_data_source(const MeshView& mesh, const nlohmann::json& source, std::string& out) {
  if (!source.is_object()) return true;
  if (source.contains("inlineString")) {
    out = text_at(source, "inlineString");
  } else if (source.contains("inline")) {
    out = base64_decode(text_at(source, "inline")).value_or("");
  } else if (const Resource* secret = mesh.find("Secret", text_at(source, "secret"))) {
    out = secret_data(*secret);
  }
  return !out.empty();
}

namespace {

/// False where its TLS cannot be set up.
bool fill_tls(const MeshView& mesh, const nlohmann::json& tls, ExternalTarget& target) {
  target.tls_enabled = flag_at(tls, "enabled");
  target.allow_renegotiation = flag_at(tls, "allowRenegotiation");
  target.skip_hostname_verification = flag_at(tls, "skipHostnameVerification");
  target.server_name = text_at(tls, "serverName");
  return load_data_source(mesh, at(tls, "caCert"), target.ca_certificate) &&
         load_data_source(mesh, at(tls, "clientCert"), target.client_certificate) &&
         load_data_source(mesh, at(tls, "clientKey"), target.client_key);
}

}  // namespace

std::optional<Endpoint> external_endpoint(const MeshView& mesh, const Resource& service) {
  Endpoint endpoint;
  endpoint.tags = tags_of(at(service.spec, "tags"));
  endpoint.external.emplace();
  if (!fill_tls(mesh, at(service.spec, "networking", "tls"), *endpoint.external)) return std::nullopt;
  ExternalAddress address = external_address(service);
  endpoint.address = address.host;
  endpoint.port = address.port;
  endpoint.locality = locality_of(mesh, endpoint.tags);
  // By this tag a cluster with several endpoints finds the TLS context of each.
  if (endpoint.external->tls_enabled) endpoint.tags["kuma.io/external-service-name"] = service.meta.name;
  return endpoint;
}

std::map<std::string, std::vector<Endpoint>> all_external_services(const MeshView& mesh) {
  std::map<std::string, std::vector<Endpoint>> result;
  if (uses_zone_egress(mesh)) return result;
  for (const auto& [name, service] : mesh.all("ExternalService"))
    if (std::optional<Endpoint> endpoint = external_endpoint(mesh, *service))
      result[text_at(service->spec, "tags", "kuma.io/service")].push_back(std::move(*endpoint));
  return result;
}

}  // namespace kumasim::cp
