/// One life of a simulated process, as Asio sees it: an execution context on virtual time.
#pragma once

#include <cstdint>
#include <deque>

#include "kumasim/runtime/asio.hpp"
#include "kumasim/runtime/time.hpp"
#include "kumasim/sim/delay_law.hpp"
#include "kumasim/sim/event_heap.hpp"

#include <boost/asio/execution_context.hpp>

namespace kumasim::sim {

class Kernel;
class SeededRandom;

/// Holds no thread and no queue: its handlers are events of the kernel. Once ended it drops whatever is handed to it.
class Context final : public asio::execution_context {
 public:
  /// `random` is drawn from by everything that runs here, OpenSSL included.
  Context(Kernel& kernel, std::uint32_t process, SeededRandom& random)
      : kernel_(kernel), process_(process), random_(random) {}
  ~Context();

  Kernel& kernel() const { return kernel_; }
  std::uint32_t process() const { return process_; }
  SeededRandom& random() const { return random_; }
  bool ended() const { return ended_; }
  bool paused() const { return paused_; }

  /// From here on operations are dropped; what is pending stays until drain().
  void mark_ended() { ended_ = true; }
  /// Ends the services of Asio and of the seam that belong to it. REQUIRES: ended().
  void end_services() { shutdown(); }
  /// Destroys every pending handler, and with them the coroutine frames that they own. REQUIRES: ended().
  void drain();

 private:
  friend class Kernel;

  /// Its events may have to wait. One branch, for it is asked of each event.
  bool hindered() const { return paused_ | slow_ | working_; }

  Kernel& kernel_;
  std::uint32_t process_;
  SeededRandom& random_;
  bool ended_ = false;
  bool paused_ = false;
  bool slow_ = false;
  bool working_ = false;  // an event has begun and has no effect yet
  DelayLaw step_;         // how long each event takes, where it is slow
  // The order of this context's events at one instant; see Kernel::order().
  MonotonicTime tie_time_{Duration(-1)};
  std::uint64_t tie_ = 0;
  std::deque<EventEntry> held_;  // due while paused, or behind the one that has begun
};

}  // namespace kumasim::sim
