/// A connection to an SQL server, as a store and the lock of the leader use it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {

namespace asio = boost::asio;

/// Values as the server's text form; nullopt is NULL.
using SqlValues = std::vector<std::optional<std::string>>;

/// What a statement gave; `affected` counts the rows that it wrote or gave.
struct SqlRows {
  std::vector<SqlValues> rows;
  std::size_t affected = 0;

  /// REQUIRES: such a row and column. "" for NULL.
  const std::string& text(std::size_t row, std::size_t column) const {
    static const std::string none;
    const auto& value = rows.at(row).at(column);
    return value ? *value : none;
  }
};

/// One that was heard on a channel; `sender` is the session() of who made the server say it.
struct SqlNotification {
  std::string payload;
  int sender = 0;
};

/// It belongs to one executor, and one coroutine at a time has it. After Code::unavailable and Code::deadline_exceeded
/// there is no connection any more.
class Database {
 public:
  virtual ~Database() = default;

  /// Anew where there is a connection already.
  virtual asio::awaitable<Result<>> connect() = 0;

  /// One statement with $1, $2 ... for `values`. Code::already_exists where a key is taken, Code::conflict where other
  /// transactions were in the way, Code::invalid_argument where a value is too long or not of its column's type.
  virtual asio::awaitable<Result<SqlRows>> run(std::string sql, SqlValues values = {}) = 0;

  /// Several statements without values, as a script; the first error ends it.
  virtual asio::awaitable<Result<>> run_script(std::string sql) = 0;

  /// Until something is heard on a channel (LISTEN), or after `idle` seconds of silence nothing.
  virtual asio::awaitable<Result<std::vector<SqlNotification>>> hear(int idle) = 0;

  /// The server's number of this connection; 0 where there is none.
  virtual int session() const = 0;

  /// Ends the connection and whatever waits for it.
  virtual void close() = 0;
};

}  // namespace kumasim::cp
