/// The store in PostgreSQL, which several control planes share: Kuma's own tables, so that Kuma reads it as well.
///
/// Reads never leave memory, as those of every store here: it holds what the table holds, and follows what the server
/// says of changes by others (decisions/0021-several-replicas.md). A read may be behind another instance by the
/// time that a word of the server takes; a write is checked against the table.
#pragma once

#include <memory>

#include "kumasim/runtime/log.hpp"
#include "kumasim/runtime/timer.hpp"
#include "reference-cp/store/database.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

struct PostgresParts {
  asio::any_io_executor executor;
  Timers& timers;
  Log& log;
  std::unique_ptr<Database> writer, listener;  ///< two connections to one database, not connected yet
  /// Told whether what is in memory follows the table, each time that this changes.
  std::function<void(bool)> follows = {};
};

/// Reads all of it. Code::unsupported where the tables are not those of this version (check_postgres()), else the error
/// of the connection. Later the store connects again by itself, at growing intervals; until then reads are answered
/// from memory and writes are refused with Code::unavailable.
asio::awaitable<Result<std::unique_ptr<Store>>> open_postgres(PostgresParts parts);

}  // namespace kumasim::cp
