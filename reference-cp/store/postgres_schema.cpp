#include "reference-cp/store/postgres_schema.hpp"

#include <fmt/format.h>

namespace kumasim::cp {
namespace {

/// Names, types and constraints are Kuma's, so that either program takes over from the other. schema_migrations is that
/// of golang-migrate, with which Kuma looks after its tables.
constexpr const char* script = R"sql(
BEGIN;
CREATE TABLE IF NOT EXISTS schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);
CREATE TABLE resources (
  name varchar(253) NOT NULL,
  mesh varchar(100) NOT NULL,
  type varchar(100) NOT NULL,
  version integer NOT NULL,
  spec text,
  creation_time timestamp NOT NULL DEFAULT now(),
  modification_time timestamp NOT NULL DEFAULT now(),
  owner_name varchar(100),
  owner_mesh varchar(100),
  owner_type varchar(100),
  labels jsonb DEFAULT '{}'::jsonb,
  status jsonb NOT NULL DEFAULT '{}'::jsonb,
  CONSTRAINT resources_pkey PRIMARY KEY (name, mesh, type),
  CONSTRAINT owner_fk FOREIGN KEY (owner_name, owner_mesh, owner_type)
    REFERENCES resources (name, mesh, type) ON DELETE CASCADE);
CREATE INDEX owner_fk_index ON resources (owner_type, owner_mesh, owner_name);
CREATE TABLE locks (
  name varchar(255) PRIMARY KEY,
  record_version_number bigint,
  data bytea,
  owner varchar(255));
CREATE SEQUENCE locks_rvn OWNED BY locks.record_version_number;
CREATE FUNCTION notify_event() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
  one resources;
BEGIN
  one := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  PERFORM pg_notify('resource_events', json_build_object('action', TG_OP,
    'data', json_build_object('name', one.name, 'mesh', one.mesh, 'type', one.type))::text);
  RETURN NULL;
END
$body$;
CREATE TRIGGER products_notify_event AFTER INSERT OR UPDATE OR DELETE ON resources
  FOR EACH ROW EXECUTE PROCEDURE notify_event();
DELETE FROM schema_migrations;
INSERT INTO schema_migrations VALUES (1710856785, false);
COMMIT;
)sql";

struct Found {
  bool made = false;
  std::int64_t version = 0;
  bool dirty = false;
};

asio::awaitable<Result<Found>> look(Database& database) {
  auto table = co_await database.run("SELECT to_regclass('schema_migrations') IS NOT NULL");
  if (!table) co_return fail(table.error());
  if (table->text(0, 0) != "t") co_return Found{};
  auto row = co_await database.run("SELECT version, dirty FROM schema_migrations");
  if (!row) co_return fail(row.error());
  if (row->rows.empty()) co_return Found{};
  co_return Found{.made = true, .version = std::stoll(row->text(0, 0)), .dirty = row->text(0, 1) == "t"};
}

Result<> judge(const Found& found) {
  if (found.dirty)
    return fail(Code::data_loss, fmt::format("a migration of the database to version {} was broken off: mend it with "
                                             "the Kuma that began it, or restore a backup",
                                             found.version));
  if (found.version > postgres_schema_version)
    return fail(
        Code::unsupported,
        fmt::format("DB is migrated to newer version than Kuma. DB migration version {}. Kuma migration version "
                    "{}. Run newer version of Kuma",
                    found.version, postgres_schema_version));
  if (found.version < postgres_schema_version)
    return fail(Code::unsupported,
                fmt::format("the database is of migration version {}, before {}: bring it up with `kuma-cp migrate up` "
                            "of Kuma 2.7 to 2.12",
                            found.version, postgres_schema_version));
  return {};
}

}  // namespace

asio::awaitable<Result<bool>> migrate_postgres(Database& database) {
  auto found = co_await look(database);
  if (!found) co_return fail(found.error());
  if (found->made) {
    if (auto good = judge(*found); !good) co_return fail(good.error());
    co_return false;
  }
  auto done = co_await database.run_script(script);
  if (!done) {
    (void)co_await database.run_script("ROLLBACK");
    co_return fail(done.error().code, "the tables cannot be made: " + done.error().message);
  }
  co_return true;
}

asio::awaitable<Result<>> check_postgres(Database& database) {
  auto found = co_await look(database);
  if (!found) co_return fail(found.error());
  if (!found->made)
    co_return fail(Code::unsupported,
                   "database is not migrated. Run \"kuma-cp migrate up\" to update database to the newest schema");
  co_return judge(*found);
}

}  // namespace kumasim::cp
