#include "reference-cp/leader/postgres_election.hpp"

namespace kumasim::cp {
namespace {

/// Kuma's name of the row.
constexpr const char* lock_name = "kuma-cp-lock";

class PostgresRow final : public LeaseRow {
 public:
  explicit PostgresRow(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  asio::awaitable<Result<>> connect() override { return database_->connect(); }

  asio::awaitable<Result<std::optional<Number>>> take(std::string instance, std::optional<Number> seen) override {
    return number(
        "INSERT INTO locks (name, record_version_number, owner) VALUES ($1, nextval('locks_rvn'), $2) "
        "ON CONFLICT (name) DO UPDATE SET record_version_number = EXCLUDED.record_version_number, "
        "owner = EXCLUDED.owner WHERE locks.record_version_number IS NULL OR locks.record_version_number = $3 "
        "RETURNING record_version_number",
        {lock_name, std::move(instance), std::move(seen)});
  }

  asio::awaitable<Result<std::optional<Number>>> look() override {
    return number("SELECT record_version_number FROM locks WHERE name = $1", {lock_name});
  }

  asio::awaitable<Result<std::optional<Number>>> count_up(Number held) override {
    return number(
        "UPDATE locks SET record_version_number = nextval('locks_rvn') WHERE name = $1 AND record_version_number = $2 "
        "RETURNING record_version_number",
        {lock_name, std::move(held)});
  }

  asio::awaitable<void> give_back(Number held) override {
    (void)co_await database_->run("DELETE FROM locks WHERE name = $1 AND record_version_number = $2",
                                  {lock_name, std::move(held)});
  }

  void close() override { database_->close(); }

 private:
  /// That of the row which the statement gives, where it gives one.
  asio::awaitable<Result<std::optional<Number>>> number(std::string sql, SqlValues values) {
    auto rows = co_await database_->run(std::move(sql), std::move(values));
    if (!rows) co_return fail(rows.error());
    co_return rows->rows.empty() ? std::nullopt : rows->rows[0][0];
  }

  std::unique_ptr<Database> database_;
};

}  // namespace

std::unique_ptr<Election> make_postgres_election(asio::any_io_executor executor, Timers& timers, Log& log,
                                                 std::unique_ptr<Database> database, LeaseTimes times) {
  return make_lease_election(std::move(executor), timers, log, std::make_unique<PostgresRow>(std::move(database)),
                             times);
}

}  // namespace kumasim::cp
