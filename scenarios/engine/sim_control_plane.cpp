/// kuma-cp's start, as its program does it live.
#include "scenarios/engine/sim_control_plane.hpp"

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/app/kuma_cp/control_plane.hpp"
#include "reference-cp/store/memory.hpp"
#include "reference-cp/store/sqlite.hpp"
#include "kumasim/scenario/worlds.hpp"

namespace kumasim::scenario {
namespace {

Result<cp::Config> configure(const SimControlPlaneOptions& options) {
  std::map<std::string, std::string> environment = options.settings;
  if (!options.planted_bug.empty()) environment["KUMASIM_PLANTED_BUG"] = options.planted_bug;
  return cp::load_config("", "", [&](std::string_view name) -> std::optional<std::string> {
    auto found = environment.find(std::string(name));
    if (found == environment.end()) return std::nullopt;
    return found->second;
  });
}

}  // namespace

const std::vector<std::string>& planted_bugs() {
  static const std::vector<std::string> names{"rbac-rule-dropped"};
  return names;
}

std::string check_control_plane(const SimControlPlaneOptions& options) {
  auto config = configure(options);
  return config ? std::string() : config.error().message;
}

void start_control_plane(sim::Process& process, SimControlPlaneOptions options) {
  process.start([&process, options = std::move(options)](Runtime& runtime) {
    cp::Config config = *configure(options);
    std::shared_ptr<cp::Store> store;
    if (config.store_type == "memory") {
      store = std::make_shared<cp::MemoryStore>();
    } else {
      auto opened = cp::open_sqlite(runtime.disk, config.store_sqlite_path, runtime.random);
      if (!opened) {
        runtime.log.error("kuma-cp", "the store cannot be opened", {{"error", opened.error().message}});
        return;
      }
      store = std::move(*opened);
    }
    cp::ControlPlaneOptions identity;
    identity.hosts = {process.name(), "localhost", "127.0.0.1", process.address()};
    identity.hostname = process.name();
    auto control_plane =
        std::make_shared<cp::ControlPlane>(runtime, std::move(config), std::move(store), std::move(identity));
    process.keep(control_plane);
    spawn(runtime.executor, runtime.log, "kuma-cp", control_plane->run());
  });
}

}  // namespace kumasim::scenario
