#include "tests/xds/wide_mesh.hpp"

#include <fmt/format.h>

#include "reference-cp/model/kinds.hpp"
#include "tests/xds/wide_policies.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

json inbound(int service, int port) {
  json result = {{"port", 8000 + port},
                 {"tags",
                  {{"kuma.io/service", fmt::format("service-{}", service)},
                   {"kuma.io/protocol", port ? "http" : "tcp"},
                   {"kuma.io/zone", "default"},
                   {"version", fmt::format("v{}", port)}}}};
  if (one_of(3)) result["name"] = "main";
  switch (pick(8)) {
    case 0: result["state"] = "NotReady"; break;
    case 1: result["state"] = "Ignored"; break;
    case 2: result["health"] = {{"ready", false}}; break;
    default: break;
  }
  return result;
}

/// A MeshService by a name that it can show: generated ones are named after the tag that their inbounds share.
std::string shown_service() {
  const char* name = one_of(2) ? "service" : "shown";
  return fmt::format("{}-{}", name, pick(2));
}

json outbound(int number) {
  json result = {{"port", 10000 + number}};
  std::string service = fmt::format("service-{}", pick(3));
  switch (pick(7)) {
    case 0: result["service"] = service; break;
    case 1: {
      int port = one_of(2) ? 80 : 8000;
      result["backendRef"] = {{"kind", "MeshService"}, {"name", shown_service()}, {"port", port}};
      break;
    }
    case 2:
      result["backendRef"] = {
          {"kind", "MeshService"}, {"labels", {{"team", fmt::format("t-{}", pick(2))}}}, {"port", 80}};
      break;
    case 3:
      result["backendRef"] = {
          {"kind", "MeshExternalService"}, {"name", fmt::format("ext-{}", pick(2))}, {"port", 9000}};
      break;
    case 4:
    case 5:
      result["backendRef"] = {{"kind", "MeshMultiZoneService"}, {"name", fmt::format("mz-{}", pick(2))}, {"port", 80}};
      break;
    default:
      result["tags"] = {{"kuma.io/service", service}};
      if (one_of(3)) result["tags"]["version"] = "v1";
  }
  return result;
}

json transparent_proxying() {
  json result = {{"redirectPortInbound", 15006}, {"redirectPortOutbound", 15001}};
  switch (pick(8)) {
    case 0: result["directAccessServices"] = {"*"}; break;
    case 1: result["directAccessServices"] = {"service-1"}; break;
    case 2: result["reachableServices"] = {"service-1"}; break;
    case 3: result["reachableBackends"] = {{"refs", {{{"kind", "MeshService"}, {"name", shown_service()}}}}}; break;
    case 4: result["reachableBackends"] = {{"refs", {{{"kind", "MeshService"}, {"labels", {{"team", "t-0"}}}}}}}; break;
    case 5:
      result["reachableServices"] = {"service-2"};
      result["reachableBackends"] = {{"refs", {{{"kind", "MeshExternalService"}, {"name", "ext-0"}}}}};
      break;
    default: break;
  }
  return result;
}

WideWrite dataplane() {
  int number = pick(7);
  WideWrite write{.kind = "Dataplane",
                  .mesh = one_of(12) ? "n" : "m",
                  .name = fmt::format("dp-{}", number),
                  .labels = {},
                  .spec = {},
                  .status = {}};
  json networking = {{"address", fmt::format("10.0.{}.{}", one_of(6) ? 1 : 0, number + 1)}};
  if (one_of(6)) networking["advertisedAddress"] = "10.9.9.9";
  if (one_of(2)) networking["transparentProxying"] = transparent_proxying();
  json outbounds = json::array();
  for (int i = pick(3); i >= 0; --i) outbounds.push_back(outbound(i));
  networking["outbound"] = outbounds;
  int service = pick(3), port = pick(2);
  if (one_of(8)) {
    networking["gateway"] = {{"type", one_of(2) ? "BUILTIN" : "DELEGATED"}, {"tags", inbound(service, port)["tags"]}};
  } else {
    networking["inbound"] = json::array({inbound(service, port)});
    if (one_of(4)) networking["inbound"].push_back(inbound(pick(3), 2));
  }
  write.spec = {{"networking", networking}};
  if (one_of(4)) write.labels["kuma.io/zone"] = "default";
  if (!one_of(3)) write.labels["app"] = one_of(3) ? "a-1" : "a-0";
  return write;
}

/// Labels by which destinations are named and chosen.
std::map<std::string, std::string> destination_labels(const char* shown) {
  std::map<std::string, std::string> labels;
  if (one_of(2)) labels["kuma.io/display-name"] = fmt::format("{}-{}", shown, pick(2));
  if (!one_of(3)) labels["team"] = one_of(3) ? "t-1" : "t-0";
  if (one_of(4)) labels["kuma.io/zone"] = "default";
  return labels;
}

json port(int number) {
  json result = {{"name", "main"}, {"port", number}, {"appProtocol", one_of(3) ? "tcp" : "http"}};
  result["targetPort"] = one_of(3) ? json("main") : json(8000 + pick(2));
  return result;
}

/// Often named, or shown, as a service of the same mesh, so that one reference of a policy fits both.
WideWrite mesh_service() {
  const char* name = one_of(3) ? "service" : "ms";
  const char* shown = one_of(2) ? "service" : "shown";
  WideWrite write{.kind = "MeshService",
                  .mesh = "m",
                  .name = fmt::format("{}-{}", name, pick(3)),
                  .labels = destination_labels(shown),
                  .spec = {},
                  .status = {}};
  json selector;
  switch (pick(5)) {
    case 0: selector = {{"dataplaneRef", {{"name", fmt::format("dp-{}", pick(3))}}}}; break;
    case 1: selector = {{"dataplaneTags", {{"version", "v1"}}}}; break;
    case 2:
      selector = {{"dataplaneTags", {{"kuma.io/service", fmt::format("service-{}", pick(3))}, {"version", "v1"}}}};
      break;
    default: selector = {{"dataplaneTags", {{"kuma.io/service", fmt::format("service-{}", pick(3))}}}};
  }
  write.spec = {
      {"selector", selector}, {"ports", json::array({port(80)})}, {"state", one_of(3) ? "Unavailable" : "Available"}};
  if (one_of(3)) write.spec["ports"].push_back({{"port", 81}, {"targetPort", 8001}, {"appProtocol", "http"}});
  if (one_of(2)) write.spec["identities"] = {{{"type", "ServiceTag"}, {"value", fmt::format("service-{}", pick(3))}}};
  if (one_of(4)) {
    write.labels["kuma.io/origin"] = "global";
    write.labels["kuma.io/zone"] = "east";
  }
  write.status = {{"tls", {{"status", one_of(2) ? "Ready" : "NotReady"}}}, {"dataplaneProxies", {{"total", pick(3)}}}};
  return write;
}

WideWrite mesh_external_service() {
  WideWrite write{.kind = "MeshExternalService",
                  .mesh = "m",
                  .name = fmt::format("ext-{}", pick(2)),
                  .labels = destination_labels("ext"),
                  .spec = {},
                  .status = {}};
  write.spec = {{"match", {{"type", "HostnameGenerator"}, {"port", 9000}, {"protocol", one_of(2) ? "http" : "tcp"}}},
                {"endpoints", {{{"address", fmt::format("x{}.example.com", pick(2))}, {"port", 443}}}}};
  if (one_of(3)) write.spec["tls"] = {{"enabled", true}, {"verification", {{"caCert", {{"secret", "secret-0"}}}}}};
  return write;
}

WideWrite mesh_multi_zone_service() {
  WideWrite write{.kind = "MeshMultiZoneService",
                  .mesh = "m",
                  .name = fmt::format("mz-{}", pick(2)),
                  .labels = destination_labels("mz"),
                  .spec = {},
                  .status = {}};
  write.spec = {{"selector", {{"meshService", {{"matchLabels", {{"team", "t-0"}}}}}}},
                {"ports", {{{"name", "main"}, {"port", one_of(4) ? 81 : 80}, {"appProtocol", "http"}}}}};
  return write;
}

WideWrite external_service() {
  WideWrite write{.kind = "ExternalService",
                  .mesh = "m",
                  .name = fmt::format("external-{}", pick(2)),
                  .labels = {},
                  .spec = {},
                  .status = {}};
  json networking = {{"address", fmt::format("a{}.example.com:443", pick(2))}};
  if (one_of(2)) networking["tls"] = {{"enabled", true}, {"caCert", {{"secret", fmt::format("secret-{}", pick(2))}}}};
  json tags = {{"kuma.io/service", fmt::format("service-{}", pick(4))},
               {"kuma.io/protocol", one_of(2) ? "http" : "tcp"}};
  if (one_of(3)) tags["kuma.io/zone"] = one_of(2) ? "default" : "east";
  write.spec = {{"tags", tags}, {"networking", networking}};
  return write;
}

WideWrite mesh() {
  static constexpr const char* modes[] = {"Everywhere", "Disabled", "ReachableBackends", "Exclusive"};
  WideWrite write{.kind = "Mesh", .mesh = "", .name = one_of(6) ? "n" : "m", .labels = {}, .spec = {}, .status = {}};
  write.spec = {
      {"meshServices", {{"mode", modes[pick(4)]}}},
      {"routing",
       {{"localityAwareLoadBalancing", one_of(3)},
        {"zoneEgress", one_of(3)},
        {"defaultForbidMeshExternalServiceAccess", one_of(4)}}},
      {"networking", {{"outbound", {{"passthrough", !one_of(4)}}}}},
      {"logging", {{"backends", {{{"name", "logs"}, {"type", "file"}, {"conf", {{"path", "/l"}}}}}}}},
      {"tracing", {{"backends", {{{"name", "traces"}, {"type", "zipkin"}, {"conf", {{"url", "http://z:9411/s"}}}}}}}}};
  if (!one_of(4)) {
    json backends = json::array();
    for (const char* name : {"ca", "ca-2"}) backends.push_back({{"name", name}, {"type", "builtin"}});
    if (one_of(2)) backends[0]["mode"] = "PERMISSIVE";
    write.spec["mtls"] = {{"enabledBackend", one_of(5) ? "ca-2" : "ca"}, {"backends", backends}};
  }
  return write;
}

WideWrite zone_proxy() {
  int number = pick(3);
  WideWrite write{.kind = "ZoneIngress",
                  .mesh = "",
                  .name = fmt::format("ingress-{}", number),
                  .labels = {},
                  .spec = {},
                  .status = {}};
  json networking = {{"address", fmt::format("10.20.0.{}", number)}, {"port", 10001 + pick(2)}};
  if (one_of(3)) {
    write.kind = "ZoneEgress";
    write.name = fmt::format("egress-{}", number);
    write.spec = {{"networking", networking}};
    return write;
  }
  networking["advertisedAddress"] = fmt::format("198.51.100.{}", pick(2));
  networking["advertisedPort"] = 20001;
  json services = json::array();
  for (int i = pick(3); i > 0; --i) {
    json tags = {{"kuma.io/service", fmt::format("service-{}", pick(3))},
                 {"kuma.io/protocol", "http"},
                 {"kuma.io/zone", number ? "east" : "default"},
                 {"version", fmt::format("v{}", pick(2))}};
    services.push_back({{"tags", tags}, {"instances", 1 + pick(2)}, {"mesh", one_of(6) ? "n" : "m"}});
    if (one_of(5)) services.back()["externalService"] = true;
  }
  write.spec = {{"zone", number ? "east" : "default"}, {"networking", networking}, {"availableServices", services}};
  return write;
}

/// Some give names that collide.
WideWrite hostname_generator() {
  static constexpr const char* kinds[] = {"meshService", "meshExternalService", "meshMultiZoneService"};
  WideWrite write{.kind = "HostnameGenerator",
                  .mesh = "",
                  .name = fmt::format("names-{}", pick(2)),
                  .labels = {},
                  .spec = {},
                  .status = {}};
  json selector = json::object();
  if (one_of(3)) selector["matchLabels"] = {{"team", "t-0"}};
  const char* what = one_of(2) ? ".Name" : ".DisplayName";
  write.spec = {{"selector", {{kinds[pick(3)], selector}}}};
  write.spec["template"] = fmt::format("{{{{ {} }}}}.v{}.mesh", what, pick(2));
  return write;
}

WideWrite insight() {
  WideWrite write{.kind = "DataplaneInsight",
                  .mesh = "m",
                  .name = fmt::format("dp-{}", pick(7)),
                  .labels = {},
                  .spec = {},
                  .status = {}};
  write.spec = {{"mTLS", {{"issuedBackend", one_of(4) ? "ca-2" : "ca"}}}};
  return write;
}

std::string trust_domain() { return one_of(3) ? "m.default.mesh.local" : fmt::format("td-{}.test", pick(2)); }

/// Ready or not, which the control plane would say.
WideWrite mesh_identity() {
  WideWrite write{.kind = "MeshIdentity",
                  .mesh = "m",
                  .name = fmt::format("identity-{}", pick(2)),
                  .labels = {},
                  .spec = {},
                  .status = {}};
  json labels = json::object();
  if (!one_of(3)) labels["app"] = one_of(3) ? "a-1" : "a-0";
  json id = {{"path", one_of(2) ? "/p" : "/q"}};
  if (!one_of(3)) id["trustDomain"] = one_of(2) ? trust_domain() : "{{ .Zone }}.{{ .Mesh }}.test";
  json provider = {{"type", "Bundled"}, {"bundled", {{"autogenerate", {{"enabled", true}}}}}};
  if (one_of(4)) provider = {{"type", "Spire"}, {"spire", json::object()}};
  write.spec = {{"selector", {{"dataplane", {{"matchLabels", labels}}}}}, {"spiffeID", id}, {"provider", provider}};
  const char* ready = one_of(4) ? "False" : "True";
  write.status = {{"conditions", json::array({{{"type", "Ready"}, {"status", ready}}})}};
  return write;
}

WideWrite mesh_trust() {
  WideWrite write{.kind = "MeshTrust",
                  .mesh = "m",
                  .name = fmt::format("trust-{}", pick(2)),
                  .labels = {},
                  .spec = {},
                  .status = {}};
  json bundles = json::array();
  for (int i = pick(2); i >= 0; --i)
    bundles.push_back({{"type", "Pem"}, {"pem", {{"value", fmt::format("ca-{}", pick(3))}}}});
  write.spec = {{"trustDomain", trust_domain()}, {"caBundles", bundles}};
  return write;
}

WideWrite secret() {
  WideWrite write{
      .kind = "Secret", .mesh = "m", .name = fmt::format("secret-{}", pick(2)), .labels = {}, .spec = {}, .status = {}};
  write.spec = {{"data", one_of(2) ? "Y2VydA==" : "b3RoZXI="}};
  return write;
}

}  // namespace

void showValue(const WideWrite& write, std::ostream& os) {
  os << write.kind << " " << write.mesh << "/" << write.name << " " << json(write.labels).dump() << " "
     << write.spec.dump() << (write.status.is_null() ? "" : " status " + write.status.dump())
     << (write.ends_batch ? " ;" : "") << "\n";
}

rc::Gen<WideWrite> any_wide_write() {
  return rc::gen::exec([] {
    int kind = pick(23);
    WideWrite write = kind < 6    ? dataplane()
                      : kind < 9  ? mesh_service()
                      : kind < 10 ? mesh_external_service()
                      : kind < 11 ? mesh_multi_zone_service()
                      : kind < 12 ? external_service()
                      : kind < 13 ? mesh()
                      : kind < 15 ? zone_proxy()
                      : kind < 16 ? (one_of(3) ? secret() : insight())
                      : kind < 17 ? hostname_generator()
                      : kind < 18 ? mesh_identity()
                      : kind < 19 ? mesh_trust()
                                  : any_policy();
    if (one_of(5) && !(write.kind == "Mesh" && write.name == "m" && !one_of(4))) write.spec = nullptr;
    write.ends_batch = one_of(3);
    return write;
  });
}

rc::Gen<WideWrite> narrow_wide_write() {
  return rc::gen::exec([] {
    int kind = pick(12);
    WideWrite write = kind < 5    ? dataplane()
                      : kind < 8  ? mesh_service()
                      : kind < 9  ? mesh_external_service()
                      : kind < 10 ? mesh_multi_zone_service()
                      : kind < 11 ? insight()
                                  : hostname_generator();
    if (one_of(6)) write.spec = nullptr;
    write.ends_batch = !one_of(3);
    return write;
  });
}

rc::Gen<std::vector<WideWrite>> first_writes() {
  return rc::gen::exec([] {
    auto make = [](const char* kind, const char* name, const char* spec) {
      return WideWrite{.kind = kind, .mesh = "", .name = name, .labels = {}, .spec = json::parse(spec), .status = {}};
    };
    WideWrite first = mesh();
    first.name = "m";
    WideWrite combined = mesh_multi_zone_service();
    combined.labels.clear();
    std::vector<WideWrite> out{
        first, combined,
        make("ZoneIngress", "ingress-0", R"({"zone":"default","networking":{"address":"10.20.0.0","port":10001},
                                             "availableServices":[]})"),
        make("ZoneEgress", "egress-0", R"({"networking":{"address":"10.20.0.9","port":10002}})")};
    // Nothing is shared in a mesh with either.
    if (one_of(4)) out.push_back(mesh_identity());
    if (one_of(4)) out.push_back(mesh_trust());
    return out;
  });
}

Resource to_resource(const WideWrite& write) {
  Resource resource;
  resource.kind = find_kind(write.kind);
  resource.meta.mesh = write.mesh;
  resource.meta.name = write.name;
  resource.meta.labels = write.labels;
  resource.meta.creation = WallTime(std::chrono::seconds((write.kind.size() + write.name.back()) % 3));
  resource.spec = write.spec;
  resource.status = write.status;
  return resource;
}

NodeMetadata node_of(const std::string& dataplane) {
  NodeMetadata node;
  node.admin_port = 9901;
  node.readiness_port = 9902;
  node.dns_port = 15053;
  switch (dataplane.back() - '0') {
    case 0: node.features = {"feature-embedded-dns"}; break;
    case 1:
      node.features = {"feature-transparent-proxy-in-dataplane-metadata"};
      node.transparent_proxy = R"({"redirect":{"inbound":{"enabled":true,"port":15006},
                                   "outbound":{"enabled":true,"port":15001}}})";
      break;
    case 2: node.features = {"feature-unified-resource-naming", "feature-embedded-dns"}; break;
    case 3: node.features = {"feature-bind-outbounds", "feature-unified-resource-naming"}; break;
    case 4:
      node.admin_port = 0;
      node.features = {"feature-spire"};
      break;
    default: break;
  }
  return node;
}

}  // namespace kumasim::cp
