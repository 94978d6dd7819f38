/// A whole store into a journal: all of it or nothing, also where the process dies; and out of a store that runs.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "reference-cp/store/export_format.hpp"
#include "reference-cp/store/transfer.hpp"
#include "store/drawn.hpp"
#include "store/dying_disk.hpp"
#include "store/store_world.hpp"

namespace kumasim::cp::testing {
namespace {

std::string content(Persistence& journal) {
  auto resources = journal.load();
  return resources ? print_export(std::move(*resources)).value() : resources.error().message;
}

/// In a life of its own.
std::string content(Disk& disk, Random& random) {
  auto journal = open_sqlite_journal(disk, "store.db", random);
  return journal ? content(**journal) : journal.error().message;
}

TEST(FillStore, KeepsEverythingOfEveryKindAndReplacesWhatWasThere) {
  sim::SeededRandom random(1);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    sim::VirtualDisk disk([](std::uint64_t) {});
    auto first = draw_store(seed), second = draw_store(seed + 1000);
    {
      auto journal = open_sqlite_journal(disk, "store.db", random);
      ASSERT_TRUE(journal.has_value());
      ASSERT_TRUE(fill_store(**journal, first, {}).has_value());
    }
    EXPECT_EQ(content(disk, random), print_export(first).value());
    {
      auto journal = open_sqlite_journal(disk, "store.db", random);
      auto refused = fill_store(**journal, second, {});
      ASSERT_FALSE(refused.has_value());
      EXPECT_EQ(refused.error().code, Code::already_exists);
      EXPECT_EQ(refused.error().message, "the store holds " + std::to_string(first.size()) + " resources already");
      EXPECT_EQ(content(**journal), print_export(first).value());
      ASSERT_TRUE(fill_store(**journal, second, {.replace = true}).has_value());
      ASSERT_TRUE((*journal)->close().has_value());
    }
    EXPECT_EQ(content(disk, random), print_export(second).value());
  }
}

TEST(FillStore, ADeathAtAnyPointLeavesTheOldStoreOrTheNewOne) {
  int old_ones = 0, new_ones = 0;
  const bool ok = rc::check("all or nothing, and what was acknowledged stays", [&] {
    sim::SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
    auto before = draw_store(random.next()), after = draw_store(random.next());
    sim::VirtualDisk disk([](std::uint64_t) {});
    {
      auto journal = open_sqlite_journal(disk, "store.db", random);
      RC_ASSERT(journal.has_value());
      RC_ASSERT(fill_store(**journal, before, {}).has_value());
      if (random.below(2) == 0) RC_ASSERT((*journal)->close().has_value());
    }
    DyingDisk dying(disk, *rc::gen::inRange(1, 150));
    bool acknowledged = false;
    {
      auto journal = open_sqlite_journal(dying, "store.db", random);
      if (journal) {
        acknowledged = fill_store(**journal, after, {.replace = true}).has_value();
        (void)(*journal)->close();
      }
    }
    disk.crash(*rc::gen::element(sim::UnsyncedWrites::keep, sim::UnsyncedWrites::lose, sim::UnsyncedWrites::lose_some),
               random);
    auto there = content(disk, random);
    bool is_new = there == print_export(after).value();
    if (!is_new && there != print_export(before).value()) RC_FAIL("neither the old store nor the new one:\n" + there);
    if (acknowledged) RC_ASSERT(is_new);
    ++(is_new ? new_ones : old_ones);
  });
  EXPECT_TRUE(ok);
  EXPECT_GT(old_ones, 5);
  EXPECT_GT(new_ones, 5);
}

TEST(BeginWith, AStoreInMemoryHoldsWhatItBeganWith) {
  auto resources = draw_store(5);
  auto store = MemoryStore::open(begin_with(resources));
  ASSERT_TRUE(store.has_value());
  std::vector<Resource> there;
  for (const Kind* kind : kinds())
    for (const auto& each : run_now((*store)->list(*kind, {}))->items) there.push_back(*each);
  EXPECT_EQ(print_export(there).value(), print_export(resources).value());
  EXPECT_TRUE(run_now((*store)->create(make_resource(kind::mesh(), "", "one-more"), at_second(1))).has_value());
}

/// A store whose process goes on writing while it is copied: every commit gives two resources the same number.
class BusyStore {
 public:
  explicit BusyStore(std::uint64_t seed) : random_(seed) {
    auto store = open_sqlite(disk_, "store.db", random_);
    EXPECT_TRUE(store.has_value());
    store_ = std::move(*store);
    for (const char* name : {"a", "b"})
      EXPECT_TRUE(run_now(store_->create(make_resource(kind::dataplane(), "m", name, spec()), at_second(0))));
  }

  void write() {
    ++number_;
    std::vector<Write> writes;
    for (const char* name : {"a", "b"}) {
      Resource next = make_resource(kind::dataplane(), "m", name, spec());
      next.meta.version = static_cast<std::uint64_t>(number_);
      writes.push_back({Write::What::update, std::move(next)});
    }
    EXPECT_TRUE(run_now(store_->commit(std::move(writes), at_second(number_))).has_value());
  }

  /// While the next copy is made the process writes up to `writes_max` times after each piece of the file, and once up
  /// to a hundred times that after one of the log, which has 500 of them: enough to begin it anew and to overtake.
  void disturb(std::uint64_t writes_max) {
    reads = 0;
    writes_max_ = writes_max;
    log_reads_ = 0;
    turn_.read = random_.below(2);
    turn_.piece = random_.below(200);
    turn_.writes = random_.below(100 * writes_max + 1);
  }

  /// Piece by piece.
  Result<std::string> read(const std::string& path) {
    ++reads;
    auto file = disk_.open(path, OpenMode::read_only);
    if (!file) return fail(file.error());
    const bool is_log = path.ends_with("-wal");
    const bool has_turn = is_log && log_reads_++ == turn_.read;
    std::string out;
    std::vector<std::byte> piece(8 * 1024);
    for (std::uint64_t number = 0;; ++number) {
      auto count = (*file)->read(out.size(), piece);
      if (!count) return fail(count.error());
      out.append(reinterpret_cast<const char*>(piece.data()), *count);
      if (*count < piece.size()) return out;
      std::uint64_t writes = is_log ? 0 : random_.below(writes_max_ + 1);
      if (has_turn && number == turn_.piece) writes = turn_.writes;
      for (; writes > 0; --writes) write();
    }
  }

  int number() const { return number_; }
  void close() { EXPECT_TRUE(store_->close().has_value()); }

  int reads = 0;

 private:
  /// Several pages of it, so that the log is brought into the file every now and then.
  nlohmann::json spec() { return {{"number", number_}, {"text", std::string(12'000, 'x')}}; }

  sim::VirtualDisk disk_{[](std::uint64_t) {}};
  sim::SeededRandom random_;
  int number_ = 0;
  std::unique_ptr<Store> store_;
  std::uint64_t writes_max_ = 0, log_reads_ = 0;
  struct {
    std::uint64_t read = 0, piece = 0, writes = 0;
  } turn_;
};

/// The number of the commit that the copy shows; -1 where it is none.
int number_of(const std::vector<Resource>& resources) {
  if (resources.size() != 2 || resources[0].spec["number"] != resources[1].spec["number"]) return -1;
  if (resources[0].meta.version != resources[1].meta.version) return -1;
  return resources[0].spec["number"].get<int>();
}

TEST(ReadRunningStore, ShowsOneCommitWhileTheStoreIsWrittenTo) {
  int copied = 0, tried_again = 0;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    BusyStore store(seed);
    sim::SeededRandom pause(seed);
    for (int i = 0; i < 4; ++i) {
      // Anywhere between one checkpoint and the next.
      for (auto writes = pause.below(130); writes > 0; --writes) store.write();
      int before = store.number();
      store.disturb(seed % 3);
      auto copy = read_running_store("store.db", [&](const std::string& path) { return store.read(path); });
      if (store.reads > 4) ++tried_again;
      if (!copy) {
        EXPECT_EQ(copy.error().code, Code::unavailable) << copy.error().message;
        EXPECT_EQ(copy.error().message, "the store \"store.db\" is written to all the time: try again");
        continue;
      }
      ++copied;
      int shown = number_of(*copy);
      EXPECT_GE(shown, before) << "what was acknowledged before is there";
      EXPECT_LE(shown, store.number());
    }
  }
  EXPECT_GT(copied, 20);
  EXPECT_GT(tried_again, 0) << "the log must be begun anew during a copy, or the check of it was not tried";
}

TEST(ReadRunningStore, ReadsAStoreThatWasClosed) {
  BusyStore store(1);
  for (int i = 0; i < 5; ++i) store.write();
  store.close();
  auto copy = read_running_store("store.db", [&](const std::string& path) { return store.read(path); });
  ASSERT_TRUE(copy.has_value()) << copy.error().message;
  EXPECT_EQ(number_of(*copy), 5);
}

TEST(ReadRunningStore, NamesWhatIsNoStore) {
  auto missing = read_running_store(
      "/x/store.db", [](const std::string&) -> Result<std::string> { return fail(Code::not_found, "no"); });
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().message, "there is no store \"/x/store.db\"");
  auto damaged = read_running_store("/x/store.db", [](const std::string& path) -> Result<std::string> {
    if (path.ends_with("-wal")) return fail(Code::not_found, "no");
    return std::string(5000, 'k');
  });
  ASSERT_FALSE(damaged.has_value());
  EXPECT_EQ(damaged.error().code, Code::data_loss);
  EXPECT_NE(damaged.error().message.find("\"/x/store.db\" is damaged"), std::string::npos) << damaged.error().message;
}

}  // namespace
}  // namespace kumasim::cp::testing
