/// A world on virtual time: processes, the network between them, and one seed for everything that is chance.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/log.hpp"
#include "kumasim/sim/kernel.hpp"
#include "kumasim/sim/network.hpp"
#include "kumasim/sim/openssl_random.hpp"
#include "kumasim/sim/process.hpp"

namespace kumasim::sim {

struct WorldOptions {
  std::uint64_t seed = 1;
  WallTime start = WallTime(std::chrono::seconds(1'767'225'600));  ///< 2026-01-01T00:00:00Z
  KernelLimits limits = {};
  NetworkLimits network = {};
};

/// What a simulated process logged, with when and who.
struct LogLine {
  MonotonicTime time;
  WallTime wall_time;
  std::string_view process;
  const LogRecord& record;
};

/// Why a message went nowhere; a model turns it into what its client would see.
enum class SendOutcome : std::uint8_t { sent, receiver_down, cut, lost };

/// Two worlds of one seed and one build that are driven alike do the same, event by event.
class World {
 public:
  using Options = WorldOptions;

  explicit World(Options options = {});
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Names are unique. Without an address it gets one of its own in 10.0.0.0/8; processes with one address share a
  /// machine: its ports and its loopback.
  Process& add_process(std::string name, std::string address = {});
  Process* find_process(std::string_view name) const;
  const std::vector<std::unique_ptr<Process>>& processes() const { return processes_; }
  /// The name of a process by its number, "world" for 0.
  std::string process_name(std::uint32_t id) const;

  MonotonicTime now() const { return kernel_.now(); }
  WallTime wall_now() const { return options_.start + kernel_.now().time_since_epoch(); }
  std::uint64_t seed() const { return options_.seed; }
  std::uint64_t events() const { return kernel_.events(); }
  std::uint64_t fingerprint() const { return kernel_.fingerprint(); }
  std::size_t pending() const { return kernel_.pending(); }

  /// Runs everything that is due by `time`; then it is `time`. Exceptions of handlers pass through. Throws
  /// LimitExceeded.
  void run_until(MonotonicTime time);
  void run_for(Duration duration) { run_until(now() + duration); }
  /// Runs until nothing is pending or `time` is reached; the clock stays at the last event. True where nothing is left.
  bool run_until_idle(MonotonicTime time);
  /// One event, if any is due by `time`.
  bool step(MonotonicTime time);

  /// Called at that time from outside of every process.
  void schedule(MonotonicTime time, std::function<void()> call);
  void schedule_after(Duration delay, std::function<void()> call) { schedule(now() + delay, std::move(call)); }

  /// For state machines without coroutines: `call` runs as an event of the process after `delay`; it goes with the
  /// life that it was posted to. False where the process is down.
  template <class F>
  bool post(Process& process, Duration delay, EventKind kind, std::uint64_t payload_digest, F&& call) {
    if (!process.up()) return false;
    kernel_.at(process.context(), now() + delay, kind, payload_digest, Ignore<std::decay_t<F>>{std::forward<F>(call)});
    return true;
  }

  /// A message: `call` runs as an event of `to` once the link's delay has passed, unless the receiver has died or the
  /// way has been cut by then. Two messages may overtake each other, as on two connections.
  template <class F>
  SendOutcome send(Process& from, Process& to, EventKind kind, std::uint64_t payload_digest, F&& call) {
    if (!to.up()) return SendOutcome::receiver_down;
    if (network_.cut(from.id(), to.id())) return SendOutcome::cut;
    auto delay = network_.transit(from.id(), to.id());
    if (!delay) return SendOutcome::lost;
    kernel_.at(to.context(), now() + *delay, kind, payload_digest,
               UnlessCut<std::decay_t<F>>{&network_, from.id(), to.id(), std::forward<F>(call)});
    return SendOutcome::sent;
  }

  VirtualNetwork& network() { return network_; }
  Kernel& kernel() { return kernel_; }
  const Kernel& kernel() const { return kernel_; }
  /// The engine's own chance; processes have their own streams.
  SeededRandom& random() { return random_; }

  /// Null ends tracing. Set it before the run: causes are known from then on.
  void set_trace(TraceSink* sink) { kernel_.set_trace(sink); }
  void set_log(std::function<void(const LogLine&)> sink) { log_ = std::move(sink); }
  void write_log(const Process& process, const LogRecord& record);
  /// Hears of every life of a process that begins (up) or has ended from now on.
  void set_life_watch(std::function<void(const Process&, bool up)> watch) { life_watch_ = std::move(watch); }
  bool logs() const { return static_cast<bool>(log_); }

 private:
  friend class Process;
  void note_life(const Process& process, bool up) {
    if (life_watch_) life_watch_(process, up);
  }

  template <class F>
  struct Ignore {
    F call;
    void operator()(error_code, std::size_t) { std::move(call)(); }
  };
  template <class F>
  struct UnlessCut {
    VirtualNetwork* network;
    std::uint32_t from, to;
    F call;
    void operator()(error_code, std::size_t) {
      if (!network->cut(from, to)) std::move(call)();
    }
  };

  Options options_;
  Kernel kernel_;
  SeededRandom random_;
  VirtualNetwork network_;
  Context engine_;
  std::function<void(const LogLine&)> log_;
  std::function<void(const Process&, bool up)> life_watch_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::map<std::string_view, Process*> by_name_;
  OpensslRandom openssl_;
};

}  // namespace kumasim::sim
