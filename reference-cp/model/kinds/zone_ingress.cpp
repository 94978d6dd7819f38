/// ZoneIngress and its insight: the proxy that takes a zone's traffic from other zones.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

const std::string package = "kuma.mesh.v1alpha1.ZoneIngress";

SchemaPtr spec() {
  SchemaPtr networking =
      message(package + ".Networking", {{"address", string(), "address inside the zone"},
                                        {"advertisedAddress", string(), "address that other zones reach it at"},
                                        {"port", uint32(), "port that it listens on"},
                                        {"advertisedPort", uint32(), "port that other zones reach it at"},
                                        {"admin", envoy_admin_schema(), "Envoy's admin"}});
  SchemaPtr service = message(package + ".AvailableService", {{"tags", map(string()), "tags of the instances"},
                                                              {"instances", uint32(), "how many there are"},
                                                              {"mesh", string(), "their mesh"},
                                                              {"externalService", boolean(), "outside the mesh"}});
  return message(package, {{"zone", string(), "its zone"},
                           {"networking", networking, "addresses and ports"},
                           {"availableServices", list(service), "what can be reached through it"}});
}

void validate(const Resource& resource, Violations& out) {
  const Path path("networking");
  const json& networking = at(resource.spec, "networking");
  const json& port = at(networking, "port");
  const json& advertised_port = at(networking, "advertisedPort");
  std::string address = text_at(networking, "address"), advertised = text_at(networking, "advertisedAddress");
  if (has(networking, "admin")) {
    const json& admin = at(at(networking, "admin"), "port");
    if ((admin == port && takes_loopback(address)) || (admin == advertised_port && takes_loopback(advertised))) {
      out.add(path.at("admin.port"), "must differ from port");
    }
  }
  if (advertised.empty() && !advertised_port.is_null()) {
    out.add(path.at("advertisedAddress"), "has to be defined with advertisedPort");
  }
  if (advertised_port.is_null() && !advertised.empty()) {
    out.add(path.at("advertisedPort"), "has to be defined with advertisedAddress");
  }
  // Kuma says these of a field `address` below the address.
  if (!address.empty()) validate_proxy_address(address, path.at("address.address"), out);
  if (!advertised.empty()) validate_proxy_address(advertised, path.at("advertisedAddress.address"), out);
  validate_port(port, path.at("port"), out);
  if (!advertised_port.is_null()) validate_port(advertised_port, path.at("advertisedPort"), out);
  const json& services = at(resource.spec, "availableServices");
  for (std::size_t i = 0; i < services.size(); ++i) {
    // Kuma's own spelling of the path.
    validate_tags(at(services[i], "tags"), {.service_needed = true}, Path("availableService").at(i).at("tags"), out);
  }
}

}  // namespace

const Kind& kind::zone_ingress() {
  static const Kind out = [] {
    KindTable table = flat_table("ZoneIngress", "zoneingress", "zoneingresses", "zi");
    table.plural_text = "Zone Ingresses";
    table.text = "The proxy that takes a zone's traffic from other zones.";
    table.path_old = "zone-ingresses";
    table.scope = Scope::global;
    table.is_proxy = true;
    table.namespaced = true;
    table.kds = {.zone_to_global = true, .synced_across_zones = true};
    table.schema = spec();
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

const Kind& kind::zone_ingress_insight() {
  static const Kind out = [] {
    KindTable table = flat_table("ZoneIngressInsight", "", "zone-ingress-insights", "");
    table.text = "What the control plane knows of a zone ingress.";
    table.scope = Scope::global;
    table.read_only = true;
    table.namespaced = true;
    table.kds = {.zone_to_global = true};
    table.schema = message(package + "Insight", {{"subscriptions", list(subscription_schema()), "streams of the proxy"},
                                                 {"metadata", struct_schema(), "the proxy's Envoy node metadata"}});
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
