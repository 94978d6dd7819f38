/// Ports for programs that a test starts.
#pragma once

#include <unistd.h>

#include <cstdint>

#include "kumasim/runtime/network.hpp"

namespace kumasim::test {

/// A port of 127.0.0.1 on which nobody listens now. Each call of a process gives another one, below those that the
/// kernel gives to outgoing connections (from 32768 on); processes that run side by side mostly begin at different
/// ones, and nothing keeps it free.
inline std::uint16_t free_port(Network& network) {
  constexpr unsigned first = 10'000, count = 22'000;
  static unsigned next = static_cast<unsigned>(getpid()) * 61;
  for (;;) {
    auto port = static_cast<std::uint16_t>(first + next++ % count);
    try {
      Listener listener = network.listen({"127.0.0.1", port});
      return listener.port();
    } catch (const boost::system::system_error& error) {
      if (error.code() != asio::error::address_in_use) throw;
    }
  }
}

}  // namespace kumasim::test
