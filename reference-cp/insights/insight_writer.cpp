#include "reference-cp/insights/insight_writer.hpp"

#include <algorithm>
#include <utility>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {
namespace {

constexpr std::string_view component = "insights";

/// Set for as long as it lives.
class Raised {
 public:
  explicit Raised(bool& flag) : flag_(flag) { flag_ = true; }
  ~Raised() { flag_ = false; }
  Raised(const Raised&) = delete;
  Raised& operator=(const Raised&) = delete;

 private:
  bool& flag_;
};

bool is_written_here(const Kind& kind) { return &kind == &kind::mesh_insight() || &kind == &kind::service_insight(); }

}  // namespace

std::string service_insight_name(const std::string& mesh) { return "all-services-" + mesh; }

asio::awaitable<Result<>> InsightWriter::start() {
  store_.subscribe([this](const Change& change) { hear(change); });
  for (const Kind* kind : kinds()) {
    if ((kind->is_global() && kind != &kind::mesh()) || is_written_here(*kind)) continue;
    auto list = co_await store_.list(*kind, {});
    if (!list) co_return fail(list.error());
    for (const auto& resource : list->items) hear({kind, resource->key(), nullptr, resource});
  }
  co_return Result<>();
}

void InsightWriter::want(const std::string& mesh) {
  due_.insert(mesh);
  if (wake_) wake_->set();
}

void InsightWriter::hear(const Change& change) {
  const Kind& kind = *change.kind;
  const bool is_mesh = &kind == &kind::mesh();
  if (kind.is_global() && !is_mesh && !is_written_here(kind)) return;
  const std::string& name = kind.is_global() ? change.key.name : change.key.mesh;
  if (is_written_here(kind)) {
    // Somebody else's write of it is made up for, other than its going with its mesh.
    auto found = meshes_.find(name);
    if (!own_ && found != meshes_.end() && found->second.there) want(name);
    return;
  }
  Mesh& mesh = meshes_[name];
  if (is_mesh) {
    const bool there = change.after != nullptr;
    if (there && !mesh.there) want(name);
    mesh.there = there;
    // Its resources go before it does, in the same write.
    if (!there) {
      meshes_.erase(name);
      failed_.erase(name);
    }
    return;
  }
  if (mesh.tally.set(kind, change.key.name, change.after)) want(name);
}

asio::awaitable<void> InsightWriter::run(Timers& timers, Duration interval) {
  timers_ = &timers;
  wake_.emplace(timers.executor());
  if (!due_.empty()) wake_->set();
  for (;;) {
    co_await wake_->wait();
    // What comes meanwhile is written together.
    co_await sleep(timers, interval);
    wake_->reset();
    co_await write_due();
  }
}

asio::awaitable<void> InsightWriter::write_due() {
  for (const std::string& mesh : std::exchange(due_, {})) {
    std::string reason;
    try {
      auto done = co_await write(mesh);
      if (done) {
        note_done(mesh);
        continue;
      }
      if (done.error().code == Code::conflict || done.error().code == Code::already_exists) {
        want(mesh);
        continue;
      }
      reason = done.error().message;
    } catch (const boost::system::system_error& error) {
      if (error.code() == asio::error::operation_aborted) throw;
      reason = error.what();
    } catch (const std::exception& error) {
      reason = error.what();
    }
    note_failed(mesh, std::move(reason));
  }
}

void InsightWriter::note_failed(const std::string& mesh, std::string reason) {
  auto found = meshes_.find(mesh);
  if (found == meshes_.end()) return;  // it has gone meanwhile
  Failure& failure = failed_[mesh];
  if (failure.reason != reason) {
    log_.warn(component, "insights of a mesh not written", {{"mesh", mesh}, {"error", reason}});
    failure.reason = std::move(reason);
  }
  if (!timers_) {
    due_.insert(mesh);
    return;
  }
  if (failure.waiting != 0) return;
  failure.waiting = ++retry_pauses_;
  Duration pause = std::exchange(failure.pause, std::min<Duration>(failure.pause * 2, retry_max));
  spawn(timers_->executor(), log_, "insights.retry", retry(mesh, failure.waiting, pause));
}

/// A pause that is still waited for ends without effect: a failure from now on is a new one.
void InsightWriter::note_done(const std::string& mesh) {
  if (failed_.erase(mesh) != 0) log_.info(component, "insights of a mesh written again", {{"mesh", mesh}});
}

asio::awaitable<void> InsightWriter::retry(std::string mesh, std::uint64_t number, Duration pause) {
  co_await sleep(*timers_, pause);
  auto found = failed_.find(mesh);
  if (found == failed_.end() || found->second.waiting != number) co_return;
  found->second.waiting = 0;
  want(mesh);
}

asio::awaitable<Result<>> InsightWriter::write(std::string mesh) {
  auto found = meshes_.find(mesh);
  if (found == meshes_.end() || !found->second.there) co_return Result<>();
  nlohmann::json of_services = found->second.tally.service_insight();
  auto done = co_await put(kind::mesh_insight(), {"", mesh}, found->second.tally.mesh_insight());
  if (!done) co_return done;
  co_return co_await put(kind::service_insight(), {mesh, service_insight_name(mesh)}, std::move(of_services));
}

asio::awaitable<Result<>> InsightWriter::put(const Kind& kind, ResourceKey key, nlohmann::json spec) {
  auto held = co_await store_.get(kind, key);
  if (!held && held.error().code != Code::not_found) co_return fail(held.error());
  if (held && (*held)->spec == spec) co_return Result<>();
  Resource insight;
  if (held) insight = **held;
  insight.kind = &kind;
  insight.meta.mesh = key.mesh;
  insight.meta.name = key.name;
  insight.spec = std::move(spec);
  // It may have gone while the store was asked; what it owned has gone with it.
  const std::string& mesh = kind.is_global() ? key.name : key.mesh;
  if (auto found = meshes_.find(mesh); found == meshes_.end() || !found->second.there) co_return Result<>();
  const Raised own(own_);
  const WallTime now = clock_.wall_now();
  auto done = held ? co_await store_.update(std::move(insight), now) : co_await store_.create(std::move(insight), now);
  if (!done) co_return fail(done.error());
  co_return Result<>();
}

}  // namespace kumasim::cp
