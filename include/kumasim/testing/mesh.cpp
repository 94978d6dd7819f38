/// Drawn meshes, and scenarios of them.
#include "kumasim/testing/mesh.hpp"

#include <cassert>

#include <fmt/format.h>

#include "kumasim/testing/up_to.hpp"

namespace kumasim::testing {
namespace {

namespace gen = rc::gen;
using nlohmann::json;

std::vector<std::string> names_of(const std::vector<MeshService>& services) {
  std::vector<std::string> out;
  for (const MeshService& service : services) out.push_back(service.name);
  return out;
}

rc::Gen<std::vector<MeshService>> services(const MeshOptions& options) {
  return gen::exec([options] {
    std::vector<MeshService> out;
    int count = *gen::inRange(2, options.services_most + 1);
    for (int i = 0; i < count; ++i) out.push_back({.name = fmt::format("service-{}", i)});
    for (int i = 0; i < count; ++i) {
      out[i].instances = *gen::inRange(1, options.instances_most + 1);
      for (int to = i + 1; to < count; ++to) {
        bool calls = *gen::arbitrary<bool>();
        if (calls || to == i + 1) out[i].calls.push_back(out[to].name);
      }
    }
    return out;
  });
}

json mesh_resource(bool mtls) {
  json out = {{"type", "Mesh"}, {"name", "default"}};
  if (mtls)
    out["mtls"] = {{"enabledBackend", "ca-1"}, {"backends", json::array({{{"name", "ca-1"}, {"type", "builtin"}}})}};
  return out;
}

json permission_for_all() {
  return {{"type", "MeshTrafficPermission"},
          {"mesh", "default"},
          {"name", "all"},
          {"spec",
           {{"targetRef", {{"kind", "Mesh"}}},
            {"from", json::array({{{"targetRef", {{"kind", "Mesh"}}}, {"default", {{"action", "Allow"}}}}})}}}};
}

}  // namespace

rc::Gen<DrawnMesh> meshes(const MeshOptions& options) {
  auto kinds = options.policy_kinds.empty() ? policy_kinds() : options.policy_kinds;
  return gen::mapcat(services(options), [options, kinds](const std::vector<MeshService>& drawn) {
    auto names = names_of(drawn);
    auto policy =
        gen::mapcat(gen::elementOf(kinds), [names](const std::string& kind) { return policies(kind, names); });
    return gen::map(gen::tuple(gen::arbitrary<bool>(), up_to(options.policies_most, std::move(policy))),
                    [drawn](const std::tuple<bool, std::vector<json>>& rest) {
                      auto [mtls, list] = rest;
                      DrawnMesh mesh{drawn, {mesh_resource(mtls)}};
                      if (mtls) mesh.resources.push_back(permission_for_all());
                      for (json& one : list) {
                        one["name"] = fmt::format("policy-{}", mesh.resources.size());
                        mesh.resources.push_back(std::move(one));
                      }
                      return mesh;
                    });
  });
}

std::vector<std::string> processes_of(const DrawnMesh& mesh) {
  std::vector<std::string> out;
  for (const MeshService& service : mesh.services)
    for (int i = 0; i < service.instances; ++i) out.push_back(fmt::format("{}-{}", service.name, i));
  return out;
}

std::string to_scenario(const DrawnMesh& mesh, const ScenarioOptions& options) {
  assert(!options.always.empty());
  auto seconds = std::chrono::ceil<std::chrono::seconds>(options.duration).count();
  // JSON is YAML, so that what stands in one line needs no emitter.
  std::string services, links, resources, load, faults, expect;
  for (const MeshService& service : mesh.services) {
    json line = {{"name", service.name}, {"instances", service.instances}, {"calls", service.calls}};
    services += fmt::format("    - {}\n", line.dump());
    for (const std::string& to : service.calls)
      load += fmt::format("  - {{from: {}, to: {}, rate: {}/s}}\n", service.name, to, options.calls_per_second);
  }
  for (const Link& link : options.links) links += fmt::format("    - {}\n", to_string(link));
  for (const json& resource : mesh.resources) resources += fmt::format("  - {}\n", resource.dump());
  for (const Fault& fault : options.faults) faults += fmt::format("  - {}\n", to_string(fault));
  for (const std::string& predicate : options.always) expect += fmt::format("  - always: {}\n", json(predicate).dump());
  if (!links.empty()) links = "    links:\n" + links;
  if (!faults.empty()) faults = "  faults:\n" + faults;
  return fmt::format(
      "apiVersion: kumasim/v1\nkind: Scenario\nmetadata: {{name: {}}}\nspec:\n  duration: {}s\n  topology:\n"
      "    services:\n{}{}  resources:\n{}  load:\n{}{}  expect:\n{}",
      options.name, seconds, services, links, resources, load, faults, expect);
}

}  // namespace kumasim::testing
