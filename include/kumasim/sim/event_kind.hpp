/// What an event is, as traces and fingerprints name it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kumasim::sim {

enum class EventKind : std::uint8_t {
  post,     ///< a continuation handed to an executor
  timer,
  read,
  write,
  accept,
  connect,
  deliver,  ///< bytes or a message reach a process
  network,  ///< the network's own steps: handshakes, resets, credits
  disk,     ///< a write to a file; an effect, not an event of its own
  start,
  kill,
  pause,
  resume,
  engine,   ///< scheduled by the scenario, from outside of every process
  fault,    ///< one begins or ends; an effect, not an event of its own
  user_first = 64,  ///< from here on models name their own kinds
};

constexpr EventKind user_kind(std::uint8_t number) {
  return static_cast<EventKind>(static_cast<std::uint8_t>(EventKind::user_first) + number);
}

inline std::string to_string(EventKind kind) {
  constexpr std::string_view names[] = {"post",    "timer",   "read", "write", "accept", "connect", "deliver",
                                        "network", "disk",    "start", "kill", "pause",  "resume",  "engine", "fault"};
  auto number = static_cast<std::uint8_t>(kind);
  if (number < std::size(names)) return std::string(names[number]);
  return "user" + std::to_string(number - static_cast<std::uint8_t>(EventKind::user_first));
}

}  // namespace kumasim::sim
