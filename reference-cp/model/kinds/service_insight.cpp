/// ServiceInsight: the services of a mesh, each with the state of its proxies.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;

const std::string package = "kuma.mesh.v1alpha1.ServiceInsight";

SchemaPtr spec() {
  std::string name = package + ".Service";
  SchemaPtr proxies = message(
      name + ".DataplaneStat",
      {{"total", uint32(), "all"}, {"online", uint32(), "connected and ready"}, {"offline", uint32(), "the others"}});
  SchemaPtr service = message(
      name,
      {{"status", enumeration({"none", "offline", "partially_degraded", "online", "not_available"}, name + ".Status"),
        "state of the service"},
       {"dataplanes", proxies, "its proxies"},
       {"issuedBackends", map(uint32()), "proxies by who made their certificate"},
       {"serviceType", enumeration({"internal", "external", "gateway_delegated", "gateway_builtin"}, name + ".Type"),
        "what kind of service"},
       {"addressPort", string(), "name and port that it is reached at"},
       {"zones", list(string()), "zones of its proxies"}});
  return message(package, {{"services", map(service), "the services by name"}});
}

}  // namespace

const Kind& kind::service_insight() {
  static const Kind out = [] {
    KindTable table = flat_table("ServiceInsight", "", "service-insights", "");
    table.text = "The services of a mesh, each with the state of its proxies.";
    table.read_only = true;
    table.kds = {.global_to_zones = true};
    table.schema = spec();
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
