/// The processor of an application: work takes longer where it is slow, and goes on at another speed from the moment
/// at which the speed changes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "kumasim/sim/world.hpp"

namespace kumasim::sim {

/// Works on any number of things at once, each at the full speed there is. Belongs to one life of its process.
class Processor {
 public:
  explicit Processor(Process& process);
  Processor(const Processor&) = delete;
  Processor& operator=(const Processor&) = delete;

  /// Parts of a million; at 0 nothing is done, and nothing ends, until it is set again.
  void set_speed_ppm(std::uint32_t speed);
  /// How far something would be that began with the world; at full speed it grows as time does.
  Duration done() const;
  /// Calls `then` once so much work is done; `work` is its time at full speed.
  void work(Duration work, std::function<void()> then);

 private:
  struct Task {
    Duration due;  // as done() counts
    std::function<void()> then;
    EventRef event = {};
  };

  void arm(std::uint64_t number, Task& task);

  Process& process_;
  std::uint32_t speed_ppm_ = 1'000'000;
  MonotonicTime since_;  // of this speed
  Duration before_;      // done by then
  std::map<std::uint64_t, Task> tasks_;
  std::uint64_t last_ = 0;
};

/// So many times as long, up to what no run lasts.
Duration stretched(Duration time, std::uint64_t factor);

}  // namespace kumasim::sim
