/// MeshExternalService: a destination outside the mesh that the mesh's clients reach under a name of the mesh.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/data_source.hpp"
#include "reference-cp/model/kinds/destination_status.hpp"
#include "reference-cp/model/kinds/tls_version.hpp"
#include "reference-cp/model/rules/network.hpp"
#include "reference-cp/model/rules/tags.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

SchemaPtr verification() {
  SchemaPtr names = list(object({
      fallback({"type", enumeration({"Exact", "Prefix"}), "how the name is compared"}, "Exact"),
      required({"value", string(), "the name"}),
  }));
  return object({
      fallback({"mode", enumeration({"SkipSAN", "SkipCA", "Secured", "SkipAll"}), "what is checked"}, "Secured"),
      {"serverName", string(), "name that is asked for (SNI)"},
      {"subjectAltNames", names, "names of the certificate that are good"},
      {"caCert", plain_data_source_schema(), "CAs that are believed; the system's by default"},
      {"clientCert", plain_data_source_schema(), "certificate of the client"},
      {"clientKey", plain_data_source_schema(), "key of the client"},
  });
}

SchemaPtr spec() {
  return object({
      required({"match",
                object({
                    fallback({"type", enumeration({"HostnameGenerator"}), "how clients name it"}, "HostnameGenerator"),
                    required({"port", integer(1, 65535), "port that clients use"}),
                    fallback({"protocol", enumeration({"tcp", "grpc", "http", "http2"}), "protocol spoken to it"},
                             "tcp"),
                }),
                "what clients ask for"}),
      {"extension",
       object({
           required({"type", string(), "name of the extension"}),
           {"config", any(), "its configuration"},
       }),
       "endpoints that an extension finds"},
      {"endpoints",
       list(object({
           required({"address", text(1, INT32_MAX), "IP address or host name"}),
           required({"port", integer(1, 65535), "port"}),
       })),
       "where it is"},
      {"tls",
       object({
           fallback({"enabled", boolean(), "the proxy speaks TLS to it"}, false),
           {"version", tls_version_schema(), "versions of TLS"},
           fallback({"allowRenegotiation", boolean(), "lets the server renegotiate"}, false),
           {"verification", verification(), "how the server is checked"},
       }),
       "TLS to it"},
  });
}

void validate_tls(const json& tls, const Path& path, Violations& out) {
  if (has(tls, "version")) validate_tls_version(at(tls, "version"), path.at("version"), out);
  const json& check = at(tls, "verification");
  Path place = path.at("verification");
  if (has(check, "serverName") && !is_dns_name(text_at(check, "serverName")))
    out.add(place.at("serverName"), "must be a valid DNS name");
  if (has(check, "clientCert") && !has(check, "clientKey"))
    out.add(place.at("clientKey"), "must be defined when clientCert is defined");
  if (!has(check, "clientCert") && has(check, "clientKey"))
    out.add(place.at("clientCert"), "must be defined when clientKey is defined");
}

void validate(const Resource& resource, Violations& out) {
  if (display_name(resource).size() > 63) out.add(Path("name"), "must not be longer than 63 characters");
  const Path path("spec");
  if (has(resource.spec, "extension")) {
    if (text_at(at(resource.spec, "extension"), "type").empty())
      out.add(path.at("extension").at("type"), "must not be empty");
    return;
  }
  const json& endpoints = at(resource.spec, "endpoints");
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    std::string address = text_at(endpoints[i], "address");
    if (!is_ip(address) && !is_dns_name(address))
      out.add(path.at("endpoints").at(i).at("address"), "address has to be a valid IP or hostname");
  }
  validate_tls(at(resource.spec, "tls"), path.at("tls"), out);
}

void warn(const Resource& resource, std::vector<std::string>& out) {
  warn_name("MeshExternalService", display_name(resource), out);
}

}  // namespace

const Kind& kind::mesh_external_service() {
  static const Kind out = [] {
    KindTable table;
    table.type = "MeshExternalService";
    table.path = table.plural = "meshexternalservices";
    table.singular = "meshexternalservice";
    table.singular_text = "Mesh External Service";
    table.plural_text = "Mesh External Services";
    table.short_name = "extsvc";
    table.text = "A destination outside the mesh.";
    table.has_status = table.is_destination = table.referenceable_in_to = true;
    table.kds = {.global_to_zones = true, .zone_to_global = true};
    table.schema = spec();
    table.status_schema = object({
        always({"vip", object({drop_empty({"ip", string(), "the address"})}), "virtual address"}),
        addresses_field(),
        generators_field(),
    });
    table.validate = validate;
    table.warn = warn;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
