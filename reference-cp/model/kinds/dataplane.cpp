/// Dataplane: a proxy beside an application: its address, the ports it takes traffic on, the destinations it offers.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/dataplane_rules.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;

const std::string package = "kuma.mesh.v1alpha1.Dataplane.";
const std::string networking_package = package + "Networking.";

SchemaPtr inbound() {
  SchemaPtr probe =
      message(networking_package + "Inbound.ServiceProbe",
              {
                  {"interval", proto_duration(), "time between two probes"},
                  {"timeout", proto_duration(), "time for one probe"},
                  {"unhealthyThreshold", wrapper(uint32()), "failures that make it unhealthy"},
                  {"healthyThreshold", wrapper(uint32()), "successes that make it healthy"},
                  {"tcp", message(networking_package + "Inbound.ServiceProbe.Tcp", {}), "probes by connecting"},
              });
  return message(
      networking_package + "Inbound",
      {
          {"port", uint32(), "port that the proxy listens on"},
          {"servicePort", uint32(), "port of the application; the same when absent"},
          {"serviceAddress", string(), "address of the application; 127.0.0.1 when absent"},
          {"address", string(), "address that the proxy listens on; networking.address when absent"},
          {"tags", map(string()), "what the inbound is: kuma.io/service, kuma.io/protocol, version, ..."},
          {"health", message(networking_package + "Inbound.Health", {{"ready", boolean(), "whether it is ready"}}),
           "health (old: use state)"},
          {"serviceProbe", probe, "how Envoy probes the application"},
          {"state", enumeration({"Ready", "NotReady", "Ignored"}, networking_package + "Inbound.State"),
           "whether it takes traffic"},
          {"name", string(), "name of the inbound"},
      });
}

SchemaPtr outbound() {
  SchemaPtr ref = message(networking_package + "Outbound.BackendRef",
                          {
                              {"kind", string(), "MeshService, MeshExternalService or MeshMultiZoneService"},
                              {"name", string(), "its name"},
                              {"port", uint32(), "its port"},
                              {"labels", map(string()), "labels, instead of a name"},
                          });
  return message(networking_package + "Outbound",
                 {
                     {"address", string(), "address that the application connects to; 127.0.0.1 when absent"},
                     {"port", uint32(), "port that the application connects to"},
                     {"tags", map(string()), "the destination"},
                     {"backendRef", ref, "the destination as a resource"},
                 });
}

SchemaPtr transparent_proxying() {
  SchemaPtr ref = message(networking_package + "TransparentProxying.ReachableBackendRef",
                          {
                              {"kind", string(), "MeshService, MeshExternalService or MeshMultiZoneService"},
                              {"name", string(), "its name"},
                              {"namespace", string(), "its namespace"},
                              {"port", wrapper(uint32()), "its port"},
                              {"labels", map(string()), "labels, instead of a name"},
                          });
  return message(networking_package + "TransparentProxying",
                 {
                     {"redirectPortInbound", uint32(), "port that inbound traffic is redirected to"},
                     {"redirectPortOutbound", uint32(), "port that outbound traffic is redirected to"},
                     {"directAccessServices", list(string()), "services whose instances may be reached one by one"},
                     {"reachableServices", list(string()), "services that the proxy is told of"},
                     {"ipFamilyMode",
                      enumeration({"UnSpecified", "DualStack", "IPv4", "IPv6"},
                                  networking_package + "TransparentProxying.IpFamilyMode"),
                      "addresses that are redirected"},
                     {"reachableBackends",
                      message(networking_package + "TransparentProxying.ReachableBackends",
                              {{"refs", list(ref), "the destinations"}}),
                      "destinations that the proxy is told of"},
                 });
}

SchemaPtr spec() {
  SchemaPtr gateway = message(
      networking_package + "Gateway",
      {
          {"tags", map(string()), "what the gateway is"},
          {"type", enumeration({"DELEGATED", "BUILTIN"}, networking_package + "Gateway.GatewayType"), "whose gateway"},
      });
  SchemaPtr endpoint = message(package + "Probes.Endpoint", {{"inboundPort", uint32(), "port of the application"},
                                                             {"inboundPath", string(), "path of the application"},
                                                             {"path", string(), "path that the proxy offers"}});
  SchemaPtr networking =
      message(package + "Networking",
              {
                  {"address", string(), "address that other proxies reach this one at"},
                  {"advertisedAddress", string(), "address behind a NAT"},
                  {"gateway", gateway, "makes the proxy a gateway"},
                  {"inbound", list(inbound()), "traffic that the proxy takes for its application"},
                  {"outbound", list(outbound()), "destinations of the application"},
                  {"transparentProxying", transparent_proxying(), "redirection of the application's traffic"},
                  {"admin", message("kuma.mesh.v1alpha1.EnvoyAdmin", {{"port", uint32(), "port of Envoy's admin API"}}),
                   "Envoy's admin"},
              });
  return message("kuma.mesh.v1alpha1.Dataplane",
                 {
                     {"networking", networking, "addresses and ports"},
                     {"metrics",
                      message("kuma.mesh.v1alpha1.MetricsBackend", {{"name", string(), "the backend's name"},
                                                                    {"type", string(), "prometheus"},
                                                                    {"conf", struct_schema(), "its configuration"}}),
                      "metrics that differ from the mesh's"},
                     {"probes",
                      message(package + "Probes",
                              {{"port", uint32(), "port of the probes"}, {"endpoints", list(endpoint), "probes"}}),
                      "probes offered without mTLS"},
                 });
}

}  // namespace

const Kind& kind::dataplane() {
  static const Kind out = [] {
    KindTable table = flat_table("Dataplane", "dataplane", "dataplanes", "dp");
    table.text = "A proxy beside an application.";
    table.is_proxy = true;
    table.namespaced = true;
    table.kds = {.zone_to_global = true};
    table.schema = spec();
    table.columns = {{"TAGS", ""}, {"ADDRESS", ""}};
    table.validate = validate_dataplane;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
