/// A comparison as text and as JSON.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "scenarios/behaviour/behaviour_diff.hpp"

namespace kumasim::scenario {

std::string FlowDifference::text() const {
  std::string_view label = fact_kind(fact).label;
  std::string out = fmt::format("{}{}", mesh == "default" ? "" : "mesh " + mesh + ": ", fmt::join(from, ", "));
  if (!to.empty()) out += " -> " + to;
  if (!requests.empty()) out += fmt::format(" {}", fmt::join(requests, ", "));
  out += fmt::format(": {}{}{}{}{}", label, label.empty() ? "" : " ", before, before.empty() ? "" : " -> ", after);
  std::vector<std::string> causes;
  for (const ResourceDifference& each : policies) causes.push_back(each.text());
  return causes.empty() ? out : fmt::format("{} ({})", out, fmt::join(causes, ", "));
}

std::string diff_text(const BehaviourDiff& diff) {
  std::string out;
  for (const FlowDifference& change : diff.changes) out += change.text() + "\n";
  std::vector<std::string> silent;
  for (const ResourceDifference& each : diff.resources) {
    bool shows = std::ranges::any_of(diff.changes, [&](const FlowDifference& change) {
      return std::ranges::find(change.policies, each) != change.policies.end();
    });
    if (!shows) silent.push_back(each.text());
  }
  if (!silent.empty())
    out += fmt::format("{}without effect on any call: {}\n", out.empty() ? "" : "\n", fmt::join(silent, ", "));
  for (const std::string& note : diff.notes) out += "note: " + note + "\n";
  return out + fmt::format("{} call{} looked at, {} change{}, {} resource{} differ\n", diff.flows,
                           diff.flows == 1 ? "" : "s", diff.changes.size(), diff.changes.size() == 1 ? "" : "s",
                           diff.resources.size(), diff.resources.size() == 1 ? "" : "s");
}

nlohmann::json diff_json(const BehaviourDiff& diff) {
  using nlohmann::json;
  auto resource = [](const ResourceDifference& each) {
    json out{{"type", each.type}, {"name", each.name}, {"state", each.state}};
    if (!each.mesh.empty()) out["mesh"] = each.mesh;
    return out;
  };
  json changes = json::array(), resources = json::array();
  for (const FlowDifference& each : diff.changes) {
    json policies = json::array();
    for (const ResourceDifference& policy : each.policies) policies.push_back(resource(policy));
    changes.push_back({{"mesh", each.mesh},
                       {"from", each.from},
                       {"to", each.to},
                       {"requests", each.requests},
                       {"fact", fact_kind(each.fact).name},
                       {"categories", each.categories},
                       {"before", each.before},
                       {"after", each.after},
                       {"whyBefore", each.why_before},
                       {"whyAfter", each.why_after},
                       {"policies", std::move(policies)}});
  }
  for (const ResourceDifference& each : diff.resources) resources.push_back(resource(each));
  return {{"before", diff.before}, {"after", diff.after},    {"calls", diff.flows},
          {"changes", changes},    {"resources", resources}, {"notes", diff.notes}};
}

}  // namespace kumasim::scenario
