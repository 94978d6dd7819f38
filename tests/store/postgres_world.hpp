/// Stores in one database of a PostgreSQL server: as many at a time as a test opens.
#pragma once

#include "reference-cp/store/postgres.hpp"
#include "reference-cp/store/postgres_schema.hpp"
#include "store/postgres_server.hpp"
#include "store/store_world.hpp"

namespace kumasim::cp::testing {

class PostgresWorld : public StoreWorld {
 public:
  /// Worlds come one after another: the database is emptied for each.
  PostgresWorld() {
    static const bool made = [] {
      PostgresServer& server = PostgresServer::get();
      server.create(database);
      auto tables = server.connect(database);
      auto done = server.run(migrate_postgres(*tables));
      if (!done) throw std::runtime_error(done.error().message);
      return *done;
    }();
    (void)made;
    auto admin = server_.connect(database);
    auto done = server_.run(admin->run("TRUNCATE resources"));
    if (!done) throw std::runtime_error(done.error().message);
  }

  Result<std::unique_ptr<Store>> open() override {
    auto& runtime = server_.live().runtime();
    auto one = [&] { return live::make_postgres(runtime.executor, runtime.timers, server_.options(database)); };
    return server_.run(open_postgres({.executor = runtime.executor,
                                      .timers = runtime.timers,
                                      .log = runtime.log,
                                      .writer = one(),
                                      .listener = one()}));
  }
  bool is_durable() const override { return true; }

  static constexpr const char* database = "stores";

 private:
  PostgresServer& server_ = PostgresServer::get();
};

}  // namespace kumasim::cp::testing
