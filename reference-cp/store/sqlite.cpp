/// One table of resources in an SQLite file, written through by the store in memory.
#include "reference-cp/store/sqlite.hpp"

#include <string_view>

#include <fmt/format.h>
#include <sqlite3.h>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/sqlite_vfs.hpp"

namespace kumasim::cp {
namespace {

/// "kuma" in ASCII: tells our files from other SQLite databases.
constexpr int application_id = 0x6b756d61;
constexpr int schema_version = 1;

constexpr const char* create_table =
    "CREATE TABLE resources ("
    " type TEXT NOT NULL, mesh TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,"
    " created INTEGER NOT NULL, modified INTEGER NOT NULL, labels TEXT NOT NULL, spec TEXT NOT NULL, status TEXT NOT "
    "NULL,"
    " PRIMARY KEY (type, mesh, name)) WITHOUT ROWID";

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinishStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinishStatement>;

Error explain(sqlite3* database, int code, const std::string& path) {
  std::string text = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::unavailable,
              fmt::format("the store \"{}\" is in use by another process: stop it or name another file", path)};
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return {
          Code::data_loss,
          fmt::format("the store \"{}\" is damaged ({}); it was left as it is: restore a backup or name another file",
                      path, text)};
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return {Code::unavailable, fmt::format("the store \"{}\" cannot be opened for writing: {}", path, text)};
    case SQLITE_FULL: return {Code::resource_exhausted, fmt::format("the disk of the store \"{}\" is full", path)};
    default: return {Code::unavailable, fmt::format("the store \"{}\": {}", path, text)};
  }
}

std::string column_text(sqlite3_stmt* statement, int column) {
  auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return text == nullptr ? std::string()
                         : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

std::int64_t count(WallTime time) { return time.time_since_epoch().count(); }

/// What a control plane writes of a proxy, often, and writes anew while the proxy is there.
bool is_report(std::span<const Change> changes) {
  return changes.size() == 1 && changes[0].after != nullptr && changes[0].kind->type().ends_with("Insight");
}

class SqlitePersistence : public Persistence {
 public:
  SqlitePersistence(std::string path, std::unique_ptr<SqliteVfs> vfs) : path_(std::move(path)), vfs_(std::move(vfs)) {}

  Result<> open() {
    sqlite3* raw = nullptr;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(path_.c_str(), &raw, flags, vfs_ ? vfs_->name().c_str() : nullptr);
    database_.reset(raw);
    if (code != SQLITE_OK) return fail(explain(raw, code, path_));
    sqlite3_extended_result_codes(raw, 1);
    // A killed process must not write on its way out; the log is taken up at the next start.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    // Exclusive before anything is read: the write-ahead log then needs no shared memory, and a second process is
    // refused.
    if (auto done = run("PRAGMA locking_mode=EXCLUSIVE"); !done) return done;
    if (auto done = check_identity(); !done) return done;
    if (auto done = run("PRAGMA journal_mode=WAL"); !done) return done;
    if (auto done = run("PRAGMA synchronous=FULL"); !done) return done;
    if (auto done = run("BEGIN IMMEDIATE"); !done) return done;
    if (is_new_) {
      for (const std::string& statement :
           {std::string(create_table), fmt::format("PRAGMA application_id={}", application_id),
            fmt::format("PRAGMA user_version={}", schema_version)}) {
        if (auto done = run(statement); !done) return done;
      }
    }
    if (auto done = run("COMMIT"); !done) return done;
    return prepare();
  }

  Result<std::vector<Resource>> load() override {
    auto select = statement("SELECT type, mesh, name, version, created, modified, labels, spec, status FROM resources");
    if (!select) return fail(select.error());
    std::vector<Resource> out;
    int code = 0;
    while ((code = sqlite3_step(select->get())) == SQLITE_ROW) {
      sqlite3_stmt* row = select->get();
      Resource resource;
      std::string type = column_text(row, 0);
      resource.kind = find_kind(type);
      resource.meta.mesh = column_text(row, 1);
      resource.meta.name = column_text(row, 2);
      resource.meta.version = static_cast<std::uint64_t>(sqlite3_column_int64(row, 3));
      resource.meta.creation = WallTime(Duration(sqlite3_column_int64(row, 4)));
      resource.meta.modification = WallTime(Duration(sqlite3_column_int64(row, 5)));
      auto labels = nlohmann::json::parse(column_text(row, 6), nullptr, false);
      resource.spec = nlohmann::json::parse(column_text(row, 7), nullptr, false);
      resource.status = nlohmann::json::parse(column_text(row, 8), nullptr, false);
      if (resource.kind == nullptr) {
        return fail(Code::unsupported,
                    fmt::format("the store \"{}\" holds a resource of the unknown kind \"{}\"", path_, type));
      }
      if (!labels.is_object() || resource.spec.is_discarded() || resource.status.is_discarded()) {
        return fail(Code::data_loss,
                    fmt::format("the store \"{}\" is damaged: {} \"{}\" is not JSON; it was left as it is", path_, type,
                                resource.meta.name));
      }
      for (const auto& [key, value] : labels.items())
        resource.meta.labels[key] = value.is_string() ? value.get<std::string>() : "";
      out.push_back(std::move(resource));
    }
    if (code != SQLITE_DONE) return fail(explain(database_.get(), code, path_));
    return out;
  }

  Result<> commit(std::span<const Change> changes) override {
    if (auto done = set_synced(!is_report(changes)); !done) return done;
    if (auto done = run("BEGIN IMMEDIATE"); !done) return done;
    for (const auto& change : changes) {
      auto done = change.after != nullptr ? put(*change.after) : erase(*change.kind, change.key);
      if (!done) {
        (void)run("ROLLBACK");
        return done;
      }
    }
    auto done = run("COMMIT");
    if (!done) (void)run("ROLLBACK");
    return done;
  }

  /// Merges the write-ahead log into the file and removes it, so that the file alone is the store.
  Result<> close() override {
    put_.reset();
    erase_.reset();
    auto merged = run("PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
    database_.reset();
    return merged;
  }

 private:
  Result<> run(const std::string& sql) {
    int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return fail(explain(database_.get(), code, path_));
    return {};
  }

  /// Whether a commit waits for the disk. One that does takes along those before it: they share the write-ahead log.
  Result<> set_synced(bool synced) {
    if (synced == synced_) return {};
    if (auto done = run(synced ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"); !done) return done;
    synced_ = synced;
    return {};
  }

  Result<Statement> statement(const std::string& sql) {
    sqlite3_stmt* raw = nullptr;
    int code = sqlite3_prepare_v2(database_.get(), sql.c_str(), static_cast<int>(sql.size()), &raw, nullptr);
    if (code != SQLITE_OK) return fail(explain(database_.get(), code, path_));
    return Statement(raw);
  }

  /// The first column of the first row.
  Result<std::string> ask(const std::string& sql) {
    auto select = statement(sql);
    if (!select) return fail(select.error());
    int code = sqlite3_step(select->get());
    if (code == SQLITE_ROW) return column_text(select->get(), 0);
    if (code == SQLITE_DONE) return std::string();
    return fail(explain(database_.get(), code, path_));
  }

  /// Reads only: a file that is not ours is never written to.
  Result<> check_identity() {
    auto tables = ask("SELECT count(*) FROM sqlite_master");
    if (!tables) return fail(tables.error());
    auto application = ask("PRAGMA application_id");
    if (!application) return fail(application.error());
    auto version = ask("PRAGMA user_version");
    if (!version) return fail(version.error());
    is_new_ = *tables == "0" && *application == "0";
    if (is_new_) return {};
    if (*application != std::to_string(application_id)) {
      return fail(
          Code::data_loss,
          fmt::format("\"{}\" is a database of another program; it was left as it is: name another file", path_));
    }
    if (*version != std::to_string(schema_version)) {
      return fail(Code::unsupported,
                  fmt::format("the store \"{}\" has schema version {}, this program reads version {}", path_, *version,
                              schema_version));
    }
    auto check = ask("PRAGMA quick_check(1)");
    if (!check) return fail(check.error());
    if (*check != "ok") {
      return fail(
          Code::data_loss,
          fmt::format("the store \"{}\" is damaged ({}); it was left as it is: restore a backup or name another file",
                      path_, *check));
    }
    return {};
  }

  Result<> prepare() {
    auto put = statement("INSERT OR REPLACE INTO resources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (!put) return fail(put.error());
    auto erase = statement("DELETE FROM resources WHERE type = ? AND mesh = ? AND name = ?");
    if (!erase) return fail(erase.error());
    put_ = std::move(*put);
    erase_ = std::move(*erase);
    return {};
  }

  static void bind(sqlite3_stmt* statement, int index, const std::string& text) {
    sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  }

  Result<> step(sqlite3_stmt* statement) {
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (code != SQLITE_DONE) return fail(explain(database_.get(), code, path_));
    return {};
  }

  Result<> put(const Resource& resource) {
    sqlite3_stmt* to = put_.get();
    bind(to, 1, resource.kind->type());
    bind(to, 2, resource.meta.mesh);
    bind(to, 3, resource.meta.name);
    sqlite3_bind_int64(to, 4, static_cast<sqlite3_int64>(resource.meta.version));
    sqlite3_bind_int64(to, 5, count(resource.meta.creation));
    sqlite3_bind_int64(to, 6, count(resource.meta.modification));
    bind(to, 7, nlohmann::json(resource.meta.labels).dump());
    bind(to, 8, resource.spec.dump());
    bind(to, 9, resource.status.dump());
    return step(to);
  }

  Result<> erase(const Kind& kind, const ResourceKey& key) {
    bind(erase_.get(), 1, kind.type());
    bind(erase_.get(), 2, key.mesh);
    bind(erase_.get(), 3, key.name);
    return step(erase_.get());
  }

  std::string path_;
  std::unique_ptr<SqliteVfs> vfs_;  // outlives the database
  Database database_;
  Statement put_, erase_;
  bool is_new_ = false;
  bool synced_ = true;
};

Result<std::unique_ptr<Store>> open_over(Result<std::unique_ptr<Persistence>> persistence) {
  if (!persistence) return fail(persistence.error());
  auto store = MemoryStore::open(std::move(*persistence));
  if (!store) return fail(store.error());
  return std::unique_ptr<Store>(std::move(*store));
}

Result<std::unique_ptr<Persistence>> opened(std::unique_ptr<SqlitePersistence> persistence) {
  if (auto done = persistence->open(); !done) return fail(done.error());
  return std::unique_ptr<Persistence>(std::move(persistence));
}

}  // namespace

Result<std::unique_ptr<Persistence>> open_sqlite_journal(const std::string& path) {
  return opened(std::make_unique<SqlitePersistence>(path, nullptr));
}

Result<std::unique_ptr<Persistence>> open_sqlite_journal(Disk& disk, const std::string& name, Random& random) {
  auto vfs = std::make_unique<SqliteVfs>(disk, random);
  // SQLite's generator is the process's: seeding it here makes the bytes that it draws (salts of the log) the seed's
  // own.
  int seed = static_cast<int>(random.below(0x7ffffffe)) + 1;
  sqlite3_initialize();
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed, nullptr);
  return opened(std::make_unique<SqlitePersistence>(name, std::move(vfs)));
}

Result<std::unique_ptr<Store>> open_sqlite(const std::string& path) { return open_over(open_sqlite_journal(path)); }

Result<std::unique_ptr<Store>> open_sqlite(Disk& disk, const std::string& name, Random& random) {
  return open_over(open_sqlite_journal(disk, name, random));
}

}  // namespace kumasim::cp
