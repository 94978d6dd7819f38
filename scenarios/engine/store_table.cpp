#include "scenarios/engine/store_table.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "kumasim/runtime/channel.hpp"
#include "kumasim/runtime/task.hpp"
#include "kumasim/sim/world.hpp"
#include "kumasim/transport/serve.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/sqlite.hpp"
#include "scenarios/engine/table_messages.hpp"

namespace kumasim::scenario {
namespace {

/// A replica that is further behind reads all again.
constexpr std::size_t words_waiting_max = 10'000;
const cp::ResourceKey lease_key{"", "kuma-cp-lock"};

/// One that hears what is committed.
struct Follower {
  Follower(asio::any_io_executor executor, GrpcServerStream of)
      : words(std::move(executor), words_waiting_max), stream(std::move(of)) {}
  Channel<std::string> words;
  GrpcServerStream stream;
};

/// Operations of the stores never wait: each is atomic among the others.
class Table : public std::enable_shared_from_this<Table> {
 public:
  Table(Runtime& runtime, std::unique_ptr<cp::Store> resources, std::unique_ptr<cp::Store> locks)
      : runtime_(runtime), resources_(std::move(resources)), locks_(std::move(locks)) {
    resources_->subscribe(
        [this](const cp::Change& change) { heard_.push_back({change.kind, change.key, change.after}); });
  }

  asio::awaitable<void> serve() {
    listener_ = runtime_.network.listen({"", table_port});
    ServeLimits limits;
    limits.grpc = table_limits();
    co_await serve_listener(
        runtime_, listener_, nullptr, nullptr,
        [self = shared_from_this()](GrpcServerStream stream) { return self->serve_call(std::move(stream)); }, limits);
  }

  /// Coroutines hold `self`.
  static asio::awaitable<void> take_lease(std::shared_ptr<Table> self) {
    auto lease = co_await self->lease();
    // Counted up by somebody else: whoever leads hears so at its next heartbeat, the others see the row move.
    if (!lease || lease->owner.empty()) co_return;
    std::string owner = lease->owner;
    (void)co_await self->put_lease(std::move(*lease), std::move(owner));
  }

 private:
  struct Lease {
    std::string owner;  // "" for nobody
    cp::Resource record;
    cp::LeaseRow::Number number() const { return std::to_string(record.meta.version); }
  };
  using Number = std::optional<cp::LeaseRow::Number>;

  asio::awaitable<void> serve_call(GrpcServerStream stream) {
    if (stream.path() == follow_path) return follow(shared_from_this(), std::move(stream));
    return answer_lease(shared_from_this(), std::move(stream));
  }

  static asio::awaitable<void> follow(std::shared_ptr<Table> self, GrpcServerStream stream) {
    auto follower = std::make_shared<Follower>(self->runtime_.executor, stream);
    self->followers_.push_back(follower);
    follower->words.try_send(encode(co_await self->all()));
    spawn(self->runtime_.executor, self->runtime_.log, "table.words", tell(follower));
    while (auto bytes = co_await stream.read()) {
      auto request = decode_commit(*bytes);
      if (!request) {
        stream.finish(to_status(request.error()));
        break;
      }
      co_await self->commit(std::move(*request), follower);
    }
    std::erase(self->followers_, follower);
    follower->words.close();
  }

  static asio::awaitable<void> tell(std::shared_ptr<Follower> follower) {
    while (auto word = co_await follower->words.receive())
      if (!co_await follower->stream.write(std::move(*word))) co_return;
  }

  asio::awaitable<TableWord> all() {
    TableWord out;
    for (const cp::Kind* kind : cp::kinds()) {
      auto list = co_await resources_->list(*kind, {});
      if (!list) continue;
      for (cp::ResourcePtr& resource : list->items) out.changes.push_back({kind, resource->key(), std::move(resource)});
    }
    co_return out;
  }

  /// Its author is told whatever comes of it, all others what it changed.
  asio::awaitable<void> commit(CommitRequest request, std::shared_ptr<Follower> author) {
    heard_.clear();
    auto done = co_await resources_->commit(std::move(request.writes), request.now);
    TableWord word{.changes = std::exchange(heard_, {}), .answers = request.id};
    if (!done) {
      word = {.changes = {}, .answers = request.id, .written = {}, .refused = done.error()};
      tell_one(*author, encode(word));
      co_return;
    }
    TableWord to_others{.changes = word.changes};
    for (const cp::ResourcePtr& resource : *done) word.written.push_back(place_of(resource, word.changes));
    const std::string said = encode(to_others);
    for (const auto& follower : followers_) tell_one(*follower, follower == author ? encode(word) : said);
  }

  static std::optional<std::size_t> place_of(const cp::ResourcePtr& written, const std::vector<TableChange>& changes) {
    if (written == nullptr) return std::nullopt;
    return static_cast<std::size_t>(std::ranges::find(changes, written, &TableChange::after) - changes.begin());
  }

  static void tell_one(Follower& follower, std::string word) {
    if (follower.words.try_send(std::move(word))) return;
    follower.stream.drop({GrpcCode::unavailable, "it is too far behind"});
  }

  static asio::awaitable<void> answer_lease(std::shared_ptr<Table> self, GrpcServerStream stream) {
    if (stream.path() != lease_path) co_return stream.finish(GrpcCode::unimplemented, "unknown method");
    auto bytes = co_await stream.read();
    if (!bytes) co_return;
    auto request = decode_lease(*bytes);
    if (!request) co_return stream.finish(to_status(request.error()));
    auto done = co_await self->work_on_lease(std::move(*request));
    if (!done) co_return stream.finish(to_status(done.error()));
    co_await stream.write(encode_number(*done));
  }

  asio::awaitable<Result<Number>> work_on_lease(LeaseRequest request) {
    using What = LeaseRequest::What;
    auto lease = co_await this->lease();
    if (!lease) co_return fail(lease.error());
    const bool nobodys = lease->owner.empty(), stands = !nobodys && request.number == lease->number();
    switch (request.what) {
      case What::look: co_return nobodys ? std::nullopt : Number(lease->number());
      case What::take:
        if (nobodys || stands) co_return co_await put_lease(std::move(*lease), std::move(request.instance));
        break;
      case What::count_up:
        if (stands) co_return co_await put_lease(*lease, lease->owner);
        break;
      case What::give_back:
        if (stands) co_return co_await put_lease(std::move(*lease), "");
        break;
    }
    co_return Number();
  }

  /// The row is a resource in a store of its own, and its version the number.
  asio::awaitable<Result<Lease>> lease() {
    auto kept = co_await locks_->get(cp::kind::config(), lease_key);
    if (kept) co_return Lease{(*kept)->spec.at("config").get<std::string>(), **kept};
    if (kept.error().code != Code::not_found) co_return fail(kept.error());
    Lease out;
    out.record.kind = &cp::kind::config();
    out.record.meta.name = lease_key.name;
    co_return out;
  }

  asio::awaitable<Result<Number>> put_lease(Lease lease, std::string owner) {
    lease.record.spec["config"] = std::move(owner);
    const WallTime now = runtime_.clock.wall_now();
    const bool first = lease.record.meta.version == 0;
    auto done = first ? co_await locks_->create(std::move(lease.record), now)
                      : co_await locks_->update(std::move(lease.record), now);
    if (!done) co_return fail(done.error());
    co_return Number(std::to_string((*done)->meta.version));
  }

  Runtime& runtime_;
  std::unique_ptr<cp::Store> resources_, locks_;
  std::vector<std::shared_ptr<Follower>> followers_;
  std::vector<TableChange> heard_;  // of the commit that is being done
  Listener listener_;
};

}  // namespace

StoreTable start_store_table(sim::Process& process, std::function<void(std::string)> failed) {
  auto life = std::make_shared<std::weak_ptr<Table>>();
  process.start([&process, life, failed = std::move(failed)](Runtime& runtime) {
    auto resources = cp::open_sqlite(runtime.disk, "resources.db", runtime.random);
    auto locks = cp::open_sqlite(runtime.disk, "locks.db", runtime.random);
    for (const auto* opened : {&resources, &locks})
      if (!*opened) return failed("its table cannot be opened: " + opened->error().message);
    auto table = std::make_shared<Table>(runtime, std::move(*resources), std::move(*locks));
    process.keep(table);
    *life = table;
    spawn(runtime.executor, runtime.log, "table", table->serve());
  });
  return {[&process, life] {
    process.world().post(process, Duration(0), sim::EventKind::post, 0, [&process, life] {
      auto table = life->lock();
      if (!table) return;
      Runtime& runtime = process.runtime();
      spawn(runtime.executor, runtime.log, "table", Table::take_lease(table));
    });
  }};
}

}  // namespace kumasim::scenario
