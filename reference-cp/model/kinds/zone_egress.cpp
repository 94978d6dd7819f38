/// ZoneEgress and its insight: the proxy that a zone's traffic to other zones and to external services leaves by.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

const std::string package = "kuma.mesh.v1alpha1.ZoneEgress";

void validate(const Resource& resource, Violations& out) {
  const Path path("networking");
  const json& networking = at(resource.spec, "networking");
  const json& port = at(networking, "port");
  std::string address = text_at(networking, "address");
  if (has(networking, "admin") && at(at(networking, "admin"), "port") == port && takes_loopback(address)) {
    out.add(path.at("admin.port"), "must differ from port");
  }
  // Kuma says these of a field `address` below the address.
  if (!address.empty()) validate_proxy_address(address, path.at("address.address"), out);
  validate_port(port, path.at("port"), out);
}

}  // namespace

const Kind& kind::zone_egress() {
  static const Kind out = [] {
    KindTable table = flat_table("ZoneEgress", "zoneegress", "zoneegresses", "ze");
    table.plural_text = "Zone Egresses";
    table.text = "The proxy that a zone's traffic to other zones and to external services leaves by.";
    table.scope = Scope::global;
    table.is_proxy = true;
    table.namespaced = true;
    table.kds = {.zone_to_global = true};
    SchemaPtr networking = message(package + ".Networking", {{"address", string(), "address inside the zone"},
                                                             {"port", uint32(), "port that it listens on"},
                                                             {"admin", envoy_admin_schema(), "Envoy's admin"}});
    table.schema =
        message(package, {{"zone", string(), "its zone"}, {"networking", networking, "addresses and ports"}});
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

const Kind& kind::zone_egress_insight() {
  static const Kind out = [] {
    KindTable table = flat_table("ZoneEgressInsight", "", "zoneegressinsights", "");
    table.text = "What the control plane knows of a zone egress.";
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
