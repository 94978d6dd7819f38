#include "reference-cp/live/postgres.hpp"

#include <libpq-fe.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <fmt/ranges.h>

#include "kumasim/runtime/task.hpp"

namespace kumasim::live {
namespace {

using cp::SqlNotification;
using cp::SqlRows;
using cp::SqlValues;

struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
struct FreeNotification {
  void operator()(PGnotify* notification) const { PQfreemem(notification); }
};
using ResultPtr = std::unique_ptr<PGresult, ClearResult>;

std::string without_line_end(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

/// Of the classes of PostgreSQL's error codes (its manual, appendix A) those that a caller does something about.
Code code_of(std::string_view state) {
  if (state == "23505") return Code::already_exists;   // unique_violation
  if (state.starts_with("40")) return Code::conflict;  // transaction rollback: serialization, deadlock
  if (state.starts_with("22") || state.starts_with("23")) return Code::invalid_argument;
  if (state.starts_with("28") || state == "42501") return Code::permission_denied;
  if (state.starts_with("53")) return Code::resource_exhausted;
  if (state.starts_with("57") || state.starts_with("08")) return Code::unavailable;
  return Code::internal;
}

/// The look-up of a name. It cannot be cancelled, so that who does not wait for it any more leaves it behind.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), done(executor) {}

  /// Only the first end counts.
  void end(error_code why, std::vector<std::string> found) {
    if (done.is_set()) return;
    code = why;
    addresses = std::move(found);
    done.set();
  }

  asio::ip::tcp::resolver resolver;
  Event done;
  error_code code;
  std::vector<std::string> addresses;
};

class Postgres final : public cp::Database {
 public:
  Postgres(asio::any_io_executor executor, Timers& timers, PostgresOptions options)
      : timers_(timers), options_(std::move(options)), socket_(std::move(executor)) {}
  ~Postgres() override { close(); }

  asio::awaitable<Result<>> connect() override {
    close();
    auto done = co_await with_timeout(timers_, options_.connect_timeout, begin());
    if (!done) {
      close();
      ++attempts_failed_;
      co_return fail(Code::unavailable, fmt::format("PostgreSQL at {}: {}", where(), done.error().message));
    }
    co_return done;
  }

  asio::awaitable<Result<SqlRows>> run(std::string sql, SqlValues values) override {
    if (!connection_) co_return fail(Code::unavailable, "there is no connection to PostgreSQL");
    auto rows = co_await with_timeout(timers_, options_.statement_timeout, exchange(std::move(sql), std::move(values)));
    if (!rows && gone(rows.error().code)) close();
    co_return rows;
  }

  asio::awaitable<Result<>> run_script(std::string sql) override {
    if (!connection_) co_return fail(Code::unavailable, "there is no connection to PostgreSQL");
    auto rows = co_await with_timeout(timers_, options_.statement_timeout, exchange(std::move(sql), std::nullopt));
    if (rows) co_return Result<>();
    if (gone(rows.error().code)) close();
    co_return fail(rows.error());
  }

  asio::awaitable<Result<std::vector<SqlNotification>>> hear(int idle) override {
    if (!connection_) co_return fail(Code::unavailable, "there is no connection to PostgreSQL");
    std::vector<SqlNotification> out = heard();
    if (!out.empty()) co_return out;
    auto readable = co_await with_timeout(timers_, std::chrono::seconds(idle), wait_readable());
    if (!readable && readable.error().code == Code::deadline_exceeded && connection_) co_return out;
    if (!readable || !connection_ || PQconsumeInput(connection_.get()) == 0) {
      std::string why = connection_ ? without_line_end(PQerrorMessage(connection_.get())) : "the connection was closed";
      close();
      co_return fail(Code::unavailable, std::move(why));
    }
    co_return heard();
  }

  int session() const override { return connection_ ? PQbackendPID(connection_.get()) : 0; }

  void close() override {
    if (lookup_) std::exchange(lookup_, nullptr)->end(asio::error::operation_aborted, {});
    socket_.close(ignored_);
    connection_.reset();
  }

 private:
  static bool gone(Code code) {
    return code == Code::unavailable || code == Code::deadline_exceeded || code == Code::cancelled;
  }
  std::string where() const { return fmt::format("{}:{}", options_.host, options_.port); }

  std::unexpected<Error> lost() const {
    std::string why = connection_ ? without_line_end(PQerrorMessage(connection_.get())) : "the connection was closed";
    return fail(Code::unavailable, why.empty() ? "the connection was lost" : std::move(why));
  }

  /// libpq may open another socket between two steps of connecting, and closes its own when it is lost: what is watched
  /// is a descriptor of our own for it.
  void watch() {
    socket_.close(ignored_);
    const int own = ::dup(PQsocket(connection_.get()));
    if (own >= 0) socket_.assign(own);
  }

  asio::awaitable<void> wait_for(asio::posix::stream_descriptor::wait_type what) {
    co_await socket_.async_wait(what, asio::use_awaitable);
  }
  asio::awaitable<void> wait_readable() { return wait_for(asio::posix::stream_descriptor::wait_read); }

  /// All of them, so that libpq itself resolves nothing, which would block; none where the host is a folder.
  asio::awaitable<std::vector<std::string>> addresses() {
    if (options_.host.starts_with('/')) co_return std::vector<std::string>();
    auto lookup = lookup_ = std::make_shared<Lookup>(socket_.get_executor());
    lookup->resolver.async_resolve(options_.host, std::to_string(options_.port),
                                   [lookup](error_code code, const asio::ip::tcp::resolver::results_type& found) {
                                     std::vector<std::string> all;
                                     for (const auto& each : found) {
                                       std::string address = each.endpoint().address().to_string();
                                       if (std::ranges::find(all, address) == all.end()) all.push_back(address);
                                     }
                                     lookup->end(code, std::move(all));
                                   });
    co_await lookup->done.wait();
    if (lookup->code) throw boost::system::system_error(lookup->code);
    co_return lookup->addresses;
  }

  asio::awaitable<Result<>> begin() {
    std::vector<std::string> all = co_await addresses();
    // libpq tries one after another, but stays with one that is silent: the next attempt begins with the next.
    if (!all.empty())
      std::ranges::rotate(all, all.begin() + static_cast<std::ptrdiff_t>(attempts_failed_ % all.size()));
    const std::vector<std::string> names_of_all(std::max<std::size_t>(all.size(), 1), options_.host);
    const std::string hosts = fmt::format("{}", fmt::join(names_of_all, ","));
    const std::string host_addresses = fmt::format("{}", fmt::join(all, ","));
    const std::string port = std::to_string(options_.port);
    std::vector<const char*> names, values;
    auto set = [&](const char* name, const std::string& value) {
      if (value.empty()) return;
      names.push_back(name);
      values.push_back(value.c_str());
    };
    const std::string off = "0", program = "kuma-cp", timeout_ms = "15000", idle_s = "10", encoding = "UTF8";
    set("host", hosts);
    set("hostaddr", host_addresses);
    set("port", port);
    set("user", options_.user);
    set("password", options_.password);
    set("dbname", options_.database);
    set("sslmode", options_.tls_mode);
    set("sslcert", options_.certificate_path);
    set("sslkey", options_.key_path);
    set("sslrootcert", options_.authority_path);
    if (!options_.tls_server_name) set("sslsni", off);
    set("client_encoding", encoding);
    set("fallback_application_name", program);
    set("keepalives_idle", idle_s);
    set("tcp_user_timeout", timeout_ms);
    names.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectStartParams(names.data(), values.data(), 0));
    if (!connection_) co_return fail(Code::resource_exhausted, "no memory for a connection");
    if (PQstatus(connection_.get()) == CONNECTION_BAD) co_return lost();
    PQsetnonblocking(connection_.get(), 1);
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
      if (next == PGRES_POLLING_FAILED) co_return lost();
      watch();
      co_await wait_for(next == PGRES_POLLING_READING ? asio::posix::stream_descriptor::wait_read
                                                      : asio::posix::stream_descriptor::wait_write);
      if (!connection_) co_return lost();
      next = PQconnectPoll(connection_.get());
    }
    watch();
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
    PQsetnonblocking(connection_.get(), 1);
    co_return Result<>();
  }

  /// Without values as a script of statements.
  asio::awaitable<Result<SqlRows>> exchange(std::string sql, std::optional<SqlValues> given) {
    if (!send(sql, given)) co_return lost();
    for (int left; (left = PQflush(connection_.get())) != 0;) {
      if (left < 0) co_return lost();
      co_await wait_for(asio::posix::stream_descriptor::wait_write);
      if (!connection_) co_return lost();
      if (PQconsumeInput(connection_.get()) == 0) co_return lost();
    }
    SqlRows out;
    std::optional<Error> failed;
    for (;;) {
      while (PQisBusy(connection_.get()) != 0) {
        co_await wait_readable();
        if (!connection_ || PQconsumeInput(connection_.get()) == 0) co_return lost();
      }
      ResultPtr result(PQgetResult(connection_.get()));
      if (!result) break;
      auto took = take(*result, out);
      if (!took && !failed) failed = took.error();
    }
    if (PQstatus(connection_.get()) == CONNECTION_BAD) co_return lost();
    if (failed) co_return fail(std::move(*failed));
    co_return out;
  }

  bool send(const std::string& sql, const std::optional<SqlValues>& given) {
    if (!given) return PQsendQuery(connection_.get(), sql.c_str()) == 1;
    std::vector<const char*> values;
    values.reserve(given->size());
    for (const auto& value : *given) values.push_back(value ? value->c_str() : nullptr);
    return PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                             nullptr, nullptr, 0) == 1;
  }

  static Result<> take(PGresult& result, SqlRows& out) {
    const auto status = PQresultStatus(&result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY) {
      const char* state = PQresultErrorField(&result, PG_DIAG_SQLSTATE);
      const char* text = PQresultErrorField(&result, PG_DIAG_MESSAGE_PRIMARY);
      return fail(state != nullptr ? code_of(state) : Code::unavailable,
                  without_line_end(text != nullptr ? text : PQresultErrorMessage(&result)));
    }
    const int columns = PQnfields(&result);
    for (int row = 0; row < PQntuples(&result); ++row) {
      SqlValues& values = out.rows.emplace_back();
      for (int column = 0; column < columns; ++column) {
        if (PQgetisnull(&result, row, column) != 0)
          values.emplace_back(std::nullopt);
        else
          values.emplace_back(std::string(PQgetvalue(&result, row, column),
                                          static_cast<std::size_t>(PQgetlength(&result, row, column))));
      }
    }
    const std::string affected = PQcmdTuples(&result);
    out.affected = affected.empty() ? 0 : std::stoul(affected);
    return {};
  }

  std::vector<SqlNotification> heard() {
    std::vector<SqlNotification> out;
    while (std::unique_ptr<PGnotify, FreeNotification> one{PQnotifies(connection_.get())})
      out.push_back({.payload = one->extra, .sender = one->be_pid});
    return out;
  }

  Timers& timers_;
  PostgresOptions options_;
  asio::posix::stream_descriptor socket_;
  std::shared_ptr<Lookup> lookup_;
  std::size_t attempts_failed_ = 0;
  error_code ignored_;
  std::unique_ptr<PGconn, FinishConnection> connection_;
};

}  // namespace

std::unique_ptr<cp::Database> make_postgres(asio::any_io_executor executor, Timers& timers, PostgresOptions options) {
  return std::make_unique<Postgres>(std::move(executor), timers, std::move(options));
}

}  // namespace kumasim::live
