/// Envoy's response flags of a request or a connection.
#pragma once

#include <string>
#include <string_view>

namespace kumasim::sim::proxy {

/// Adds one to those that are there, separated by commas, each once, in the order of their coming (Envoy:
/// ResponseFlagUtils::toString).
inline void add_flag(std::string& flags, std::string_view flag) {
  const std::string one(flag);
  if (("," + flags + ",").contains("," + one + ",")) return;
  flags += (flags.empty() ? "" : ",") + one;
}

}  // namespace kumasim::sim::proxy
