/// The leader by a row of the table `locks` in PostgreSQL, as Kuma 2.12 has it (cirello.io/pglock): who holds it counts
/// it up every second; who sees it stand still for five takes it. No clocks are compared.
#pragma once

#include <memory>

#include "kumasim/runtime/log.hpp"
#include "kumasim/runtime/timer.hpp"
#include "reference-cp/leader/leadership.hpp"
#include "reference-cp/store/database.hpp"

namespace kumasim::cp {

struct PostgresElectionOptions {
  Duration lease = std::chrono::seconds(5);
  Duration heartbeat = std::chrono::seconds(1);

  /// The longest that a statement may take: the row stands still for as long as one statement, a pause and another that
  /// fails, and by then nobody else may lead.
  Duration statement_timeout() const { return (lease - heartbeat) / 2; }
};

/// `database` is a connection of its own, not connected yet, whose statements take statement_timeout() at most.
/// All else must outlive it.
std::unique_ptr<Election> make_postgres_election(asio::any_io_executor executor, Timers& timers, Log& log,
                                                 std::unique_ptr<Database> database,
                                                 PostgresElectionOptions options = {});

}  // namespace kumasim::cp
