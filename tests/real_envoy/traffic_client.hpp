/// One generated call over real sockets.
#pragma once

#include <cstdint>
#include <string>

#include "tests/real_envoy/calls.hpp"

namespace kumasim::test {

struct ClientAnswer {
  int status = 0;             ///< of HTTP; 200 for a raw call that an application answered; 0: none
  sim::Headers headers = {};  ///< names in lower case
  std::string body = {};
  bool connected = false;  ///< to the listener
};

/// Blocks until it is answered, closed, or some seconds have passed. The client's own port tells the call in logs.
ClientAnswer make_call(const GeneratedCall& call, std::uint16_t own_port);

}  // namespace kumasim::test
