/// Which processes a run has and what lies between them: plain values, to be written down, drawn and shrunk.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/sim/link.hpp"

namespace kumasim::testing {

/// Both directions between two processes.
struct Link {
  enum class Law : std::uint8_t {
    constant,     ///< always `low`
    uniform,      ///< from `low` to `high`
    exponential,  ///< `low` on average
    lognormal,    ///< half of the delays are below `low`, one in a hundred is above `high`
    bimodal,      ///< `low`, and `high` once in a hundred times
  };
  std::string a, b;
  Law law = Law::constant;
  Duration low = std::chrono::milliseconds(1);  ///< > 0
  Duration high = std::chrono::milliseconds(1);
  std::uint32_t loss_ppm = 0;
  bool operator==(const Link&) const = default;
};

struct Topology {
  std::vector<std::string> processes;
  std::vector<Link> links{};  ///< a later one of the same two wins; who has none has the world's default
  bool operator==(const Topology&) const = default;

  /// The processes of a role, in their order: of "client" they are client, client-0, client-1 and so on.
  std::vector<std::string> of(std::string_view role) const;
};

sim::LinkOptions link_options(const Link& link);

/// As scenario files write it: "{between: [client, server], delay: {law: uniform, low: 1ms, high: 5ms}, loss: 0.5%}".
std::string to_string(const Link& link);
std::ostream& operator<<(std::ostream& out, const Link& link);
/// The processes in the first line, a line for each link.
std::string to_string(const Topology& topology);
std::ostream& operator<<(std::ostream& out, const Topology& topology);

}  // namespace kumasim::testing
