/// MeshFaultInjection's conf (Kuma docs, "Mesh Fault Injection").
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/time.hpp"

namespace kumasim::cp::policy::mesh_fault_injection {

/// Each with the percentage of requests that it is for.
struct Abort {
  std::uint32_t status = 0;
  double percentage = 0;
};
struct Delay {
  Duration value{};
  double percentage = 0;
};
struct Bandwidth {
  std::uint64_t kbps = 0;
  double percentage = 0;
};

struct Fault {
  std::optional<Abort> abort;
  std::optional<Delay> delay;
  std::optional<Bandwidth> bandwidth;  ///< of the answer
};

std::vector<Fault> faults_from_json(const nlohmann::json& conf);

/// "10kbps", "2 Mbps", "1Gbps" in kilobits per second; 0 for other text.
std::uint64_t kbps(std::string_view text);

}  // namespace kumasim::cp::policy::mesh_fault_injection
