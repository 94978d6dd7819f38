/// What faults name by their parameters: resources, services, settings and tags.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-cp/model/kinds.hpp"
#include "scenarios/engine/reader.hpp"

namespace kumasim::scenario {
namespace {

/// "" where it does not say.
std::string word_of(const Fault& fault, std::string_view parameter) {
  auto said = fault.values.find(parameter);
  return said == fault.values.end() ? std::string() : said->second.word;
}

bool calls_http(const Scenario& scenario) {
  return std::ranges::any_of(scenario.services, [&](const Service& caller) {
    return std::ranges::any_of(caller.calls, [&](const Outbound& call) {
      const Service* called = scenario.find_service(call.to);
      return called != nullptr && called->protocol != "tcp";
    });
  });
}

}  // namespace

void Reader::check_names(const Fault& fault, const std::string& path) {
  if (fault.kind->find_parameter("set") != nullptr) check_setting(fault, path);
  if (fault.kind->stores && !scenario_.is_control_plane(fault.target))
    complain(child_path(path, "fault"),
             fmt::format("{} strikes control planes, which alone have a store", fault.kind->name),
             fmt::format("strike the control plane: target: {}", scenario_.control_planes().front()));
  if (fault.kind->name.starts_with("kds.")) check_zone(fault, path);
  if (fault.kind->name == "store.leaderFlap") check_shared_store(fault, path);
  bool tokens = scenario_.control_plane.asks_for_tokens() ||
                std::ranges::any_of(scenario_.zones, &ControlPlaneSpec::asks_for_tokens, &Zone::control_plane);
  if (fault.kind->name == "pki.revokedToken" && !tokens)
    complain(child_path(path, "fault"), "pki.revokedToken needs proxies with tokens",
             "topology.controlPlanes: [{settings: {KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE: dpToken}}]");
  if (std::string of = word_of(fault, "of"); !of.empty()) known_service(of, child_path(path, "of"));
  if (fault.kind->whom == fault::Whom::resources) {
    std::string kind = word_of(fault, "kind"), mesh = word_of(fault, "mesh");
    if (!kind.empty() && cp::find_kind(kind) == nullptr)
      complain(child_path(path, "kind"), fmt::format("there is no kind of resources `{}`", kind));
    if (!mesh.empty()) known_mesh(mesh, path);
    if (word_of(fault, "what") == "nacked" && !calls_http(scenario_))
      complain(child_path(path, "what"), "`nacked` needs a service of HTTP that another one `calls`");
  }
  if (fault.kind->whom != fault::Whom::loads) return;
  std::string from = word_of(fault, "from"), to = word_of(fault, "to");
  if (!from.empty()) known_service(from, child_path(path, "from"));
  if (!to.empty()) known_service(to, child_path(path, "to"));
  bool any = std::ranges::any_of(scenario_.load, [&](const Load& load) {
    return (from.empty() || load.from == from) && (to.empty() || load.to == to);
  });
  if (!any) complain(path, fmt::format("{} strikes nothing: there is no such `load`", fault.kind->name));
}

/// What is done to the store that replicas share.
void Reader::check_shared_store(const Fault& fault, const std::string& path) {
  const std::vector<std::string> stores = scenario_.stores();
  if (stores.empty())
    return complain(
        child_path(path, "fault"), fmt::format("{} needs several replicas of a control plane", fault.kind->name),
        scenario_.zones.empty() ? "topology.controlPlanes: [{replicas: 2}]" : "topology.global: {replicas: 2}");
  if (!scenario_.is_store(fault.target))
    complain(child_path(path, "fault"), fmt::format("{} strikes the store that replicas share", fault.kind->name),
             fmt::format("target: {}", fmt::join(stores, " or ")));
}

/// What goes on between a zone and Global is done to the zone's control plane (all replicas of it), or to Global and
/// its replicas.
void Reader::check_zone(const Fault& fault, const std::string& path) {
  std::string_view name = fault.kind->name;
  if (scenario_.zones.empty())
    return complain(child_path(path, "fault"), fmt::format("{} needs `topology.zones`", name));
  const ControlPlaneSpec& global = scenario_.control_plane;
  const bool split = name == "kds.splitGlobal";
  if ((split || name == "kds.reconnectElsewhere") && global.replicas.empty())
    return complain(child_path(path, "fault"), fmt::format("{} needs several replicas of Global", name),
                    "topology.global: {replicas: 2}");
  const bool of_global = split || name == "kds.resourceRefused";
  std::vector<std::string> struck;
  if (of_global) struck = global.processes();
  if (split) struck.push_back(global.name);
  for (const Zone& zone : scenario_.zones)
    if (!of_global) struck.push_back(zone.control_plane.name);
  if (std::ranges::find(struck, fault.target) == struck.end())
    complain(child_path(path, "fault"),
             fmt::format("{} strikes {}", name, of_global ? "Global" : "the control plane of a zone"),
             fmt::format("target: {}", fmt::join(struck, " or ")));
}

/// A control plane has settings, an instance has tags.
void Reader::check_setting(const Fault& fault, const std::string& path) {
  std::string text = word_of(fault, "set");
  std::string at = child_path(path, "set");
  std::size_t end = text.find('=');
  std::string name = text.substr(0, end);
  if (end == std::string::npos || name.empty())
    return complain(at, fmt::format("expected NAME=VALUE, found `{}`", text));
  if (scenario_.is_store(fault.target)) return complain(at, "has no meaning for a store, which has no settings");
  if (scenario_.is_control_plane(fault.target)) {
    if (!name.starts_with("KUMA_") && !name.starts_with("KUMASIM_"))
      complain(at, fmt::format("a control plane has settings KUMA_* and KUMASIM_*, found `{}`", name));
  } else if (name.starts_with("kuma.io/") || name.starts_with("KUMA")) {
    complain(at, fmt::format("an instance has tags of the application, such as `version`, found `{}`", name));
  }
}

}  // namespace kumasim::scenario
