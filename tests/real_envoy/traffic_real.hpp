/// The real side: Envoy with the snapshot and applications at its endpoints in one network, and a client there.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "tests/real_envoy/observation.hpp"
#include "tests/real_envoy/real_envoy.hpp"
#include "tests/real_envoy/traffic_snapshot.hpp"

namespace kumasim::test {

class RealSide {
 public:
  /// `access_log` is the file that the snapshot names. Errors as of RealEnvoy::start().
  static Result<std::unique_ptr<RealSide>> start(const TrafficSnapshot& served, RealEnvoy::Options options,
                                                 std::filesystem::path access_log);
  ~RealSide();

  const RealEnvoy& envoy() const { return *envoy_; }
  /// Makes the calls one after another; a verdict for each.
  std::vector<TrafficVerdict> call(const std::vector<GeneratedCall>& calls);
  /// The same, with all that can be seen. REQUIRES: calls over HTTP have a call_header (generated_calls.hpp), each its
  /// own.
  std::vector<Observation> observe(const std::vector<GeneratedCall>& calls);

 private:
  RealSide(std::unique_ptr<RealEnvoy> envoy, std::filesystem::path access_log);

  std::unique_ptr<RealEnvoy> envoy_;
  class Calling;
  std::unique_ptr<Calling> calling_;
};

}  // namespace kumasim::test
