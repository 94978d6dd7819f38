#include "kumasim/testing/zoned_mesh.hpp"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>
#include <rapidcheck.h>

#include "kumasim/testing/mesh.hpp"

namespace kumasim::testing {
namespace {

namespace gen = rc::gen;
using nlohmann::json;
using std::chrono::milliseconds;
using Names = std::vector<std::string>;

const std::string global = "global";
/// None of these stops calls.
const Names policy_kinds_of_zones = {"MeshTimeout", "MeshRetry", "MeshCircuitBreaker", "MeshLoadBalancingStrategy",
                                     "MeshRateLimit"};

/// Called within gen::exec, as all below: what they draw shrinks.
int number(int least, int most) { return *gen::inRange(least, most + 1); }

bool flip() { return *gen::arbitrary<bool>(); }

Duration time_between(Duration low, Duration high) {
  auto in_ms = [](Duration of) { return static_cast<int>(std::chrono::duration_cast<milliseconds>(of).count()); };
  return milliseconds(number(in_ms(low), std::max(in_ms(high), in_ms(low))));
}

std::string control_plane_of(const std::string& zone) { return "kuma-cp-" + zone; }

void draw_services(const ZonedMeshOptions& options, ZonedMesh& out) {
  int count = number(2, options.services_most);
  for (int i = 0; i < count; ++i) {
    ZonedService service{.name = fmt::format("service-{}", i), .zones = {}};
    service.zones.push_back(*gen::elementOf(out.zones));
    std::string second = *gen::elementOf(out.zones);
    if (second != service.zones.front()) service.zones.push_back(std::move(second));
    out.services.push_back(std::move(service));
  }
  for (int i = 0; i + 1 < count; ++i) out.services[i].calls.push_back(out.services[i + 1].name);
}

json policy(const ZonedMesh& mesh, std::string name) {
  Names services;
  for (const ZonedService& service : mesh.services) services.push_back(service.name);
  std::string kind = *gen::elementOf(policy_kinds_of_zones);
  json out = *policies(kind, services);
  out["name"] = std::move(name);
  return out;
}

/// Virtual addresses are given to these in each zone.
json multi_zone_service(const std::string& service) {
  return {{"type", "MeshMultiZoneService"},
          {"mesh", "default"},
          {"name", "all-" + service},
          {"spec",
           {{"selector", {{"meshService", {{"matchLabels", {{"kuma.io/display-name", service}}}}}}},
            {"ports", json::array({{{"port", 8080}, {"appProtocol", "http"}}})}}}};
}

json external_service(int index) {
  return {{"type", "MeshExternalService"},
          {"mesh", "default"},
          {"name", fmt::format("external-{}", index)},
          {"spec",
           {{"match", {{"type", "HostnameGenerator"}, {"port", 9000}, {"protocol", "tcp"}}},
            {"endpoints", json::array({{{"address", "192.0.2.1"}, {"port", 443}}})}}}};
}

void draw_resources(const ZonedMeshOptions& options, ZonedMesh& out) {
  bool services = flip();
  json mesh = {{"type", "Mesh"}, {"name", "default"}};
  mesh["mtls"] = {{"enabledBackend", "ca-1"}, {"backends", json::array({{{"name", "ca-1"}, {"type", "builtin"}}})}};
  if (out.egress) mesh["routing"] = {{"zoneEgress", true}};
  if (services) mesh["meshServices"] = {{"mode", "Everywhere"}};
  out.resources.push_back(std::move(mesh));
  json from = {{"targetRef", {{"kind", "Mesh"}}}, {"default", {{"action", "Allow"}}}};
  out.resources.push_back({{"type", "MeshTrafficPermission"},
                           {"mesh", "default"},
                           {"name", "all"},
                           {"spec", {{"targetRef", {{"kind", "Mesh"}}}, {"from", json::array({from})}}}});
  for (int i = 0, count = number(0, options.policies_most); i < count; ++i)
    out.resources.push_back(policy(out, fmt::format("policy-{}", i)));
  if (!services) return;
  for (const ZonedService& service : out.services)
    if (flip()) out.resources.push_back(multi_zone_service(service.name));
  for (int i = 0, count = number(0, 2); i < count; ++i) out.resources.push_back(external_service(i));
}

/// Few names, so that several writes are of one resource.
ZonedWrite draw_write(const ZonedMeshOptions& options, const ZonedMesh& mesh) {
  ZonedWrite out;
  out.at = time_between(options.from, options.until);
  if (flip()) out.zone = *gen::elementOf(mesh.zones);
  out.resource = policy(mesh, fmt::format("written-{}", number(0, 1)));
  out.removes = number(0, 3) == 3;
  if (!out.zone.empty()) out.resource["labels"] = {{"kuma.io/origin", "zone"}};
  return out;
}

/// Of one control plane, of the way between one and Global, or of that between two zones.
ZonedFault draw_fault(const ZonedMeshOptions& options, const ZonedMesh& mesh) {
  ZonedFault out;
  out.kind = *gen::element<std::string>("proc.kill", "proc.restart", "proc.pause", "net.partition", "net.partition",
                                        "tcp.reset", "tcp.halfOpen", "net.clog", "net.loss", "kds.streamDrop",
                                        "kds.resourceRefused");
  out.at = time_between(options.from, options.until - std::chrono::seconds(1));
  std::string zone = *gen::elementOf(mesh.zones);
  out.process = control_plane_of(zone);
  bool of_way = out.kind.starts_with("net.") || out.kind.starts_with("tcp.");
  bool of_global = out.kind == "kds.resourceRefused";
  if (of_global || (out.kind.starts_with("proc.") && number(0, 2) == 0)) out.process = global;
  if (of_way) out.peer = global;
  if (out.kind == "net.partition") {
    std::string other = *gen::elementOf(mesh.zones);
    out.more["direction"] = *gen::element<std::string>("both", "oneWay", "otherWay");
    if (other != zone && number(0, 3) == 0) {
      out.process = zone;
      out.peer = other;
    }
  }
  if (out.kind == "proc.kill") out.more["disk"] = *gen::element<std::string>("keep", "lose", "loseSome");
  if (out.kind == "net.loss") out.more["loss"] = fmt::format("{}%", number(1, 30));
  bool at_once = out.kind == "proc.restart" || out.kind == "kds.streamDrop" || out.kind.starts_with("tcp.");
  if (!at_once) out.lasts = time_between(milliseconds(100), options.until - out.at);
  return out;
}

std::string ms(Duration of) { return fmt::format("{}ms", std::chrono::duration_cast<milliseconds>(of).count()); }

json line_of(const ZonedFault& fault) {
  json out = fault.more;
  out["fault"] = fault.kind;
  out["at"] = ms(fault.at);
  if (fault.lasts > Duration(0)) out["for"] = ms(fault.lasts);
  if (!fault.peer.empty())
    out["between"] = {fault.process, fault.peer};
  else if (!fault.process.empty())
    out["target"] = fault.process;
  return out;
}

json line_of(const ZonedWrite& write) {
  json out = {{"at", ms(write.at)}};
  if (!write.zone.empty()) out["zone"] = write.zone;
  if (write.removes)
    out["delete"] = {{"type", write.resource["type"]}, {"mesh", "default"}, {"name", write.resource["name"]}};
  else
    out["apply"] = write.resource;
  return out;
}

template <class Items>
std::string list(std::string_view indent, const Items& items) {
  std::string out;
  for (const auto& item : items) out += fmt::format("{}- {}\n", indent, item.dump());
  return out;
}

}  // namespace

rc::Gen<ZonedMesh> zoned_meshes(const ZonedMeshOptions& options) {
  return gen::exec([options] {
    ZonedMesh out;
    for (int i = 1, count = number(options.zones_least, options.zones_most); i <= count; ++i)
      out.zones.push_back(fmt::format("zone-{}", i));
    out.egress = flip();
    draw_services(options, out);
    draw_resources(options, out);
    for (int i = 0, count = number(0, options.writes_most); i < count; ++i)
      out.writes.push_back(draw_write(options, out));
    for (int i = 0, count = number(0, options.faults_most); i < count; ++i)
      out.faults.push_back(draw_fault(options, out));
    return out;
  });
}

/// JSON is YAML, so that what stands in one line needs no emitter.
std::string to_scenario(const ZonedMesh& mesh, const ZonedScenarioOptions& options) {
  assert(!options.expectations.empty());
  json again = {{"KUMA_GENERAL_RESILIENT_COMPONENT_BASE_BACKOFF", "1s"},
                {"KUMA_GENERAL_RESILIENT_COMPONENT_MAX_BACKOFF", "5s"}};
  std::vector<json> zones, services, load, writes, faults;
  for (const std::string& zone : mesh.zones)
    zones.push_back({{"name", zone}, {"egresses", mesh.egress ? 1 : 0}, {"controlPlane", {{"settings", again}}}});
  for (const ZonedService& service : mesh.services) {
    services.push_back({{"name", service.name}, {"zones", service.zones}, {"calls", service.calls}});
    for (const std::string& to : service.calls)
      load.push_back({{"from", service.name}, {"to", to}, {"rate", fmt::format("{}/s", options.calls_per_second)}});
  }
  for (const ZonedWrite& write : mesh.writes) writes.push_back(line_of(write));
  for (const ZonedFault& fault : mesh.faults) faults.push_back(line_of(fault));
  std::string expect;
  for (const std::string& expectation : options.expectations) expect += fmt::format("  - {}\n", expectation);
  auto seconds = std::chrono::ceil<std::chrono::seconds>(options.duration).count();
  return fmt::format(
      "apiVersion: kumasim/v1\nkind: Scenario\nmetadata: {{name: {}}}\nspec:\n  duration: {}s\n  topology:\n"
      "    zones:\n{}    services:\n{}  resources:\n{}  load:\n{}{}{}{}{}  expect:\n{}",
      options.name, seconds, list("    ", zones), list("    ", services), list("  ", mesh.resources), list("  ", load),
      writes.empty() ? "" : "  changes:\n", list("  ", writes), faults.empty() ? "" : "  faults:\n", list("  ", faults),
      expect);
}

}  // namespace kumasim::testing
