/// The machine's clocks, timers and entropy.
#pragma once

#include <memory>

#include "kumasim/runtime/clock.hpp"
#include "kumasim/runtime/random.hpp"
#include "kumasim/runtime/timer.hpp"

namespace boost::asio {
class io_context;
}

namespace kumasim::live {

class SystemClock final : public Clock {
 public:
  WallTime wall_now() const override;
  MonotonicTime now() const override;
};

class SystemTimers final : public Timers {
 public:
  explicit SystemTimers(asio::io_context& context) : context_(context) {}
  MonotonicTime now() const override;
  asio::any_io_executor executor() override;
  std::unique_ptr<TimerImpl> make_timer() override;

 private:
  asio::io_context& context_;
};

/// The kernel's entropy; safe across threads.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> bytes) override;
};

}  // namespace kumasim::live
