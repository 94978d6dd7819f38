/// The leader by a row of the table `locks` in PostgreSQL, as Kuma 2.12 has it: a kuma-cp of Kuma and one of ours elect
/// one leader between them.
#pragma once

#include <memory>

#include "reference-cp/leader/lease_election.hpp"
#include "reference-cp/store/database.hpp"

namespace kumasim::cp {

/// `database` is a connection of its own, not connected yet, whose statements take LeaseTimes::operation_max() at most.
/// All else must outlive it.
std::unique_ptr<Election> make_postgres_election(asio::any_io_executor executor, Timers& timers, Log& log,
                                                 std::unique_ptr<Database> database, LeaseTimes times = {});

}  // namespace kumasim::cp
