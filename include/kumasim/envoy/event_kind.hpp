/// What events of simulated proxies and applications are, as traces and fingerprints have them.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "kumasim/sim/event_kind.hpp"

namespace kumasim::sim {

/// The numbers are a part of fingerprints.
struct TrafficKind {
  static constexpr EventKind again = user_kind(0);    ///< what did not get through is sent once more
  static constexpr EventKind connect = user_kind(1);  ///< a step of the beginning of a connection or its TLS
  static constexpr EventKind request = user_kind(2);
  static constexpr EventKind response = user_kind(3);
  static constexpr EventKind close = user_kind(4);  ///< of a connection, or of a request that was given up
  static constexpr EventKind wait = user_kind(5);   ///< a time of the process's own is over
  static constexpr EventKind call = user_kind(20);  ///< an application is to make a call
};

/// "request", or what the kernel calls it where it is none of these.
inline std::string traffic_text(EventKind kind) {
  static constexpr std::pair<EventKind, std::string_view> names[] = {
      {TrafficKind::again, "again"},       {TrafficKind::connect, "connect"}, {TrafficKind::request, "request"},
      {TrafficKind::response, "response"}, {TrafficKind::close, "close"},     {TrafficKind::wait, "wait"},
      {TrafficKind::call, "call"}};
  for (const auto& [known, name] : names) {
    if (known == kind) return std::string(name);
  }
  return to_string(kind);
}

}  // namespace kumasim::sim
