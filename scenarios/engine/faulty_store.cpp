#include "scenarios/engine/faulty_store.hpp"

#include <algorithm>
#include <cassert>

#include "kumasim/runtime/task.hpp"

namespace kumasim::scenario {
namespace {

/// Longer than a process lives that is dying.
constexpr Duration for_ever = std::chrono::hours(24);
/// How often who waits for a connection looks again.
constexpr Duration look_again = std::chrono::milliseconds(50);

bool passes(const cp::ResourceKey& key, const cp::Resource& resource, const cp::ListOptions& options) {
  if (!options.mesh.empty() && key.mesh != options.mesh) return false;
  return key.name.find(options.name_contains) != std::string::npos && (!options.filter || options.filter(resource));
}

}  // namespace

FaultyStore::FaultyStore(std::shared_ptr<cp::Store> inner, Runtime& runtime, const StoreFaults& faults,
                         Duration reads_late_max)
    : inner_(std::move(inner)), runtime_(runtime), faults_(faults), reads_late_max_(reads_late_max) {
  inner_->subscribe([this](const cp::Change& change) { hear(change); });
}

void FaultyStore::subscribe(std::function<void(const cp::Change&)> on_change) {
  subscribers_.push_back(std::move(on_change));
}

void FaultyStore::hear(const cp::Change& change) {
  MonotonicTime now = runtime_.clock.now();
  history_.push_back({now, change});
  while (history_.front().at < now - reads_late_max_) history_.pop_front();
  if (by_chance(faults_.unobserved_ppm)) return;
  if (faults_.told_late <= Duration(0) && untold_.empty()) return tell(change);
  MonotonicTime due = now + faults_.told_late;
  if (!untold_.empty()) due = std::max(due, untold_.back().at);
  untold_.push_back({due, change});
  if (untold_.size() == 1) spawn(runtime_.executor, runtime_.log, "kuma-cp", tell_late());
}

void FaultyStore::tell(const cp::Change& change) {
  for (const auto& subscriber : subscribers_) subscriber(change);
}

asio::awaitable<void> FaultyStore::tell_late() {
  while (!untold_.empty()) {
    Duration rest = untold_.front().at - runtime_.clock.now();
    if (rest > Duration(0)) co_await sleep(runtime_.timers, rest);
    cp::Change change = untold_.front().change;
    tell(change);
    untold_.pop_front();
  }
}

FaultyStore::Past FaultyStore::past(const cp::Kind& kind) const {
  assert(faults_.reads_late <= reads_late_max_);
  Past out;
  MonotonicTime since = runtime_.clock.now() - faults_.reads_late;
  auto first = std::ranges::lower_bound(history_, since, {}, &Known::at);
  for (; first != history_.end(); ++first) {
    if (first->change.kind == &kind) out.try_emplace(first->change.key, first->change.before);
  }
  return out;
}

asio::awaitable<Result<>> FaultyStore::connection() {
  for (Duration waited{}; faults_.no_connection_for; waited += look_again) {
    if (waited >= *faults_.no_connection_for)
      co_return fail(Code::unavailable, "all connections of the store's pool are in use");
    co_await sleep(runtime_.timers, look_again);
  }
  co_return Result<>();
}

std::optional<Error> FaultyStore::refused(bool update) {
  if (by_chance(faults_.denied_ppm))
    return Error{.code = Code::permission_denied,
                 .message = "admission webhook \"validator.kuma-admission.kuma.io\" denied the request"};
  if (by_chance(faults_.aborted_ppm)) return Error{.code = Code::unavailable, .message = "the transaction was aborted"};
  if (update && by_chance(faults_.conflict_ppm))
    return Error{.code = Code::conflict, .message = "resource conflict: another has written it since"};
  return std::nullopt;
}

asio::awaitable<void> FaultyStore::done() {
  if (faults_.dies && faults_.dies()) co_await sleep(runtime_.timers, for_ever);
}

asio::awaitable<Result<cp::ResourcePtr>> FaultyStore::get(const cp::Kind& kind, cp::ResourceKey key) {
  if (auto free = co_await connection(); !free) co_return fail(free.error());
  if (faults_.reads_late > Duration(0)) {
    Past before = past(kind);
    if (auto old = before.find(key); old != before.end()) {
      if (old->second == nullptr) co_return fail(Code::not_found, "there was no " + key.name);
      co_return old->second;
    }
  }
  co_return co_await inner_->get(kind, std::move(key));
}

asio::awaitable<Result<cp::List>> FaultyStore::list(const cp::Kind& kind, cp::ListOptions options) {
  if (auto free = co_await connection(); !free) co_return fail(free.error());
  if (faults_.reads_late <= Duration(0)) co_return co_await inner_->list(kind, std::move(options));
  Result<cp::List> now = co_await inner_->list(kind, {});
  if (!now) co_return now;
  Past all = past(kind);
  for (const cp::ResourcePtr& resource : now->items)
    all.try_emplace({resource->meta.mesh, resource->meta.name}, resource);
  cp::List out;
  for (const auto& [key, resource] : all) {
    if (resource == nullptr || !passes(key, *resource, options)) continue;
    std::size_t index = out.total++;
    bool on_page = index >= options.offset && (options.size == 0 || index - options.offset < options.size);
    if (on_page) out.items.push_back(resource);
  }
  if (options.size != 0 && options.offset + options.size < out.total) out.next = options.offset + options.size;
  co_return out;
}

asio::awaitable<Result<cp::ResourcePtr>> FaultyStore::create(cp::Resource resource, WallTime now) {
  if (auto free = co_await connection(); !free) co_return fail(free.error());
  if (auto error = refused(false)) co_return fail(*error);
  auto written = co_await inner_->create(std::move(resource), now);
  if (written) co_await done();
  co_return written;
}

asio::awaitable<Result<cp::ResourcePtr>> FaultyStore::update(cp::Resource resource, WallTime now) {
  if (auto free = co_await connection(); !free) co_return fail(free.error());
  if (auto error = refused(true)) co_return fail(*error);
  auto written = co_await inner_->update(std::move(resource), now);
  if (written) co_await done();
  co_return written;
}

asio::awaitable<Result<>> FaultyStore::remove(const cp::Kind& kind, cp::ResourceKey key) {
  if (auto free = co_await connection(); !free) co_return fail(free.error());
  if (auto error = refused(false)) co_return fail(*error);
  auto written = co_await inner_->remove(kind, std::move(key));
  if (written) co_await done();
  co_return written;
}

asio::awaitable<Result<std::vector<cp::ResourcePtr>>> FaultyStore::commit(std::vector<cp::Write> writes, WallTime now) {
  if (auto free = co_await connection(); !free) co_return fail(free.error());
  bool updates =
      std::ranges::any_of(writes, [](const cp::Write& write) { return write.what == cp::Write::What::update; });
  if (auto error = refused(updates)) co_return fail(*error);
  auto written = co_await inner_->commit(std::move(writes), now);
  if (written) co_await done();
  co_return written;
}

}  // namespace kumasim::scenario
