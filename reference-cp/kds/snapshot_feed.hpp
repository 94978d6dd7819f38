/// What this side has for each of its peers, by kind, kept up with the store.
///
/// The store tells of each change: a kind is read again only where one of its resources has changed, at most once a
/// refresh interval (multizone.*.kds.refreshInterval), and only what has changed is made into a message again. Kuma
/// reads all kinds for every zone in each interval. Here all are read once in a resync interval, for a read that lagged
/// behind the change that caused it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kumasim/runtime/event.hpp"
#include "kumasim/runtime/log.hpp"
#include "kumasim/runtime/timer.hpp"
#include "reference-cp/kds/delta_source.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp::kds {

class KdsMetrics;

/// As Kuma's experimental.kdsEventBasedWatchdog.fullResyncInterval.
inline constexpr Duration resync_interval = std::chrono::seconds(60);

class SnapshotFeed {
 public:
  /// What one peer is given, and who hears of it.
  struct Peer {
    std::function<bool(const Resource&)> is_given;
    std::function<Result<Resource>(const Resource&)> as_given;
    std::string form;  ///< peers of one form are given a resource in the same way: it is made once for all of them
    std::function<void(const std::string& kind, KindSnapshotPtr)> on_snapshot;
    std::function<void()> on_complete;  ///< all kinds have been told for the first time
  };

  class Registration;

  /// All must outlive it; it must live as long as the store.
  SnapshotFeed(Timers& timers, Log& log, Store& store, std::span<const Kind* const> kinds, Duration refresh_interval,
               KdsMetrics* metrics = nullptr);

  /// A new peer is told of every kind at once, by run().
  [[nodiscard]] Registration add(Peer peer);
  /// Something that the peers' rules depend on has changed.
  void touch_all();
  /// Nothing is found of these kinds from now on (a planted bug); nullptr: all is.
  void overlook(bool (*kinds)(const Kind&));
  /// Tells peers, until the process ends. A kind that the store does not give, or that a peer could not be told of, is
  /// tried again.
  asio::awaitable<void> run();

 private:
  using KindNumber = std::size_t;
  struct Told {
    Peer peer;
    bool begun = false;
    bool heard = false;    ///< something has changed that it has not been told of
    bool resync = true;    ///< some of what is due is so without a change
    bool changed = false;  ///< it was told of something in the round that goes on
    std::set<KindNumber> due;
    std::map<KindNumber, KindSnapshotPtr> snapshots;
  };
  struct Made {
    ResourcePtr of;
    ResourceMessagePtr message;  ///< null where it cannot be made one
  };
  using MadeByKey = std::map<ResourceKey, Made>;
  using Peers = std::map<std::uint64_t, Told>;

  void hear(const Change& change);
  void mark_all();
  bool is_due() const;
  asio::awaitable<void> tell_new_peers();
  asio::awaitable<void> tell(std::vector<std::uint64_t> peers);
  void note_round(Told& told, Duration took, bool heard);
  std::vector<std::uint64_t> take_marks(const std::vector<std::uint64_t>& peers, KindNumber number);
  void mark_again(std::uint64_t peer, KindNumber number);
  void try_tell_kind(std::uint64_t peer, KindNumber number, const List& list);
  void tell_kind(Told& told, KindNumber number, const List& list);
  ResourceMessagePtr message_of(const Peer& peer, KindNumber number, const ResourcePtr& resource);
  void forget_gone(KindNumber number, const List& list);

  Timers& timers_;
  Log& log_;
  Store& store_;
  std::vector<const Kind*> kinds_;
  Duration refresh_interval_;
  KdsMetrics* metrics_;  // null: nothing is counted
  std::shared_ptr<Peers> peers_ = std::make_shared<Peers>();
  std::uint64_t number_ = 0;
  std::map<std::pair<KindNumber, std::string>, MadeByKey> made_;  ///< by kind and form
  Event wake_;
  bool (*overlooked_)(const Kind&) = nullptr;
};

/// A peer is told for as long as this lives. It may outlive the feed.
class SnapshotFeed::Registration {
 public:
  Registration() = default;
  Registration(std::weak_ptr<Peers> peers, std::uint64_t number) : peers_(std::move(peers)), number_(number) {}
  Registration(Registration&&) noexcept = default;
  Registration& operator=(Registration&& other) noexcept;
  ~Registration();

  /// The peer has been told of all kinds, and of every change that the store has told.
  bool up_to_date() const;

 private:
  std::weak_ptr<Peers> peers_;
  std::uint64_t number_ = 0;
};

}  // namespace kumasim::cp::kds
