#include "reference-cp/kds/snapshot_feed.hpp"

#include <algorithm>

#include "kumasim/runtime/task.hpp"

namespace kumasim::cp::kds {

SnapshotFeed::Registration& SnapshotFeed::Registration::operator=(Registration&& other) noexcept {
  peers_.swap(other.peers_);
  std::swap(number_, other.number_);
  return *this;
}

SnapshotFeed::Registration::~Registration() {
  if (auto peers = peers_.lock()) peers->erase(number_);
}

SnapshotFeed::SnapshotFeed(Timers& timers, Log& log, Store& store, std::span<const Kind* const> kinds,
                           Duration refresh_interval)
    : timers_(timers),
      log_(log),
      store_(store),
      kinds_(kinds.begin(), kinds.end()),
      refresh_interval_(refresh_interval),
      wake_(timers.executor()) {
  store_.subscribe([this](const Change& change) { hear(change); });
}

SnapshotFeed::Registration SnapshotFeed::add(Peer peer) {
  Told told{.peer = std::move(peer), .begun = false, .due = {}, .snapshots = {}};
  for (KindNumber i = 0; i < kinds_.size(); ++i) told.due.insert(i);
  peers_->emplace(++number_, std::move(told));
  wake_.set();
  return Registration(peers_, number_);
}

void SnapshotFeed::touch_all() {
  for (auto& [number, told] : *peers_)
    for (KindNumber i = 0; i < kinds_.size(); ++i) told.due.insert(i);
  wake_.set();
}

void SnapshotFeed::hear(const Change& change) {
  auto found = std::ranges::find(kinds_, change.kind);
  if (found == kinds_.end() || peers_->empty()) return;
  for (auto& [number, told] : *peers_) told.due.insert(static_cast<KindNumber>(found - kinds_.begin()));
  wake_.set();
}

bool SnapshotFeed::is_due() const {
  return std::ranges::any_of(*peers_, [](const auto& entry) { return !entry.second.due.empty(); });
}

asio::awaitable<void> SnapshotFeed::run() {
  MonotonicTime next = timers_.now();
  for (;;) {
    const bool waits = is_due() && timers_.now() < next;
    if (waits)
      co_await with_timeout(timers_, next - timers_.now(), wake_.wait());  // a new peer does not wait
    else
      co_await wake_.wait();
    wake_.reset();
    co_await tell_new_peers();
    if (!is_due() || timers_.now() < next) continue;
    next = timers_.now() + refresh_interval_;
    std::vector<std::uint64_t> all;
    for (const auto& [number, told] : *peers_) all.push_back(number);
    co_await tell(std::move(all));
    if (is_due()) wake_.set();  // the store failed, or has changed meanwhile
  }
}

asio::awaitable<void> SnapshotFeed::tell_new_peers() {
  std::vector<std::uint64_t> fresh;
  for (const auto& [number, told] : *peers_)
    if (!told.begun) fresh.push_back(number);
  if (fresh.empty()) co_return;
  co_await tell(fresh);
  for (std::uint64_t number : fresh) {
    auto found = peers_->find(number);
    if (found == peers_->end() || found->second.snapshots.size() < kinds_.size()) continue;
    found->second.begun = true;
    found->second.peer.on_complete();
  }
}

asio::awaitable<void> SnapshotFeed::tell(std::vector<std::uint64_t> peers) {
  for (KindNumber i = 0; i < kinds_.size(); ++i) {
    auto wants = [&](std::uint64_t number) {
      auto found = peers_->find(number);
      return found != peers_->end() && found->second.due.contains(i);
    };
    if (std::ranges::none_of(peers, wants)) continue;
    auto list = co_await store_.list(*kinds_[i], {});
    if (!list) {
      log_.warn("kds", "resources not read", {{"type", kinds_[i]->type()}, {"error", list.error().message}});
      continue;
    }
    for (std::uint64_t number : peers) {
      if (!wants(number)) continue;
      Told& told = peers_->find(number)->second;
      told.due.erase(i);
      tell_kind(told, i, *list);
    }
    forget_gone(i, *list);
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
  told.peer.on_snapshot(kinds_[number]->type(), before);
}

ResourceMessagePtr SnapshotFeed::message_of(const Peer& peer, KindNumber number, const ResourcePtr& resource) {
  Made& made = made_[{number, peer.form}][resource->key()];
  if (made.of == resource) return made.message;
  ResourceMessagePtr before = std::exchange(made, {.of = resource, .message = nullptr}).message;
  auto given = peer.as_given(*resource);
  Result<ResourceMessage> message = given ? to_message(*given) : Result<ResourceMessage>(fail(given.error()));
  if (message && before && before->version == message->version)
    made.message = std::move(before);
  else if (message)
    made.message = std::make_shared<const ResourceMessage>(std::move(*message));
  else
    log_.error("kds", "resource not given away",
               {{"type", resource->kind->type()},
                {"mesh", resource->meta.mesh},
                {"name", resource->meta.name},
                {"error", message.error().message}});
  return made.message;
}

void SnapshotFeed::forget_gone(KindNumber number, const List& list) {
  std::set<ResourceKey> there;
  for (const ResourcePtr& resource : list.items) there.insert(resource->key());
  for (auto& [of, by_key] : made_)
    if (of.first == number) std::erase_if(by_key, [&](const auto& entry) { return !there.contains(entry.first); });
}

}  // namespace kumasim::cp::kds
