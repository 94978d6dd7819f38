#include "reference-cp/leader/lease_election.hpp"

#include <exception>

#include "kumasim/runtime/event.hpp"
#include "kumasim/runtime/task.hpp"

namespace kumasim::cp {
namespace {

class LeaseElection final : public Election {
 public:
  LeaseElection(asio::any_io_executor executor, Timers& timers, Log& log, std::unique_ptr<LeaseRow> row,
                LeaseTimes times)
      : timers_(timers),
        log_(log),
        row_(std::move(row)),
        times_(times),
        resigning_(executor),
        resigned_(std::move(executor)) {}

  asio::awaitable<void> run(std::string instance, Leadership& leadership) override {
    bool connected = false;
    while (!resigning_.is_set()) {
      Result<> done = co_await step(connected, instance, leadership);
      connected = done.has_value();
      if (!done) {
        log_.warn("leader", "lock not reached", {{"error", done.error().message}});
        // Where it still stands so a lease later, nobody else has led.
        if (leadership.held()) seen_ = held_;
        lose(leadership);
      }
      co_await pause(leadership.held() ? times_.heartbeat : times_.lease);
    }
    if (leadership.held()) {
      leadership.set(false);
      co_await row_->give_back(held_);
    }
    row_->close();
    resigned_.set();
  }

  asio::awaitable<void> resign() override {
    resigning_.set();
    co_await resigned_.wait();
  }

 private:
  /// Shorter where it resigns meanwhile.
  asio::awaitable<void> pause(Duration time) { (void)co_await with_timeout(timers_, time, resigning_.wait()); }

  /// An exception that escapes is an error as others.
  asio::awaitable<Result<>> step(bool connected, const std::string& instance, Leadership& leadership) {
    try {
      if (!connected)
        if (auto up = co_await row_->connect(); !up) co_return up;
      co_return leadership.held() ? co_await renew(leadership) : co_await take(instance, leadership);
    } catch (const std::exception& error) {
      co_return fail(Code::internal, error.what());
    }
  }

  void lose(Leadership& leadership) {
    if (leadership.held()) log_.info("leader", "leads no more", {});
    leadership.set(false);
  }

  /// What another holds is taken where it has not moved since it was last seen, a lease ago.
  asio::awaitable<Result<>> take(const std::string& instance, Leadership& leadership) {
    auto taken = co_await row_->take(instance, seen_);
    if (!taken) co_return fail(taken.error());
    if (*taken) {
      held_ = **taken;
      log_.info("leader", "leads", {{"instance", instance}});
      leadership.set(true);
      co_return Result<>();
    }
    auto other = co_await row_->look();
    if (!other) co_return fail(other.error());
    seen_ = std::move(*other);
    co_return Result<>();
  }

  asio::awaitable<Result<>> renew(Leadership& leadership) {
    auto renewed = co_await row_->count_up(held_);
    if (!renewed) co_return fail(renewed.error());
    if (!*renewed)
      lose(leadership);
    else
      held_ = **renewed;
    co_return Result<>();
  }

  Timers& timers_;
  Log& log_;
  std::unique_ptr<LeaseRow> row_;
  LeaseTimes times_;
  LeaseRow::Number held_;                 // what the row holds while we lead
  std::optional<LeaseRow::Number> seen_;  // what it held at the last look, a lease before the next
  Event resigning_, resigned_;
};

}  // namespace

std::unique_ptr<Election> make_lease_election(asio::any_io_executor executor, Timers& timers, Log& log,
                                              std::unique_ptr<LeaseRow> row, LeaseTimes times) {
  return std::make_unique<LeaseElection>(std::move(executor), timers, log, std::move(row), times);
}

}  // namespace kumasim::cp
