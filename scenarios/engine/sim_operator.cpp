#include "scenarios/engine/sim_operator.hpp"

#include <fmt/format.h>

namespace kumasim::scenario {

SimOperator::SimOperator(sim::World& world, const Scenario& scenario)
    : MeshOperator(scenario), scenario_(scenario), process_(world.add_process("operator")) {}

void SimOperator::start() {
  process_.start([this](Runtime& runtime) {
    auto add = [&](const std::string& zone) {
      std::vector<MeshClient::Door> doors;
      for (const std::string& name : scenario_.control_plane_in(zone).processes())
        doors.push_back({&runtime, fmt::format("http://{}:5681", name)});
      reach(zone, std::move(doors));
    };
    add("");
    for (const Zone& zone : scenario_.zones) add(zone.name);
    begin(runtime);
  });
}

}  // namespace kumasim::scenario
