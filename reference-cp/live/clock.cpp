/// Clocks, timers and entropy of the operating system.
#include "reference-cp/live/clock.hpp"

#include <cerrno>
#include <chrono>
#include <system_error>

#include <sys/random.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace kumasim::live {
namespace {

using Steady = std::chrono::steady_clock;

class SystemTimer final : public TimerImpl {
 public:
  explicit SystemTimer(asio::io_context& context) : timer_(context) {}
  void expires_at(MonotonicTime time) override {
    timer_.expires_at(Steady::time_point(std::chrono::duration_cast<Steady::duration>(time.time_since_epoch())));
  }
  void wait(Operation operation) override {
    timer_.async_wait(asio::bind_cancellation_slot(
        operation.slot, [complete = std::move(operation.complete)](error_code code) mutable { complete(code, 0); }));
  }
  void cancel() override { timer_.cancel(); }

 private:
  asio::steady_timer timer_;
};

}  // namespace

WallTime SystemClock::wall_now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

MonotonicTime SystemClock::now() const { return MonotonicTime(Steady::now().time_since_epoch()); }

MonotonicTime SystemTimers::now() const { return MonotonicTime(Steady::now().time_since_epoch()); }

asio::any_io_executor SystemTimers::executor() { return context_.get_executor(); }

std::unique_ptr<TimerImpl> SystemTimers::make_timer() { return std::make_unique<SystemTimer>(context_); }

void SystemRandom::fill(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    auto count = ::getrandom(bytes.data(), bytes.size(), 0);
    if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
    if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace kumasim::live
