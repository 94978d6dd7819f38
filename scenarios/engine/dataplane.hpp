/// The Dataplane resource of an instance.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

struct DataplanePorts {
  std::uint16_t inbound = 0;         // where the proxy listens for others
  std::uint16_t service = 0;         // where the application listens on 127.0.0.1
  std::uint16_t first_outbound = 0;  // the first called service; the next ones follow
};

/// Its inbound, and one outbound for each service that it calls, in their order.
nlohmann::json dataplane_of(const Scenario& scenario, const Instance& instance, const std::string& address,
                            DataplanePorts ports);

/// The outbound port for a called service; 0 where it is not called.
std::uint16_t outbound_port(const Service& caller, const std::string& called, DataplanePorts ports);

}  // namespace kumasim::scenario
