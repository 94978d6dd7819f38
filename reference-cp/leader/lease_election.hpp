/// The leader by a row that all control planes of a store can write: who holds it counts it up every second; who sees
/// it stand still for five takes it (cirello.io/pglock, as Kuma 2.12 has it). No clocks are compared.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/log.hpp"
#include "kumasim/runtime/timer.hpp"
#include "reference-cp/leader/leadership.hpp"

namespace kumasim::cp {

struct LeaseTimes {
  Duration lease = std::chrono::seconds(5);
  Duration heartbeat = std::chrono::seconds(1);

  /// The longest that an operation may take: the row stands still for as long as one operation, a pause and another
  /// that fails, and by then nobody else may lead.
  Duration operation_max() const { return (lease - heartbeat) / 2; }
};

/// The row. It holds a number that grows with every write; each operation is done as a whole or not at all.
class LeaseRow {
 public:
  using Number = std::string;

  virtual ~LeaseRow() = default;
  /// REQUIRED before the other operations, and again after one that failed.
  virtual asio::awaitable<Result<>> connect() = 0;
  /// The instance takes it where nobody has it or it still holds `seen`; what it holds then. Nothing where it does not.
  virtual asio::awaitable<Result<std::optional<Number>>> take(std::string instance, std::optional<Number> seen) = 0;
  /// What it holds; nothing where nobody has it.
  virtual asio::awaitable<Result<std::optional<Number>>> look() = 0;
  /// Counts it up where it still holds `held`; what it holds then. Nothing where it does not.
  virtual asio::awaitable<Result<std::optional<Number>>> count_up(Number held) = 0;
  /// Nobody has it, where it still holds `held`.
  virtual asio::awaitable<void> give_back(Number held) = 0;
  virtual void close() = 0;
};

/// Operations of `row` take LeaseTimes::operation_max() at most. All else must outlive it.
std::unique_ptr<Election> make_lease_election(asio::any_io_executor executor, Timers& timers, Log& log,
                                              std::unique_ptr<LeaseRow> row, LeaseTimes times = {});

}  // namespace kumasim::cp
