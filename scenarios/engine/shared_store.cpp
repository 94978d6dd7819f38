#include "scenarios/engine/shared_store.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/store/tables.hpp"
#include "scenarios/engine/table_messages.hpp"

namespace kumasim::scenario {
namespace {

constexpr std::string_view component = "store";
constexpr Duration reconnect_pause = std::chrono::milliseconds(200);
constexpr Duration reconnect_pause_max = std::chrono::seconds(10);
constexpr Duration connect_duration_max = std::chrono::seconds(5);
/// For an answer of the table; a connection without one is given up.
constexpr Duration answer_duration_max = std::chrono::seconds(15);

/// A commit that the table has not answered. Its caller may be gone by then.
struct Job {
  explicit Job(asio::any_io_executor executor) : done(std::move(executor)) {}
  Result<std::vector<cp::ResourcePtr>> outcome;
  Event done;
};

struct Connection {
  GrpcClient client;
  GrpcClientStream stream;
};

}  // namespace

/// What the replica has of the table, and its connection.
class SharedStore::Copy : public std::enable_shared_from_this<Copy> {
 public:
  Copy(const Runtime& runtime, std::string table) : runtime_(runtime), table_(std::move(table)) {}

  asio::awaitable<Result<>> connect() {
    auto client = co_await GrpcClient::connect(runtime_, {table_, table_port},
                                               {.limits = table_limits(), .connect_timeout = connect_duration_max});
    if (!client) co_return fail(client.error());
    auto stream = client->open(std::string(follow_path));
    if (!stream) co_return fail(stream.error());
    auto next = std::make_shared<Connection>(std::move(*client), std::move(*stream));
    auto all = co_await with_timeout(runtime_.timers, answer_duration_max, read(next));
    if (!all) co_return fail(all.error());
    if (closed_) co_return fail(Code::unavailable, "the store is closed");
    connection_ = std::move(next);
    away_.reset();
    take_all(*all);
    co_return Result<>();
  }

  /// Hears until the store is closed, and connects again where the connection is lost.
  static asio::awaitable<void> follow(std::shared_ptr<Copy> self) {
    Duration pause = reconnect_pause;
    while (!self->closed_) {
      if (self->connection_) {
        auto heard = self->connection_;
        auto word = co_await self->read(heard);
        if (!word)
          self->lose(heard, word.error());
        else if (heard == self->connection_)
          self->take(*word);
        continue;
      }
      auto up = co_await self->connect();
      if (self->closed_) co_return;
      if (up) {
        self->runtime_.log.info(component, "connected", {});
        pause = reconnect_pause;
        continue;
      }
      self->runtime_.log.warn(component, "cannot connect", {{"error", up.error().message}});
      self->away_ = up.error();
      co_await sleep(self->runtime_.timers, std::exchange(pause, std::min(pause * 2, reconnect_pause_max)));
    }
  }

  asio::awaitable<Result<std::vector<cp::ResourcePtr>>> write(std::vector<cp::Write> writes, WallTime now) {
    if (closed_) co_return fail(Code::unavailable, "the store is closed");
    if (writes.empty()) co_return std::vector<cp::ResourcePtr>();
    if (!connection_) co_return fail(not_reachable());
    for ([[maybe_unused]] const cp::Write& write : writes)
      assert(write.what != cp::Write::What::create ||
             write.resource.kind->is_global() == write.resource.meta.mesh.empty());
    auto self = shared_from_this();
    auto job = std::make_shared<Job>(runtime_.executor);
    CommitRequest request{++last_id_, now, std::move(writes)};
    jobs_[request.id] = job;
    auto connection = connection_;
    (void)co_await connection->stream.write(encode(request));
    auto answered = co_await with_timeout(runtime_.timers, answer_duration_max, job->done.wait());
    if (!answered && answered.error().code != Code::deadline_exceeded) co_return fail(answered.error());
    // Whether it was committed shows when all is read again.
    if (!answered) self->lose(connection, {Code::unavailable, "the table does not answer", {}});
    co_return std::move(job->outcome);
  }

  void close() {
    if (std::exchange(closed_, true)) return;
    fail_jobs({Code::unavailable, "the store is closed", {}});
    if (connection_) connection_->client.close();
    connection_ = nullptr;
  }

  bool connected() const { return connection_ != nullptr; }
  const cp::ResourceTables& tables() const { return tables_; }
  void subscribe(std::function<void(const cp::Change&)> on_change) { subscribers_.push_back(std::move(on_change)); }

 private:
  static asio::awaitable<Result<TableWord>> read(std::shared_ptr<Connection> from) {
    auto bytes = co_await from->stream.read();
    if (bytes) co_return decode_word(*bytes);
    GrpcStatus status = co_await from->stream.status();
    co_return fail(Code::unavailable, status.ok() ? "the table ended the stream" : status.message);
  }

  Error not_reachable() const {
    return {Code::unavailable, "the store is not reachable" + (away_ ? ": " + away_->message : std::string()), {}};
  }

  /// Nothing where it is lost already. Whoever waits on its stream holds it too.
  void lose(const std::shared_ptr<Connection>& connection, const Error& error) {
    if (connection != connection_) return;
    runtime_.log.warn(component, "connection lost", {{"error", error.message}});
    connection->client.close();
    connection_ = nullptr;
    fail_jobs({Code::unavailable, "the store: " + error.message, {}});
  }

  void fail_jobs(const Error& error) {
    for (auto& [id, job] : std::exchange(jobs_, {})) {
      job->outcome = fail(error);
      job->done.set();
    }
  }

  void take(const TableWord& word) {
    for (const TableChange& change : word.changes) apply(change);
    auto job = jobs_.find(word.answers);
    if (job == jobs_.end()) return;
    if (word.refused) {
      job->second->outcome = fail(*word.refused);
    } else {
      std::vector<cp::ResourcePtr> out;
      for (const auto& place : word.written) out.push_back(place ? word.changes[*place].after : nullptr);
      job->second->outcome = std::move(out);
    }
    job->second->done.set();
    jobs_.erase(job);
  }

  /// What is in memory and not there any more is removed.
  void take_all(const TableWord& all) {
    std::set<std::pair<const cp::Kind*, cp::ResourceKey>> kept;
    for (const TableChange& change : all.changes) {
      kept.emplace(change.kind, change.key);
      cp::ResourcePtr known = tables_.find(*change.kind, change.key);
      const bool same = known && change.after && known->meta.version == change.after->meta.version &&
                        known->meta.creation == change.after->meta.creation &&
                        known->meta.modification == change.after->meta.modification;
      if (!same) apply(change);
    }
    std::vector<TableChange> gone;
    for (const auto& [type, table] : tables_.by_type())
      for (const auto& [key, resource] : table)
        if (!kept.contains({resource->kind, key})) gone.push_back({resource->kind, key, nullptr});
    for (const TableChange& change : gone) apply(change);
  }

  void apply(const TableChange& told) {
    cp::Change change{told.kind, told.key, tables_.find(*told.kind, told.key), told.after};
    if (!change.before && !change.after) return;
    tables_.put(*told.kind, told.key, told.after);
    for (const auto& subscriber : subscribers_) subscriber(change);
  }

  Runtime runtime_;
  std::string table_;
  cp::ResourceTables tables_;
  std::vector<std::function<void(const cp::Change&)>> subscribers_;
  std::shared_ptr<Connection> connection_;
  std::optional<Error> away_;  // since an attempt to connect failed
  std::map<std::uint64_t, std::shared_ptr<Job>> jobs_;
  std::uint64_t last_id_ = 0;
  bool closed_ = false;
};

SharedStore::SharedStore(std::shared_ptr<Copy> copy) : copy_(std::move(copy)) {}

SharedStore::~SharedStore() { copy_->close(); }

asio::awaitable<Result<std::unique_ptr<SharedStore>>> SharedStore::open(const Runtime& runtime, std::string table) {
  auto copy = std::make_shared<Copy>(runtime, std::move(table));
  if (auto up = co_await copy->connect(); !up) co_return fail(up.error());
  spawn(runtime.executor, runtime.log, "store", Copy::follow(copy));
  co_return std::unique_ptr<SharedStore>(new SharedStore(std::move(copy)));
}

bool SharedStore::connected() const { return copy_->connected(); }

asio::awaitable<Result<cp::ResourcePtr>> SharedStore::get(const cp::Kind& kind, cp::ResourceKey key) {
  cp::ResourcePtr found = copy_->tables().find(kind, key);
  if (found == nullptr) co_return cp::resource_not_found(kind, key);
  co_return found;
}

asio::awaitable<Result<cp::ResourcePtr>> SharedStore::create(cp::Resource resource, WallTime now) {
  return write_one(cp::Write::What::create, std::move(resource), now);
}

asio::awaitable<Result<cp::ResourcePtr>> SharedStore::update(cp::Resource resource, WallTime now) {
  return write_one(cp::Write::What::update, std::move(resource), now);
}

/// Of the version that is known here: one that arrives late, after its caller has given up, takes nothing newer away.
asio::awaitable<Result<>> SharedStore::remove(const cp::Kind& kind, cp::ResourceKey key) {
  cp::Resource target;
  if (cp::ResourcePtr known = copy_->tables().find(kind, key)) target.meta.version = known->meta.version;
  target.kind = &kind;
  target.meta.mesh = std::move(key.mesh);
  target.meta.name = std::move(key.name);
  auto done = co_await write_one(cp::Write::What::remove, std::move(target), {});
  if (!done) co_return fail(done.error());
  co_return Result<>();
}

asio::awaitable<Result<std::vector<cp::ResourcePtr>>> SharedStore::commit(std::vector<cp::Write> writes, WallTime now) {
  return copy_->write(std::move(writes), now);
}

asio::awaitable<Result<cp::List>> SharedStore::list(const cp::Kind& kind, cp::ListOptions options) {
  co_return copy_->tables().list(kind, options);
}

void SharedStore::subscribe(std::function<void(const cp::Change&)> on_change) {
  copy_->subscribe(std::move(on_change));
}

Result<> SharedStore::close() {
  copy_->close();
  return {};
}

asio::awaitable<Result<cp::ResourcePtr>> SharedStore::write_one(cp::Write::What what, cp::Resource resource,
                                                                WallTime now) {
  std::vector<cp::Write> writes;
  writes.push_back({what, std::move(resource)});
  auto done = co_await copy_->write(std::move(writes), now);
  if (!done) co_return fail(done.error());
  co_return std::move(done->front());
}

}  // namespace kumasim::scenario
