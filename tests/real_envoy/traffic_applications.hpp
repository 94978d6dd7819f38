/// Applications in Envoy's network: they answer HTTP/1.1, HTTP/2 without TLS, and anything else with "pong".
#pragma once

#include <memory>
#include <set>

#include "kumasim/runtime/error.hpp"
#include "tests/real_envoy/traffic_snapshot.hpp"

namespace kumasim::test {

/// Requests are answered with 200, or as their header answer_header wants it (calls.hpp). One thread serves all of them
/// until it is destroyed.
class Applications {
 public:
  /// To be called inside of the network. The error names the place that cannot be had.
  static Result<std::unique_ptr<Applications>> start(const std::set<Application>& places);
  ~Applications();

 private:
  struct State;
  explicit Applications(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kumasim::test
