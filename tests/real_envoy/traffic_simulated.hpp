/// The simulated side: one proxy with the snapshot, applications at its endpoints, a client on its machine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/real_envoy/observation.hpp"
#include "tests/real_envoy/traffic_snapshot.hpp"
#include "tests/real_envoy/traffic_verdict.hpp"

namespace kumasim::test {

class SimulatedSide {
 public:
  SimulatedSide(const TrafficSnapshot& served, std::uint64_t seed);
  ~SimulatedSide();

  /// Why the simulated Envoy does not take the snapshot; "" where it does.
  const std::string& trouble() const;
  ExpectedVerdict call(const GeneratedCall& call, const CallPlan& plan);
  /// One after another, with all that can be seen. `why` gets the simulated Envoy's steps of each. The call's number
  /// (call_header) is as RealSide::observe() wants it.
  std::vector<Observation> observe(const std::vector<GeneratedCall>& calls, std::vector<std::string>& why);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kumasim::test
