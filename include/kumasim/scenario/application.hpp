/// What an application of a scenario is like: its workers, queue, errors, slow times, and what a request makes it do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kumasim/runtime/time.hpp"

namespace kumasim::scenario {

/// A law of delays. `a` and `b` are: constant a; uniform a..b; exponential mean a;
/// lognormal median a, 99th percentile b; normal mean a, deviation b; bimodal mostly a, so many of a million b;
/// trace: each is one of the measured, a the shortest and b the longest of them.
struct DelayLaw {
  enum class Law { constant, uniform, exponential, lognormal, normal, bimodal, trace };
  Law law = Law::constant;
  Duration a{};
  Duration b{};
  std::int64_t b_ppm = 0;
  std::vector<Duration> measured = {};
};

/// How a client repeats a call that failed: no answer, or 500 and above.
struct Retries {
  std::uint32_t most = 0;
  Duration backoff = std::chrono::milliseconds(25);  // doubles with every retry, fully jittered; 0s: at once
  Duration backoff_max = std::chrono::milliseconds(250);
  std::int64_t budget_ppm = 0;  // retries that a call earns; 0: no limit
};

/// What a call says beside its path.
struct RequestHead {
  std::string method = {};                                        // "": GET, of gRPC POST
  std::vector<std::pair<std::string, std::string>> headers = {};  // names in lower case
};

/// A call that a request makes.
struct InnerCall {
  std::string to;
  std::string path = "/";
  RequestHead head = {};
  std::uint32_t times = 1;
  bool at_once = false;
  std::int64_t probability_ppm = 1'000'000;
  std::uint64_t bytes = 0;  // of the request's body
  Duration timeout = std::chrono::seconds(10);
  Retries retries = {};
};

/// One of the three: a wait, a call, or steps that start together.
struct WorkStep {
  std::optional<DelayLaw> sleep = {};
  std::optional<InnerCall> call = {};
  std::vector<WorkStep> together = {};
};

/// One request in so many takes longer.
struct BrownoutSpec {
  std::int64_t share_ppm = 0;
  std::uint32_t factor = 1;
};

/// Periods in which all requests take longer.
struct SlownessSpec {
  Duration every{};  // mean time between two; zero: there are none
  Duration lasts{};  // mean
  std::uint32_t factor = 1;
  bool shared = true;  // all instances of the service are slow at the same times
};

struct Application {
  std::uint32_t concurrency = 0;                // workers; 0: no limit
  std::optional<std::uint32_t> queue = {};      // requests that may wait; none: no limit
  bool drop = false;                            // one more gets no answer; else 503
  std::optional<Duration> between_starts = {};  // by the capacity
  std::int64_t errors_ppm = 0;
  int error_status = 503;
  std::optional<int> error_grpc_status = {};  // of a gRPC service, in place of what Envoy takes error_status for
  BrownoutSpec brownout = {};
  SlownessSpec slowness = {};
  std::uint64_t response_bytes = 0;
  std::vector<WorkStep> script = {};

  /// It answers after a delay and does nothing else.
  bool plain() const {
    return concurrency == 0 && !between_starts && errors_ppm == 0 && brownout.share_ppm == 0 &&
           slowness.every == Duration(0) && response_bytes == 0 && script.empty();
  }
};

/// The services that its script calls, in order; one may come several times.
std::vector<std::string> called_by(const Application& application);

}  // namespace kumasim::scenario
