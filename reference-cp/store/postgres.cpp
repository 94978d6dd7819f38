#include "reference-cp/store/postgres.hpp"

#include <algorithm>
#include <cassert>
#include <deque>
#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/store/postgres_rows.hpp"
#include "reference-cp/store/postgres_schema.hpp"
#include "reference-cp/store/tables.hpp"

namespace kumasim::cp {
namespace {

constexpr std::string_view component = "store";
constexpr Duration reconnect_pause = std::chrono::milliseconds(200);
constexpr Duration reconnect_pause_max = std::chrono::seconds(10);
/// Who listens says this often that it still does, which shows a connection that is no more.
constexpr int silence_seconds = 15;
/// Writes that wait for their turn; a server that stands still holds no more of them in memory.
constexpr std::size_t writes_waiting_max = 10'000;

/// One commit and what became of it. The caller may be gone by then: the write is done all the same.
struct Job {
  Job(const asio::any_io_executor& executor, std::vector<Write> given, WallTime time)
      : writes(std::move(given)), now(time), done(executor) {}
  std::vector<Write> writes;
  WallTime now;
  Result<std::vector<ResourcePtr>> outcome = fail(Code::unavailable, "the store is closed");
  Event done;
};

/// What a commit changed in the table, in order, before it is in memory.
struct Planned {
  const Kind* kind;
  ResourceKey key;
  ResourcePtr after;
};

/// Writes and what others wrote come through the one connection `writer`, one after another: so what is in memory goes
/// the table's own way, never back.
class Shared : public std::enable_shared_from_this<Shared> {
 public:
  explicit Shared(PostgresParts parts) : parts_(std::move(parts)), work_(parts_.executor) {}

  /// Listens first: what changes while all is read is heard.
  asio::awaitable<Result<>> open() {
    if (auto up = co_await listen(); !up) co_return up;
    co_return co_await connect();
  }

  void start() {
    spawn(parts_.executor, parts_.log, "store.writer", serve(shared_from_this()));
    spawn(parts_.executor, parts_.log, "store.listener", follow(shared_from_this()));
  }

  void close() {
    if (std::exchange(closed_, true)) return;
    parts_.writer->close();
    parts_.listener->close();
    for (auto& job : jobs_) job->done.set();
    jobs_.clear();
    work_.notify_all();
  }

  asio::awaitable<Result<std::vector<ResourcePtr>>> write(std::vector<Write> writes, WallTime now) {
    if (closed_) co_return fail(Code::unavailable, "the store is closed");
    if (writes.empty()) co_return std::vector<ResourcePtr>();
    if (away_) co_return fail(*away_);
    if (jobs_.size() >= writes_waiting_max)
      co_return fail(Code::resource_exhausted, "too many writes wait for the store: try again later");
    auto job = std::make_shared<Job>(parts_.executor, std::move(writes), whole_microseconds(now));
    jobs_.push_back(job);
    work_.notify_all();
    co_await job->done.wait();
    co_return std::move(job->outcome);
  }

  const ResourceTables& tables() const { return tables_; }
  void subscribe(std::function<void(const Change&)> on_change) { subscribers_.push_back(std::move(on_change)); }

 private:
  // Coroutines that outlive their callers hold `self`.
  static asio::awaitable<void> serve(std::shared_ptr<Shared> self) {
    while (!self->closed_) {
      if (!self->connected_) {
        co_await self->reconnect();
      } else if (!self->changed_.empty()) {
        auto read = co_await self->caught(self->read(std::exchange(self->changed_, {})));
        if (!read) self->lose(read.error());
      } else if (!self->jobs_.empty()) {
        auto job = std::move(self->jobs_.front());
        self->jobs_.pop_front();
        job->outcome = co_await self->caught(self->commit(*job));
        job->done.set();
      } else {
        co_await self->work_.wait();
      }
    }
  }

  static asio::awaitable<void> follow(std::shared_ptr<Shared> self) {
    Duration pause = reconnect_pause;
    while (!self->closed_) {
      auto heard = co_await self->caught(self->hear());
      if (self->closed_) co_return;
      if (heard) continue;
      self->parts_.log.warn(component, "connection for changes lost", {{"error", heard.error().message}});
      for (;; pause = std::min(pause * 2, reconnect_pause_max)) {
        auto up = co_await self->caught(self->listen());
        if (self->closed_) co_return;
        if (up) break;
        co_await sleep(self->parts_.timers, pause);
      }
      pause = reconnect_pause;
      // What was said meanwhile was not heard.
      self->set_connected(false);
      self->work_.notify_all();
    }
  }

  /// An exception that escapes is an error as others: a loop that it ended would never begin again.
  template <class T>
  asio::awaitable<Result<T>> caught(asio::awaitable<Result<T>> task) {
    try {
      co_return co_await std::move(task);
    } catch (const std::exception& error) {
      lose({Code::internal, error.what(), {}});
      co_return fail(Code::unavailable, std::string("the store: ") + error.what());
    }
  }

  asio::awaitable<Result<>> hear() {
    auto heard = co_await parts_.listener->hear(silence_seconds);
    if (!heard) co_return fail(heard.error());
    for (const SqlNotification& one : *heard) note(one);
    if (!heard->empty()) co_return Result<>();
    auto alive = co_await parts_.listener->run("SELECT 1");
    if (!alive) co_return fail(alive.error());
    co_return Result<>();
  }

  asio::awaitable<Result<>> listen() {
    if (auto up = co_await parts_.listener->connect(); !up) co_return up;
    auto listening = co_await parts_.listener->run(fmt::format("LISTEN {}", postgres_channel));
    if (!listening) co_return fail(listening.error());
    co_return Result<>();
  }

  void note(const SqlNotification& heard) {
    auto said = nlohmann::json::parse(heard.payload, nullptr, false);
    const auto& data = at(said, "data");
    if (!data.is_object()) return;
    // Of what this store wrote only removals are news: they take along what has an owner.
    if (heard.sender == parts_.writer->session() && text_at(said, "action") != "DELETE") return;
    changed_.emplace(text_at(data, "type"), text_at(data, "mesh"), text_at(data, "name"));
    work_.notify_all();
  }

  void set_connected(bool connected) {
    if (std::exchange(connected_, connected) != connected && parts_.follows) parts_.follows(connected);
  }

  void lose(const Error& error) {
    if (closed_) return;
    parts_.log.warn(component, "connection lost", {{"error", error.message}});
    set_connected(false);
  }

  /// Fails what waits: who writes is told at once, and may try again.
  asio::awaitable<void> reconnect() {
    for (Duration pause = reconnect_pause; !closed_; pause = std::min(pause * 2, reconnect_pause_max)) {
      auto up = co_await caught(connect());
      if (closed_) co_return;
      if (up) {
        away_.reset();
        parts_.log.info(component, "connected", {{"resources", count()}});
        co_return;
      }
      parts_.log.warn(component, "cannot connect", {{"error", up.error().message}});
      away_ = Error{Code::unavailable, "the store is not reachable: " + up.error().message, {}};
      for (auto& job : std::exchange(jobs_, {})) {
        job->outcome = fail(*away_);
        job->done.set();
      }
      co_await sleep(parts_.timers, pause);
    }
  }

  asio::awaitable<Result<>> connect() {
    if (auto up = co_await parts_.writer->connect(); !up) co_return up;
    if (auto good = co_await check_postgres(*parts_.writer); !good) co_return good;
    co_return co_await read_all();
  }

  std::size_t count() const {
    std::size_t out = 0;
    for (const auto& [type, table] : tables_.by_type()) out += table.size();
    return out;
  }

  asio::awaitable<Result<SqlRows>> run(SqlStatement statement) {
    return parts_.writer->run(std::move(statement.sql), std::move(statement.values));
  }

  /// All of the table; what is in memory and not there any more is removed.
  asio::awaitable<Result<>> read_all() {
    changed_.clear();
    set_connected(true);  // until one of the connections is lost, which may be meanwhile
    auto rows = co_await run(select_all());
    if (!rows) {
      set_connected(false);
      co_return fail(rows.error());
    }
    std::set<RowKey> gone;
    for (const auto& [type, table] : tables_.by_type())
      for (const auto& [key, resource] : table) gone.emplace(type, key.mesh, key.name);
    take(*rows, std::move(gone));
    co_return Result<>();
  }

  asio::awaitable<Result<>> read(std::set<RowKey> keys) {
    auto rows = co_await run(select_rows(keys));
    if (!rows) co_return fail(rows.error());
    take(*rows, std::move(keys));
    co_return Result<>();
  }

  /// Brings memory to what the rows say; of `asked` what is not among them is removed.
  void take(const SqlRows& rows, std::set<RowKey> asked) {
    for (std::size_t row = 0; row < rows.rows.size(); ++row) {
      RowKey key = row_key(rows, row);
      asked.erase(key);
      const auto& [type, mesh, name] = key;
      const Kind* kind = find_kind(type);
      if (ResourcePtr known = kind ? tables_.find(*kind, {mesh, name}) : nullptr; known && is_in_row(*known, rows, row))
        continue;
      auto resource = row_to_resource(rows, row);
      if (!resource) {
        parts_.log.warn(component, "row passed over", {{"error", resource.error().message}});
        continue;
      }
      auto now = std::make_shared<const Resource>(std::move(*resource));
      apply({now->kind, now->key(), now});
    }
    for (const auto& [type, mesh, name] : asked) {
      const Kind* kind = find_kind(type);
      if (kind != nullptr && tables_.find(*kind, {mesh, name})) apply({kind, {mesh, name}, nullptr});
    }
  }

  void apply(Planned planned) {
    Change change{planned.kind, planned.key, tables_.find(*planned.kind, planned.key), planned.after};
    if (!change.before && !change.after) return;
    tables_.put(*planned.kind, planned.key, planned.after);
    for (const auto& subscriber : subscribers_) subscriber(change);
  }

  asio::awaitable<Result<std::vector<ResourcePtr>>> commit(Job& job) {
    std::vector<Planned> changes;
    std::vector<ResourcePtr> out;
    // One statement is a transaction of its own.
    const bool alone = job.writes.size() == 1 && job.writes.front().what != Write::What::remove;
    Result<> done;
    if (!alone) done = co_await parts_.writer->run_script("BEGIN");
    for (auto write = job.writes.begin(); done && write != job.writes.end(); ++write) {
      done = co_await put(*write, job.now, changes);
      if (done) out.push_back(changes.back().after);
    }
    if (done && !alone) done = co_await parts_.writer->run_script("COMMIT");
    if (done) {
      for (Planned& each : changes) apply(std::move(each));
      co_return out;
    }
    if (parts_.writer->session() == 0) {
      // Whether it was committed shows when all is read again.
      lose(done.error());
      co_return fail(Code::unavailable, "the store: " + done.error().message);
    }
    if (!alone) (void)co_await parts_.writer->run_script("ROLLBACK");
    co_await catch_up(job);
    co_return fail(done.error());
  }

  /// Who is refused reads again, and must then see what was in his way.
  asio::awaitable<void> catch_up(const Job& job) {
    std::set<RowKey> keys;
    for (const Write& write : job.writes)
      keys.emplace(write.resource.kind->type(), write.resource.meta.mesh, write.resource.meta.name);
    auto read_again = co_await read(std::move(keys));
    if (!read_again) lose(read_again.error());
  }

  asio::awaitable<Result<>> put(Write& write, WallTime now, std::vector<Planned>& changes) {
    assert(write.resource.kind != nullptr);
    const Kind& kind = *write.resource.kind;
    const ResourceKey key = write.resource.key();
    Meta& meta = write.resource.meta;
    if (write.what == Write::What::remove) co_return co_await remove(kind, key, meta.version, changes);
    Resource resource = write.resource;
    resource.meta.modification = now;
    if (write.what == Write::What::create) {
      assert(kind.is_global() == meta.mesh.empty());
      resource.meta.version = 1;
      resource.meta.creation = now;
      auto made = co_await run(insert_row(resource));
      if (!made && made.error().code == Code::already_exists) co_return resource_exists(kind, key);
      if (!made) co_return fail(made.error());
    } else {
      resource.meta.version = meta.version + 1;
      auto rows = co_await run(update_row(resource));
      if (!rows) co_return fail(rows.error());
      if (rows->rows.empty()) co_return co_await why_not(kind, key);
      resource.meta.creation = creation_of(*rows);
    }
    changes.push_back({&kind, key, std::make_shared<const Resource>(std::move(resource))});
    co_return Result<>();
  }

  asio::awaitable<Result<>> remove(const Kind& kind, ResourceKey key, std::uint64_t version,
                                   std::vector<Planned>& changes) {
    std::set<RowKey> gone;
    std::vector<SqlStatement> statements = remove_rows(kind, key, version);
    for (std::size_t i = 0; i < statements.size(); ++i) {
      auto rows = co_await run(std::move(statements[i]));
      if (!rows) co_return fail(rows.error());
      if (i + 1 == statements.size() && rows->rows.empty()) co_return co_await why_not(kind, key);
      if (i + 1 == statements.size()) break;
      for (std::size_t row = 0; row < rows->rows.size(); ++row) gone.insert(row_key(*rows, row));
    }
    for (const auto& [type, mesh, name] : gone)
      if (const Kind* owned = find_kind(type)) changes.push_back({owned, {mesh, name}, nullptr});
    changes.push_back({&kind, key, nullptr});
    co_return Result<>();
  }

  /// No row of this key and version was there.
  asio::awaitable<Result<>> why_not(const Kind& kind, ResourceKey key) {
    auto rows = co_await run(select_rows({{kind.type(), key.mesh, key.name}}));
    if (!rows) co_return fail(rows.error());
    if (rows->rows.empty()) co_return resource_not_found(kind, key);
    co_return resource_conflict(kind, key);
  }

  PostgresParts parts_;
  ResourceTables tables_;
  std::vector<std::function<void(const Change&)>> subscribers_;
  std::deque<std::shared_ptr<Job>> jobs_;
  std::set<RowKey> changed_;  // by others, and not read yet
  WaitList work_;
  bool connected_ = false;
  std::optional<Error> away_;  // since an attempt to connect failed: what writes are told
  bool closed_ = false;
};

class PostgresStore final : public Store {
 public:
  explicit PostgresStore(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  ~PostgresStore() override { shared_->close(); }

  asio::awaitable<Result<ResourcePtr>> get(const Kind& kind, ResourceKey key) override {
    ResourcePtr found = shared_->tables().find(kind, key);
    if (found == nullptr) co_return resource_not_found(kind, key);
    co_return found;
  }
  asio::awaitable<Result<ResourcePtr>> create(Resource resource, WallTime now) override {
    return write_one(Write::What::create, std::move(resource), now);
  }
  asio::awaitable<Result<ResourcePtr>> update(Resource resource, WallTime now) override {
    return write_one(Write::What::update, std::move(resource), now);
  }
  asio::awaitable<Result<>> remove(const Kind& kind, ResourceKey key) override {
    Resource target;
    target.kind = &kind;
    target.meta.mesh = std::move(key.mesh);
    target.meta.name = std::move(key.name);
    auto done = co_await write_one(Write::What::remove, std::move(target), {});
    if (!done) co_return fail(done.error());
    co_return Result<>();
  }
  asio::awaitable<Result<std::vector<ResourcePtr>>> commit(std::vector<Write> writes, WallTime now) override {
    return shared_->write(std::move(writes), now);
  }
  asio::awaitable<Result<List>> list(const Kind& kind, ListOptions options) override {
    co_return shared_->tables().list(kind, options);
  }
  void subscribe(std::function<void(const Change&)> on_change) override { shared_->subscribe(std::move(on_change)); }
  Result<> close() override {
    shared_->close();
    return {};
  }

 private:
  asio::awaitable<Result<ResourcePtr>> write_one(Write::What what, Resource resource, WallTime now) {
    std::vector<Write> writes;
    writes.push_back({what, std::move(resource)});
    auto done = co_await shared_->write(std::move(writes), now);
    if (!done) co_return fail(done.error());
    co_return std::move(done->front());
  }

  std::shared_ptr<Shared> shared_;
};

}  // namespace

asio::awaitable<Result<std::unique_ptr<Store>>> open_postgres(PostgresParts parts) {
  auto shared = std::make_shared<Shared>(std::move(parts));
  if (auto opened = co_await shared->open(); !opened) co_return fail(opened.error());
  shared->start();
  co_return std::make_unique<PostgresStore>(std::move(shared));
}

}  // namespace kumasim::cp
