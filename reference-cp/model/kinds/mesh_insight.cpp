/// MeshInsight: counts of a mesh: proxies, services, resources, versions, certificate backends.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;

const std::string package = "kuma.mesh.v1alpha1.MeshInsight";

SchemaPtr spec() {
  SchemaPtr proxies = message(package + ".DataplaneStat", {{"total", uint32(), "all"},
                                                           {"online", uint32(), "connected and ready"},
                                                           {"offline", uint32(), "not connected"},
                                                           {"partiallyDegraded", uint32(), "partly ready"}});
  SchemaPtr versions = message(package + ".DpVersions", {{"kumaDp", map(proxies), "by version of kuma-dp"},
                                                         {"envoy", map(proxies), "by version of Envoy"}});
  SchemaPtr mtls = message(package + ".MTLS", {{"issuedBackends", map(proxies), "by who made the certificate"},
                                               {"supportedBackends", map(proxies), "by whom the proxy trusts"}});
  SchemaPtr services = message(
      package + ".ServiceStat",
      {{"total", uint32(), "all"}, {"internal", uint32(), "in the mesh"}, {"external", uint32(), "outside it"}});
  SchemaPtr by_type = message(package + ".DataplanesByType", {{"standard", proxies, "sidecars"},
                                                              {"gateway", proxies, "gateways"},
                                                              {"gatewayBuiltin", proxies, "builtin gateways"},
                                                              {"gatewayDelegated", proxies, "delegated gateways"}});
  SchemaPtr policy = message(package + ".PolicyStat", {{"total", uint32(), "all"}});
  SchemaPtr resource = message(package + ".ResourceStat", {{"total", uint32(), "all"}});
  return message(package, {{"dataplanes", proxies, "proxies"},
                           {"policies", map(policy), "policies by type"},
                           {"dpVersions", versions, "versions of proxies"},
                           {"mTLS", mtls, "certificates"},
                           {"services", services, "services"},
                           {"dataplanesByType", by_type, "proxies by type"},
                           {"resources", map(resource), "resources by type"}});
}

}  // namespace

const Kind& kind::mesh_insight() {
  static const Kind out = [] {
    KindTable table = flat_table("MeshInsight", "", "mesh-insights", "");
    table.text = "Counts of a mesh.";
    table.scope = Scope::global;
    table.read_only = true;
    table.kds = {.provided_by_global = true};
    table.schema = spec();
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
