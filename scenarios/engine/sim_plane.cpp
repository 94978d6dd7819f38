#include "scenarios/engine/sim_plane.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "scenarios/engine/rollout.hpp"

namespace kumasim::scenario {

SimPlane::SimPlane(sim::World& world, const Scenario& scenario, std::string zone)
    : scenario_(scenario),
      zone_(std::move(zone)),
      spec_(scenario.control_plane_in(zone_)),
      process_(world.add_process(spec_.name)) {}

std::string SimPlane::configure(const SimWorldOptions& options) {
  // A tap hears one control plane.
  options_ = {spec_.settings, options.planted_bug, zone_.empty() ? options.tap : nullptr};
  if (std::string problem = check_control_plane(options_); !problem.empty()) return problem;
  for (const Fault& fault : scenario_.faults) {
    if (fault.target != spec_.name) continue;
    if (fault.kind->stores) options_.store_faults = &store_faults_;
    if (fault.kind->name == "store.staleRead")
      options_.reads_late_max = std::max(options_.reads_late_max, Duration(fault.values.at("late").high));
  }
  for (const Fault& fault : scenario_.faults) {
    auto set = fault.values.find("set");
    if (set == fault.values.end() || fault.target != spec_.name) continue;
    if (std::string problem = check_control_plane(with_setting(options_, set->second.word)); !problem.empty())
      return fmt::format("`set` of {}: {}", fault.kind->name, problem);
  }
  target_ = rollout_target(scenario_, zone_);
  return {};
}

void SimPlane::start(std::function<void(std::string)> failed) {
  running_ = start_control_plane(process_, options_, std::move(failed));
}

bool SimPlane::under_global() const {
  auto address = spec_.settings.find("KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS");
  return address != spec_.settings.end() && !address->second.empty();
}

const std::optional<Rollout>& SimPlane::rollout() {
  static const std::optional<Rollout> none;
  if (!running_.ask) return none;
  std::string text = running_.ask(target_);
  if (text != text_) rollout_ = read_rollout(text, scenario_, zone_);
  text_ = std::move(text);
  return rollout_;
}

}  // namespace kumasim::scenario
