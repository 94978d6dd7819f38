/// Applications in Envoy's network: they answer HTTP/1.1, HTTP/2 without TLS, and anything else with "pong".
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "kumasim/envoy/call.hpp"
#include "kumasim/runtime/error.hpp"
#include "tests/real_envoy/traffic_snapshot.hpp"

namespace kumasim::test {

/// Of every answer: what an application says that Envoy does not.
inline constexpr auto application_header = "x-from", application_value = "application";

/// A request as it reached an application.
struct HeardRequest {
  Application place;
  std::string method, authority, path;
  sim::Headers headers;
};

/// Requests are answered with 200, or as their header answer_header wants it (calls.hpp). One thread serves all of them
/// until it is destroyed.
class Applications {
 public:
  /// To be called inside of the network. The error names the place that cannot be had.
  static Result<std::unique_ptr<Applications>> start(const std::set<Application>& places);
  ~Applications();

  /// The HTTP requests since it was last asked, in the order of their coming. May be called from any thread.
  std::vector<HeardRequest> take_heard();

 private:
  struct State;
  explicit Applications(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kumasim::test
