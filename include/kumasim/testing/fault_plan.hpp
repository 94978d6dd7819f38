/// What goes wrong in a run, with whom, when and for how long: plain values, to be written down, drawn and shrunk.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "kumasim/runtime/time.hpp"

namespace kumasim::testing {

/// The kinds have the names and the meaning of scenario files: net.partition, proc.kill (`kumasim faults`).
struct Fault {
  enum class Kind : std::uint8_t {
    partition,  ///< nothing passes, and nobody is told; a connection times out after 15 s of it
    clog,       ///< what is sent is held, and arrives in order at the end
    delay,      ///< what is sent takes `delay`, in place of what the link says
    loss,       ///< `loss_ppm` of the segments are lost and sent again: streams lose no bytes
    reset,      ///< every connection between the two is reset; over at once
    kill,       ///< the process is gone; at the end it starts anew from its disk
    pause,      ///< the process hangs; at the end it goes on with all that came meanwhile
  };
  Kind kind = Kind::partition;
  std::string process;   ///< by its name
  std::string peer{};    ///< the other end, of kinds that strike what two processes send each other
  bool one_way = false;  ///< of these but `reset`: only what `process` sends to `peer`
  Duration at{};         ///< since the start of the world
  Duration lasts{};
  Duration delay{};            ///< of Kind::delay
  std::uint32_t loss_ppm = 0;  ///< of Kind::loss, in parts of a million
  bool operator==(const Fault&) const = default;
};

/// Whether the kind strikes what two processes send each other.
bool strikes_way(Fault::Kind kind);

/// Faults may overlap: each is in force until its own end.
using FaultPlan = std::vector<Fault>;

/// As scenario files write it: "{fault: net.partition, at: 1200ms, for: 3000ms, between: [client, server]}".
std::string to_string(const Fault& fault);
/// One line each, by time; "" for none.
std::string to_string(const FaultPlan& plan);
std::ostream& operator<<(std::ostream& out, const Fault& fault);

}  // namespace kumasim::testing
