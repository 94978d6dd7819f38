/// A client that sends a failed call again by itself, as an application's HTTP library does: back-off, retry budget.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/apps/client.hpp"

namespace kumasim::sim {

/// A call has failed where nothing answered, or the answer is 500 or above.
struct ClientRetries {
  unsigned most = 0;          ///< after the first try
  Duration backoff = {};      ///< the wait before the n-th retry is drawn below backoff * 2^(n-1); zero: at once
  Duration backoff_max = {};  ///< and below this
  /// Of a million calls, how many retries they allow: each call earns that part of a retry, and at most ten are saved
  /// up (a token bucket, as gRPC's retry throttling). Zero: retries are not limited.
  std::uint32_t budget_ppm = 0;
};

/// Lives in the process's current life; keep() it there.
class RetryingClient {
 public:
  RetryingClient(proxy::Fabric& fabric, Process& process);
  ~RetryingClient();
  RetryingClient(const RetryingClient&) = delete;
  RetryingClient& operator=(const RetryingClient&) = delete;

  /// `sink` is called once, with the last try's result; its start, latency and attempts are of all tries together.
  /// Calls to one place share one budget.
  void call(Call call, ClientRetries retries, CallSink sink);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace kumasim::sim
