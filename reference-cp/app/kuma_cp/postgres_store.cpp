#include "reference-cp/app/kuma_cp/postgres_store.hpp"

#include <optional>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/leader/postgres_election.hpp"
#include "reference-cp/live/postgres.hpp"
#include "reference-cp/store/postgres.hpp"
#include "reference-cp/store/postgres_schema.hpp"

namespace kumasim::cp {
namespace {

/// libpq's name of Kuma's mode of TLS.
std::string tls_mode(const std::string& mode) {
  if (mode == "verifyNone") return "require";
  if (mode == "verifyCa") return "verify-ca";
  return mode == "verifyFull" ? "verify-full" : "disable";
}

std::unique_ptr<Database> connection(const Config& config, live::LiveRuntime& live,
                                     Duration statement_timeout = std::chrono::seconds(15)) {
  return live::make_postgres(live.runtime().executor, live.runtime().timers,
                             {.host = config.postgres_host,
                              .port = static_cast<std::uint16_t>(config.postgres_port),
                              .user = config.postgres_user,
                              .password = config.postgres_password,
                              .database = config.postgres_database,
                              .tls_mode = tls_mode(config.postgres_tls_mode),
                              .certificate_path = config.postgres_tls_certificate,
                              .key_path = config.postgres_tls_key,
                              .authority_path = config.postgres_tls_authority,
                              .tls_server_name = !config.postgres_tls_hide_name,
                              .connect_timeout = std::chrono::seconds(config.postgres_connection_timeout),
                              .statement_timeout = statement_timeout});
}

template <class T>
Result<T> run(live::LiveRuntime& live, asio::awaitable<Result<T>> task) {
  std::optional<Result<T>> out;
  auto keep = [](asio::awaitable<Result<T>> inner, std::optional<Result<T>>& to) -> asio::awaitable<void> {
    to.emplace(co_await std::move(inner));
  };
  spawn(live.runtime().executor, live.log(), "store", keep(std::move(task), out));
  while (!out && live.context().run_one() != 0) {
  }
  live.context().restart();
  if (!out) return fail(Code::internal, "the store was not opened");
  return std::move(*out);
}

asio::awaitable<Result<bool>> migrate(Database& database) {
  if (auto up = co_await database.connect(); !up) co_return fail(up.error());
  co_return co_await migrate_postgres(database);
}

}  // namespace

std::unique_ptr<Election> make_election(const Config& config, live::LiveRuntime& live) {
  auto& runtime = live.runtime();
  const LeaseTimes times;
  return make_postgres_election(runtime.executor, runtime.timers, runtime.log,
                                connection(config, live, times.operation_max()), times);
}

Result<FollowingStore> open_postgres_store(const Config& config, live::LiveRuntime& live) {
  auto& runtime = live.runtime();
  auto follows = std::make_shared<bool>(false);
  auto store = run(live, open_postgres({.executor = runtime.executor,
                                        .timers = runtime.timers,
                                        .log = runtime.log,
                                        .writer = connection(config, live),
                                        .listener = connection(config, live),
                                        .follows = [follows](bool now) { *follows = now; }}));
  if (!store) return fail(store.error().code, "store: " + store.error().message, "store.postgres");
  return FollowingStore{std::move(*store), [follows] { return *follows; }};
}

Result<bool> migrate_postgres_store(const Config& config, live::LiveRuntime& live) {
  auto database = connection(config, live);
  return run(live, migrate(*database));
}

}  // namespace kumasim::cp
