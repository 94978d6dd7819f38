#include "reference-cp/leader/postgres_election.hpp"

#include <exception>
#include <optional>
#include <string>

#include "kumasim/runtime/event.hpp"
#include "kumasim/runtime/task.hpp"

namespace kumasim::cp {
namespace {

/// Kuma's name of the row.
constexpr const char* lock_name = "kuma-cp-lock";

class PostgresElection final : public Election {
 public:
  PostgresElection(asio::any_io_executor executor, Timers& timers, Log& log, std::unique_ptr<Database> database,
                   PostgresElectionOptions options)
      : timers_(timers),
        log_(log),
        database_(std::move(database)),
        options_(options),
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
      co_await pause(leadership.held() ? options_.heartbeat : options_.lease);
    }
    if (leadership.held()) {
      leadership.set(false);
      (void)co_await database_->run("DELETE FROM locks WHERE name = $1 AND record_version_number = $2",
                                    {lock_name, held_});
    }
    database_->close();
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
        if (auto up = co_await database_->connect(); !up) co_return up;
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
    auto taken = co_await database_->run(
        "INSERT INTO locks (name, record_version_number, owner) VALUES ($1, nextval('locks_rvn'), $2) "
        "ON CONFLICT (name) DO UPDATE SET record_version_number = EXCLUDED.record_version_number, "
        "owner = EXCLUDED.owner WHERE locks.record_version_number IS NULL OR locks.record_version_number = $3 "
        "RETURNING record_version_number",
        {lock_name, instance, seen_});
    if (!taken) co_return fail(taken.error());
    if (!taken->rows.empty()) {
      held_ = taken->text(0, 0);
      log_.info("leader", "leads", {{"instance", instance}});
      leadership.set(true);
      co_return Result<>();
    }
    auto other = co_await database_->run("SELECT record_version_number FROM locks WHERE name = $1", {lock_name});
    if (!other) co_return fail(other.error());
    seen_ = other->rows.empty() ? std::nullopt : other->rows[0][0];
    co_return Result<>();
  }

  asio::awaitable<Result<>> renew(Leadership& leadership) {
    auto renewed = co_await database_->run(
        "UPDATE locks SET record_version_number = nextval('locks_rvn') WHERE name = $1 AND record_version_number = $2 "
        "RETURNING record_version_number",
        {lock_name, held_});
    if (!renewed) co_return fail(renewed.error());
    if (renewed->rows.empty())
      lose(leadership);
    else
      held_ = renewed->text(0, 0);
    co_return Result<>();
  }

  Timers& timers_;
  Log& log_;
  std::unique_ptr<Database> database_;
  PostgresElectionOptions options_;
  std::string held_;                 // what the row holds while we lead
  std::optional<std::string> seen_;  // what it held at the last look, a lease before the next
  Event resigning_, resigned_;
};

}  // namespace

std::unique_ptr<Election> make_postgres_election(asio::any_io_executor executor, Timers& timers, Log& log,
                                                 std::unique_ptr<Database> database, PostgresElectionOptions options) {
  return std::make_unique<PostgresElection>(std::move(executor), timers, log, std::move(database), options);
}

}  // namespace kumasim::cp
