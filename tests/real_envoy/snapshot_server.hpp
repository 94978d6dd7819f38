/// ADS, either variant, with one snapshot that never changes.
#pragma once

#include <memory>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/transport/grpc.hpp"
#include "tests/real_envoy/ads_answers.hpp"

namespace kumasim::test {

class SnapshotServer {
 public:
  /// The parts of `runtime` must outlive the calls; `answers` too.
  SnapshotServer(const Runtime& runtime, std::shared_ptr<const cp::Snapshot> snapshot, AdsAnswers& answers)
      : runtime_(runtime), snapshot_(std::move(snapshot)), answers_(answers) {}

  /// Serves one call; UNIMPLEMENTED for other methods than ADS's two.
  asio::awaitable<void> serve(GrpcServerStream stream);

 private:
  struct Call;
  asio::awaitable<void> patience(std::shared_ptr<Call> call);
  asio::awaitable<void> write(std::shared_ptr<Call> call, cp::AdsActions actions);

  Runtime runtime_;
  std::shared_ptr<const cp::Snapshot> snapshot_;
  AdsAnswers& answers_;
};

}  // namespace kumasim::test
