/// ExternalService: a service outside the mesh that proxies reach by name (old: MeshExternalService).
#include <cstdlib>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/network.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

const std::string package = "kuma.mesh.v1alpha1.ExternalService";

SchemaPtr spec() {
  SchemaPtr tls = message(package + ".Networking.TLS",
                          {{"enabled", boolean(), "whether the service speaks TLS"},
                           {"caCert", data_source_schema(), "CA that the service's certificate is checked against"},
                           {"clientCert", data_source_schema(), "certificate of the client"},
                           {"clientKey", data_source_schema(), "its key"},
                           {"allowRenegotiation", wrapper(boolean()), "whether TLS may be renegotiated"},
                           {"serverName", wrapper(string()), "name sent and checked instead of the address"},
                           {"skipHostnameVerification", wrapper(boolean()), "takes a certificate of any name"}});
  SchemaPtr networking = message(package + ".Networking", {{"address", string(), "HOST:PORT"},
                                                           {"tls", tls, "TLS to the service"},
                                                           {"disableHostDNSEntry", boolean(), "no name for the host"}});
  return message(package, {{"networking", networking, "where the service is"},
                           {"tags", map(string()), "what it is: kuma.io/service, kuma.io/protocol, ..."}});
}

/// Host and port as Go's net.SplitHostPort gives them; both empty and false where it gives up.
bool split_host_port(const std::string& text, std::string& host, std::string& port) {
  auto colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  std::string head = text.substr(0, colon);
  if (head.starts_with('[')) {
    if (!head.ends_with(']') || head.find(']') + 1 != head.size()) return false;
    head = head.substr(1, head.size() - 2);
    if (head.find('[') != std::string::npos) return false;
  } else if (head.find_first_of(":[]") != std::string::npos) {
    return false;
  }
  host = head;
  port = text.substr(colon + 1);
  return port.find_first_of("[]") == std::string::npos;
}

void validate_address(const std::string& address, const Path& path, Violations& out) {
  if (address.empty()) return out.add(path, "address can't be empty");
  std::string host, port;
  if (!split_host_port(address, host, port)) {
    host = port = "";
    out.add(path, "unable to parse address");
  }
  if (!is_ip(host) && !is_dns_name(host)) out.add(path, "address has to be a valid IP address or a domain name");
  bool digits = !port.empty() && port.size() <= 10 && port.find_first_not_of("0123456789") == std::string::npos;
  if (!digits) out.add(path, "unable to parse port in address");
  validate_port(digits ? std::strtoll(port.c_str(), nullptr, 10) : 0, path, out);
}

void validate(const Resource& resource, Violations& out) {
  const Path path("networking");
  const json& networking = at(resource.spec, "networking");
  std::string address = text_at(networking, "address");
  if (networking.is_null()) {
    out.add(path, "should have networking");
  } else {
    validate_address(address, path.at("address"), out);
  }
  const json& tls = at(networking, "tls");
  if (has(tls, "serverName") && text_at(tls, "serverName").empty()) {
    out.add(path.at("tls.serverName"), "cannot be empty");
  }
  for (const char* field : {"caCert", "clientCert", "clientKey"}) {
    validate_data_source(at(tls, field), path.at("tls").at(field), out);
  }
  TagRules rules{.service_needed = true};
  rules.extra = [](const json& tags, const Path& here, Violations& found) {
    std::string protocol = text_at(tags, "kuma.io/protocol");
    if (has(tags, "kuma.io/protocol") && !is_protocol(protocol)) {
      found.add(here.key("kuma.io/protocol"), "tag \"kuma.io/protocol\" has an invalid value \"" + protocol +
                                                  "\". Allowed values: grpc, http, http2, kafka, tcp");
    }
  };
  const json& tags = at(resource.spec, "tags");
  validate_tags(tags, rules, Path("tags"), out);
  std::string service = text_at(tags, "kuma.io/service"), host, port;
  if (!service.empty() && split_host_port(address, host, port) && host == service) {
    out.add(Path("tags").key("kuma.io/service"), "cannot be the same as networking.address");
  }
}

}  // namespace

const Kind& kind::external_service() {
  static const Kind out = [] {
    KindTable table = flat_table("ExternalService", "external-service", "external-services", "");
    table.text = "A service outside the mesh (old: use MeshExternalService).";
    table.kds = {.global_to_zones = true};
    table.schema = spec();
    table.columns = {{"TAGS", ""}, {"ADDRESS", "/networking/address"}};
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
