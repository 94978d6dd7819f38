#include "reference-cp/kds/snapshot_feed.hpp"

#include <algorithm>
#include <exception>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/kds/kds_metrics.hpp"

namespace kumasim::cp::kds {

SnapshotFeed::Registration& SnapshotFeed::Registration::operator=(Registration&& other) noexcept {
  peers_.swap(other.peers_);
  std::swap(number_, other.number_);
  return *this;
}

SnapshotFeed::Registration::~Registration() {
  if (auto peers = peers_.lock()) peers->erase(number_);
}

bool SnapshotFeed::Registration::up_to_date() const {
  auto peers = peers_.lock();
  if (!peers) return false;
  auto told = peers->find(number_);
  return told != peers->end() && told->second.begun && !told->second.heard;
}

SnapshotFeed::SnapshotFeed(Timers& timers, Log& log, Store& store, std::span<const Kind* const> kinds,
                           Duration refresh_interval, KdsMetrics* metrics)
    : timers_(timers),
      log_(log),
      store_(store),
      kinds_(kinds.begin(), kinds.end()),
      refresh_interval_(refresh_interval),
      metrics_(metrics),
      wake_(timers.executor()) {
  store_.subscribe([this](const Change& change) { hear(change); });
}

SnapshotFeed::Registration SnapshotFeed::add(Peer peer) {
  Told told{.peer = std::move(peer), .due = {}, .snapshots = {}};
  for (KindNumber i = 0; i < kinds_.size(); ++i) told.due.insert(i);
  peers_->emplace(++number_, std::move(told));
  wake_.set();
  return Registration(peers_, number_);
}

void SnapshotFeed::mark_all() {
  for (auto& [number, told] : *peers_)
    for (KindNumber i = 0; i < kinds_.size(); ++i) told.due.insert(i);
}

void SnapshotFeed::touch_all() {
  mark_all();
  for (auto& [number, told] : *peers_) told.heard = true;
  wake_.set();
}

void SnapshotFeed::overlook(bool (*kinds)(const Kind&)) {
  overlooked_ = kinds;
  touch_all();
}

void SnapshotFeed::hear(const Change& change) {
  auto found = std::ranges::find(kinds_, change.kind);
  if (found == kinds_.end() || peers_->empty()) return;
  for (auto& [number, told] : *peers_) {
    told.due.insert(static_cast<KindNumber>(found - kinds_.begin()));
    told.heard = true;
  }
  wake_.set();
}

bool SnapshotFeed::is_due() const {
  return std::ranges::any_of(*peers_, [](const auto& entry) { return !entry.second.due.empty(); });
}

asio::awaitable<void> SnapshotFeed::run() {
  MonotonicTime next = timers_.now();
  MonotonicTime resync = next + resync_interval;
  for (;;) {
    // Work that waits for its time needs no event; a new peer does not wait.
    const MonotonicTime until = is_due() ? next : resync;
    co_await with_timeout(timers_, std::max(Duration::zero(), until - timers_.now()), wake_.wait());
    wake_.reset();
    if (timers_.now() >= resync) {
      mark_all();
      for (auto& [number, told] : *peers_) told.resync = true;
      resync = timers_.now() + resync_interval;
    }
    co_await tell_new_peers();
    if (!is_due() || timers_.now() < next) continue;
    next = timers_.now() + refresh_interval_;
    std::vector<std::uint64_t> all;
    for (const auto& [number, told] : *peers_) all.push_back(number);
    co_await tell(std::move(all));
  }
}

asio::awaitable<void> SnapshotFeed::tell_new_peers() {
  std::vector<std::uint64_t> fresh;
  for (const auto& [number, told] : *peers_)
    if (!told.begun) fresh.push_back(number);
  if (fresh.empty()) co_return;
  co_await tell(std::move(fresh));
}

/// A mark goes before the store is read, so that what changes meanwhile sets it again.
asio::awaitable<void> SnapshotFeed::tell(std::vector<std::uint64_t> peers) {
  const MonotonicTime begun = timers_.now();
  std::map<std::uint64_t, bool> heard;
  for (std::uint64_t peer : peers)
    if (auto found = peers_->find(peer); found != peers_->end()) heard[peer] = found->second.heard;
  for (KindNumber i = 0; i < kinds_.size(); ++i) {
    const std::vector<std::uint64_t> waiting = take_marks(peers, i);
    if (waiting.empty()) continue;
    auto list = co_await store_.list(*kinds_[i], {});
    if (!list) {
      log_.warn("kds", "resources not read", {{"type", kinds_[i]->type()}, {"error", list.error().message}});
      if (metrics_ != nullptr) metrics_->generation_failed();
      for (std::uint64_t peer : waiting) mark_again(peer, i);
      continue;
    }
    if (overlooked_ && overlooked_(*kinds_[i])) list->items.clear();
    for (std::uint64_t peer : waiting) {
      try_tell_kind(peer, i, *list);
      co_await asio::post(timers_.executor(), asio::use_awaitable);  // others have their turn between peers
    }
    forget_gone(i, *list);
  }
  for (std::uint64_t peer : peers) {
    auto found = peers_->find(peer);
    if (found == peers_->end()) continue;
    if (found->second.due.empty()) found->second.heard = false;
    note_round(found->second, timers_.now() - begun, heard[peer]);
    if (found->second.begun || found->second.snapshots.size() < kinds_.size()) continue;
    found->second.begun = true;
    found->second.peer.on_complete();
  }
}

/// What is due after it is so by a change, or by what has failed.
void SnapshotFeed::note_round(Told& told, Duration took, bool heard) {
  const bool resync = std::exchange(told.resync, false), changed = std::exchange(told.changed, false);
  if (metrics_ != nullptr && (resync || heard)) metrics_->generated(took, resync, heard, changed);
}

/// Those of the peers that are to be told of the kind.
std::vector<std::uint64_t> SnapshotFeed::take_marks(const std::vector<std::uint64_t>& peers, KindNumber number) {
  std::vector<std::uint64_t> out;
  for (std::uint64_t peer : peers)
    if (auto found = peers_->find(peer); found != peers_->end() && found->second.due.erase(number) > 0)
      out.push_back(peer);
  return out;
}

void SnapshotFeed::mark_again(std::uint64_t peer, KindNumber number) {
  if (auto found = peers_->find(peer); found != peers_->end()) found->second.due.insert(number);
}

/// What fails for one peer is tried again, and is no matter of the others.
void SnapshotFeed::try_tell_kind(std::uint64_t peer, KindNumber number, const List& list) {
  auto found = peers_->find(peer);
  if (found == peers_->end()) return;
  try {
    tell_kind(found->second, number, list);
  } catch (const std::exception& error) {
    log_.error("kds", "resources not given away", {{"type", kinds_[number]->type()}, {"error", error.what()}});
    if (metrics_ != nullptr) metrics_->generation_failed();
    if (found = peers_->find(peer); found != peers_->end()) found->second.snapshots.erase(number);
    mark_again(peer, number);
  }
}

void SnapshotFeed::tell_kind(Told& told, KindNumber number, const List& list) {
  KindSnapshot snapshot;
  for (const ResourcePtr& resource : list.items) {
    if (!told.peer.is_given(*resource)) continue;
    if (ResourceMessagePtr message = message_of(told.peer, number, resource))
      snapshot.insert_or_assign(message->name, std::move(message));
  }
  KindSnapshotPtr& before = told.snapshots[number];
  if (before && *before == snapshot) return;
  before = std::make_shared<const KindSnapshot>(std::move(snapshot));
  told.changed = true;
  told.peer.on_snapshot(kinds_[number]->type(), before);
}

ResourceMessagePtr SnapshotFeed::message_of(const Peer& peer, KindNumber number, const ResourcePtr& resource) {
  Made& made = made_[{number, peer.form}][resource->key()];
  if (made.of == resource) return made.message;
  auto given = peer.as_given(*resource);
  Result<ResourceMessage> message = given ? to_message(*given) : Result<ResourceMessage>(fail(given.error()));
  if (!message) {
    log_.error("kds", "resource not given away",
               {{"type", resource->kind->type()},
                {"mesh", resource->meta.mesh},
                {"name", resource->meta.name},
                {"error", message.error().message}});
    made.message = nullptr;
  } else if (!made.message || made.message->version != message->version) {
    made.message = std::make_shared<const ResourceMessage>(std::move(*message));
  }
  made.of = resource;
  return made.message;
}

void SnapshotFeed::forget_gone(KindNumber number, const List& list) {
  std::set<ResourceKey> there;
  for (const ResourcePtr& resource : list.items) there.insert(resource->key());
  for (auto& [of, by_key] : made_)
    if (of.first == number) std::erase_if(by_key, [&](const auto& entry) { return !there.contains(entry.first); });
}

}  // namespace kumasim::cp::kds
