#include "scenarios/engine/sim_plane.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "scenarios/engine/rollout.hpp"
#include "scenarios/engine/zone_trouble.hpp"

namespace kumasim::scenario {

SimPlane::SimPlane(sim::World& world, const Scenario& scenario, std::string zone, const std::string& process,
                   std::shared_ptr<SharedByReplicas> shared)
    : scenario_(scenario),
      zone_(std::move(zone)),
      spec_(scenario.control_plane_in(zone_)),
      process_(world.add_process(process)),
      shared_(std::move(shared)) {}

std::string SimPlane::configure(const SimWorldOptions& options) {
  // A tap hears one control plane.
  options_ = {spec_.settings, options.planted_bug,
              name() == scenario_.control_planes().front() ? options.tap : nullptr};
  options_.shared = shared_;
  // What others of them call it by.
  if (shared_) options_.settings.try_emplace("KUMA_INTER_CP_CATALOG_INSTANCE_ADDRESS", name());
  if (options.on_store)
    options_.on_store = [name = name(), seen = options.on_store](cp::Store& store) { seen(name, store); };
  if (std::string problem = check_control_plane(options_); !problem.empty()) return problem;
  for (const Fault& fault : scenario_.faults) {
    if (fault.target != name()) continue;
    if (fault.kind->stores) options_.store_faults = &store_faults_;
    if (fault.kind->name == "store.staleRead")
      options_.reads_late_max = std::max(options_.reads_late_max, Duration(fault.values.at("late").high));
  }
  for (const Fault& fault : scenario_.faults) {
    auto set = fault.values.find("set");
    if (set == fault.values.end() || fault.target != name()) continue;
    if (std::string problem = check_control_plane(with_setting(options_, set->second.word)); !problem.empty())
      return fmt::format("`set` of {}: {}", fault.kind->name, problem);
  }
  target_ = rollout_target(scenario_, zone_);
  return {};
}

void SimPlane::start(std::function<void(std::string)> failed) {
  options_.began = [this] { catch_up(); };
  running_ = start_control_plane(process_, options_, std::move(failed));
}

void SimPlane::remove_zone(const std::string& zone) {
  if (zones_to_remove_.insert(zone).second) start_removal(zone);
}

void SimPlane::set_refused_policy(bool there) {
  refused_policy_ = there;
  put_policy();
}

/// A life that ends meanwhile leaves what is left to the next.
void SimPlane::catch_up() {
  for (const std::string& zone : zones_to_remove_) start_removal(zone);
  put_policy();
}

void SimPlane::start_removal(const std::string& zone) {
  if (!running_.with_store || !process_.up()) return;
  running_.with_store(remove_zone_of(zone), [this, zone] { zones_to_remove_.erase(zone); });
}

void SimPlane::put_policy() {
  if (!running_.with_store || !process_.up()) return;
  if (refused_policy_ || has_refused_policy_)
    running_.with_store(put_refused_policy(scenario_.services.front().mesh, refused_policy_),
                        [this, there = refused_policy_] {
                          has_refused_policy_ = there;
                          if (refused_policy_ != there) put_policy();
                        });
  has_refused_policy_ = has_refused_policy_ || refused_policy_;
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
