/// The policies that faults apply.
#include <algorithm>

#include <fmt/format.h>

#include "scenarios/engine/resource_faults.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

// Of two policies for the same the first by name counts.

json policy(const char* type, const FaultOrder& order, const std::string& name, json spec) {
  return {{"type", type}, {"mesh", order.word("mesh")}, {"name", name}, {"spec", std::move(spec)}};
}

json mesh_ref() { return {{"kind", "Mesh"}}; }

json to_mesh(json conf) {
  return {{"targetRef", mesh_ref()},
          {"to", json::array({json{{"targetRef", mesh_ref()}, {"default", std::move(conf)}}})}};
}

/// What the first call of HTTP names; the loader has seen to it that there is one.
json called(const Scenario& scenario) {
  for (const Service& caller : scenario.services) {
    for (const Outbound& call : caller.calls) {
      if (scenario.find_service(call.to)->protocol == "tcp") continue;
      if (call.backend_ref.is_null()) return {{"kind", "MeshService"}, {"name", call.to}};
      json out = call.backend_ref;
      out.erase("port");
      return out;
    }
  }
  return mesh_ref();
}

/// Envoy refuses the listener that has the pattern: "missing ]".
json wrong_pattern(const Scenario& scenario) {
  json match{{"path", {{"type", "RegularExpression"}, {"value", "/api["}}}};
  json rule{{"matches", json::array({match})}, {"default", json::object()}};
  json to{{"targetRef", called(scenario)}, {"rules", json::array({rule})}};
  return {{"targetRef", mesh_ref()}, {"to", json::array({to})}};
}

json bad_policy(const Scenario& scenario, const FaultOrder& order) {
  std::string name = fmt::format("0-bad-policy-{}", order.place());
  const std::string& what = order.word("what");
  if (what == "nacked") return policy("MeshHTTPRoute", order, name, wrong_pattern(scenario));
  if (what == "noTime") return policy("MeshTimeout", order, name, to_mesh({{"http", {{"requestTimeout", "1ms"}}}}));
  if (what == "deny") {
    json from{{"targetRef", mesh_ref()}, {"default", {{"action", "Deny"}}}};
    return policy("MeshTrafficPermission", order, name, {{"targetRef", mesh_ref()}, {"from", json::array({from})}});
  }
  // A MeshTimeout must set something.
  return policy("MeshTimeout", order, name, to_mesh(json::object()));
}

json oversized_policy(const FaultOrder& order) {
  std::string text(static_cast<std::size_t>(order.number("bytes")), 'x');
  json format{{"type", "Plain"}, {"plain", std::move(text)}};
  json file{{"type", "File"}, {"file", {{"path", "/dev/null"}, {"format", std::move(format)}}}};
  return policy("MeshAccessLog", order, fmt::format("0-oversize-{}", order.place()),
                to_mesh({{"backends", json::array({std::move(file)})}}));
}

}  // namespace

std::vector<json> policies_of_fault(const Scenario& scenario, const FaultOrder& order) {
  if (order.kind->name == "cfg.badPolicy") return {bad_policy(scenario, order)};
  if (order.kind->name == "cfg.oversize") return {oversized_policy(order)};
  std::vector<json> out;
  for (std::int64_t i = 0; i < order.number("count"); ++i)
    out.push_back(policy("MeshTimeout", order, fmt::format("zz-mass-{}-{}", order.place(), i),
                         to_mesh({{"connectionTimeout", "5s"}})));
  return out;
}

}  // namespace kumasim::scenario
