/// A simulated application: it listens beside its sidecar, takes its time, calls others, answers with name and version.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "kumasim/sim/world.hpp"
#include "sim/apps/law.hpp"
#include "sim/apps/script.hpp"
#include "sim/apps/slowness.hpp"

namespace kumasim::sim {

namespace proxy {
class Fabric;
}

/// Of a million requests, how many take so many times as long: the latency and the sleeps of the script.
struct Brownout {
  std::uint32_t share_ppm = 0;
  std::uint32_t factor = 1;
};

/// A request waits for a worker, and for its turn where the rate is limited; the worker takes the latency's time, runs
/// the script and answers. A request that its client has given up is worked on all the same. A health check is such a
/// request but for the script, which it leaves out.
struct InstanceOptions {
  std::string name = {};  ///< in answers; empty: the process's
  std::string version = {};
  std::string host = "127.0.0.1";  ///< the address it binds on its machine
  std::uint16_t port = 0;
  LatencyLaw latency = {};
  std::uint32_t errors_ppm = 0;  ///< of a million requests, how many are answered with error_status, without the script
  int error_status = 503;
  bool grpc = false;  ///< requests of gRPC get its statuses, of error_status the one that Envoy takes it for
  std::optional<int> error_grpc_status = {};  ///< in place of that
  std::uint32_t concurrency_max = 0;          ///< workers; zero: no limit
  Duration between_starts = {};               ///< capacity: no two requests begin closer to each other; zero: no limit
  std::size_t queue_max = std::numeric_limits<std::size_t>::max();  ///< requests that wait; more are turned away
  bool drop_overflow = false;                                       ///< who is turned away gets no answer; else 503
  Brownout brownout = {};
  Slowness slowness = {};
  Script script = {};
  std::uint64_t response_bytes = 0;  ///< beside what the answer says; they take time on the way
};

/// At the start of a life that begins at `since` or later requests take `factor` times as long, then less and less
/// until normal after `over`.
struct SlowStart {
  std::uint32_t factor = 1;
  Duration over = {};
  MonotonicTime since = {};
};

/// What is wrong with an application, in place of its options.
struct InstanceFaults {
  std::optional<DelayLaw> latency = {};
  std::optional<std::uint32_t> errors_ppm = {};
  std::optional<Brownout> brownout = {};
  /// Latency, capacity and the script's sleeps change with it, those that have begun too; 0: nothing is done.
  std::uint32_t speed_ppm = 1'000'000;
  bool black_hole = false;  ///< it takes requests and answers none
  /// What it answers health checks with, at once and in spite of all else; healthy: its calls fail.
  std::optional<bool> says_healthy = {};
  SlowStart slow_start = {};
};

/// What an application has done in its life so far.
struct InstanceCounts {
  std::uint64_t requests = 0;
  std::uint64_t begun = 0;
  std::uint64_t turned_away = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;  ///< of the answered: with 500 or above
  Duration waited = {};      ///< all requests begun together, from arrival to begin
  Duration busy = {};        ///< all workers together
};

/// Lives in the process's current life; keep() it there. Answers 200 with headers x-instance and x-version, and 500
/// where its script failed.
class Instance {
 public:
  Instance(proxy::Fabric& fabric, Process& process, InstanceOptions options, ScriptRunner::CallObserver observer = {});
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // From the next request on (the speed: at once), until the life ends.
  void set_latency(LatencyLaw latency);
  void set_errors_ppm(std::uint32_t errors);
  /// In place of earlier ones.
  void set_faults(const InstanceFaults& faults);

  std::uint64_t requests() const;
  InstanceCounts counts() const;

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace kumasim::sim
