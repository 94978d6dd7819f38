/// Peers hear of every change, however the store's reads, the clock and other peers behave meanwhile.
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include "app/in_world.hpp"
#include "kds/delta_bed.hpp"
#include "kumasim/runtime/task.hpp"
#include "reference-cp/kds/snapshot_feed.hpp"
#include "reference-cp/store/memory.hpp"
#include "store/store_world.hpp"

namespace kumasim::cp::kds::testing {
namespace {

using namespace std::chrono_literals;
using cp::testing::run_with;

/// Each look at the clock takes a while.
class SlowTimers : public Timers {
 public:
  explicit SlowTimers(Timers& inner) : inner_(inner) {}
  MonotonicTime now() const override { return inner_.now() + (ahead_ += each_look); }
  asio::any_io_executor executor() override { return inner_.executor(); }
  std::unique_ptr<TimerImpl> make_timer() override { return inner_.make_timer(); }

  Duration each_look = Duration::zero();

 private:
  Timers& inner_;
  mutable Duration ahead_ = Duration::zero();
};

/// Lists may come late, as they were before, or not at all.
class LaggingStore : public MemoryStore {
 public:
  explicit LaggingStore(Timers& timers) : timers_(timers) {}
  asio::awaitable<Result<List>> list(const Kind& kind, ListOptions options) override {
    if (fails) co_return fail(Code::unavailable, "no");
    auto out = co_await MemoryStore::list(kind, std::move(options));
    if (old && kind.type() == "Secret") co_return *old;
    if (takes > Duration::zero()) co_await sleep(timers_, takes);
    co_return out;
  }

  bool fails = false;
  std::optional<List> old;
  Duration takes = Duration::zero();

 private:
  Timers& timers_;
};

struct Bed {
  explicit Bed(const Runtime& given)
      : runtime(given), timers(given.timers), store(given.timers), feed(timers, given.log, store, kinds, 1s) {
    spawn(runtime.executor, runtime.log, "feed", feed.run());
  }

  void create(const Resource& resource) {
    auto done = cp::testing::run_now(store.create(resource, runtime.clock.wall_now()));
    EXPECT_TRUE(done);
  }
  /// Counts the secrets that it is told of.
  SnapshotFeed::Peer peer(std::size_t& secrets) const {
    SnapshotFeed::Peer out;
    out.is_given = [](const Resource&) { return true; };
    out.as_given = [](const Resource& resource) -> Result<Resource> { return resource; };
    out.on_snapshot = [&secrets](const std::string&, const KindSnapshotPtr& snapshot) { secrets = snapshot->size(); };
    out.on_complete = [] {};
    return out;
  }

  std::vector<const Kind*> kinds = {&kind::secret()};
  Runtime runtime;
  SlowTimers timers;
  LaggingStore store;
  SnapshotFeed feed;
};

TEST(SnapshotFeed, NoChangeIsLostAroundTheEndOfAnInterval) {
  run_with<Bed>([](Bed& bed) -> asio::awaitable<void> {
    std::size_t secrets = 0;
    auto registration = bed.feed.add(bed.peer(secrets));
    co_await sleep(bed.runtime.timers, 3s);
    bed.timers.each_look = 300ms;
    for (std::size_t i = 0; i < 10; ++i) {
      bed.create(secret("first" + std::to_string(i)));  // told at once
      co_await sleep(bed.runtime.timers, 100ms * i + 1ms);
      bed.create(secret("second" + std::to_string(i)));
      co_await sleep(bed.runtime.timers, 1s);
      EXPECT_EQ(secrets, 2 * i + 2);
      co_await sleep(bed.runtime.timers, 2s);
    }
  });
}

TEST(SnapshotFeed, WhatChangesDuringAReadIsInTheNext) {
  run_with<Bed>([](Bed& bed) -> asio::awaitable<void> {
    std::size_t secrets = 0;
    auto registration = bed.feed.add(bed.peer(secrets));
    co_await sleep(bed.runtime.timers, 3s);
    bed.store.takes = 500ms;
    bed.create(secret("a"));
    co_await sleep(bed.runtime.timers, 100ms);
    bed.create(secret("b"));
    co_await sleep(bed.runtime.timers, 500ms);
    EXPECT_EQ(secrets, 1u);
    co_await sleep(bed.runtime.timers, 2s);
    EXPECT_EQ(secrets, 2u);
  });
}

TEST(SnapshotFeed, AReadThatFailsIsRepeated) {
  run_with<Bed>([](Bed& bed) -> asio::awaitable<void> {
    std::size_t secrets = 0;
    bool complete = false;
    bed.create(secret("a"));
    bed.store.fails = true;
    SnapshotFeed::Peer peer = bed.peer(secrets);
    peer.on_complete = [&] { complete = true; };
    auto registration = bed.feed.add(std::move(peer));
    co_await sleep(bed.runtime.timers, 5s);
    EXPECT_FALSE(complete);
    bed.store.fails = false;
    co_await sleep(bed.runtime.timers, 1s + 1ms);
    EXPECT_EQ(secrets, 1u);
    EXPECT_TRUE(complete);
  });
}

TEST(SnapshotFeed, APeerThatCannotBeToldIsToldLaterAndTheOthersAtOnce) {
  run_with<Bed>([](Bed& bed) -> asio::awaitable<void> {
    std::size_t of_first = 0, of_second = 0;
    int failures = 2;
    SnapshotFeed::Peer first = bed.peer(of_first);
    first.form = "own";
    first.as_given = [&](const Resource& resource) -> Result<Resource> {
      if (failures > 0 && failures-- > 0) throw std::runtime_error("no");
      return resource;
    };
    bed.create(secret("a"));
    auto one = bed.feed.add(std::move(first));
    auto two = bed.feed.add(bed.peer(of_second));
    co_await sleep(bed.runtime.timers, 1ms);
    EXPECT_EQ(of_second, 1u);
    EXPECT_EQ(of_first, 0u);
    co_await sleep(bed.runtime.timers, 3s);
    EXPECT_EQ(of_first, 1u);
    bed.create(secret("b"));
    co_await sleep(bed.runtime.timers, 1s + 1ms);
    EXPECT_EQ(of_first, 2u) << "the feed goes on";
  });
}

TEST(SnapshotFeed, AReadThatLagsIsMadeGoodByTheNextResync) {
  run_with<Bed>([](Bed& bed) -> asio::awaitable<void> {
    std::size_t secrets = 0;
    auto registration = bed.feed.add(bed.peer(secrets));
    co_await sleep(bed.runtime.timers, 3s);
    bed.store.old = List{};
    bed.create(secret("a"));
    co_await sleep(bed.runtime.timers, 2s);
    bed.store.old.reset();
    co_await sleep(bed.runtime.timers, 2s);
    EXPECT_EQ(secrets, 0u) << "nothing has changed since";
    co_await sleep(bed.runtime.timers, resync_interval);
    EXPECT_EQ(secrets, 1u);
  });
}

TEST(SnapshotFeed, OthersHaveTheirTurnBetweenPeers) {
  run_with<Bed>([](Bed& bed) -> asio::awaitable<void> {
    int told = 0, turns_between = 0;
    std::size_t ignored = 0;
    SnapshotFeed::Peer peer = bed.peer(ignored);
    peer.on_snapshot = [&](const std::string&, const KindSnapshotPtr&) {
      ++told;
      asio::post(bed.runtime.executor, [&] { turns_between += told == 1; });
    };
    auto one = bed.feed.add(peer);
    auto two = bed.feed.add(peer);
    co_await sleep(bed.runtime.timers, 1s);
    EXPECT_EQ(told, 2);
    EXPECT_EQ(turns_between, 1);
  });
}

}  // namespace
}  // namespace kumasim::cp::kds::testing
