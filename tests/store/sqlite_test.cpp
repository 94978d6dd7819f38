/// What SQLite brings beside the contract: bad files are named and left alone, and a file has one owner.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <sstream>

#include "store/store_world.hpp"

namespace kumasim::cp::testing {
namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

void run_sql(const std::string& path, const char* sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
  sqlite3_close(database);
}

/// A store with 200 resources, closed again.
void fill(const std::string& path) {
  auto store = open_sqlite(path);
  ASSERT_TRUE(store.has_value()) << store.error().message;
  for (int i = 0; i < 200; ++i) {
    Resource one = make_resource(kind::dataplane(), "m", "d" + std::to_string(i), {{"text", std::string(100, 'x')}});
    ASSERT_TRUE(run_now((*store)->create(one, at_second(i))).has_value());
  }
}

TEST(Sqlite, FileThatIsNoDatabaseIsLeftAlone) {
  ScratchFolder folder;
  std::string path = folder.file("store.db");
  std::string text(5000, 'k');
  std::ofstream(path, std::ios::binary) << text;
  auto store = open_sqlite(path);
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().code, Code::data_loss);
  EXPECT_NE(store.error().message.find("\"" + path + "\" is damaged"), std::string::npos) << store.error().message;
  EXPECT_NE(store.error().message.find("left as it is"), std::string::npos);
  EXPECT_EQ(bytes_of(path), text);
}

TEST(Sqlite, DamagedStoreIsLeftAlone) {
  ScratchFolder folder;
  std::string path = folder.file("store.db");
  fill(path);
  run_sql(path, "PRAGMA wal_checkpoint(TRUNCATE)");
  std::string good = bytes_of(path);
  ASSERT_GT(good.size(), 20'000u);
  std::string bad = good;
  for (std::size_t i = 4096 + 50; i < bad.size() - 4096; i += 7) bad[i] = 'X';
  std::ofstream(path, std::ios::binary) << bad;
  auto store = open_sqlite(path);
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().code, Code::data_loss) << store.error().message;
  EXPECT_EQ(bytes_of(path), bad);
}

TEST(Sqlite, DatabaseOfAnotherProgramIsLeftAlone) {
  ScratchFolder folder;
  std::string path = folder.file("other.db");
  run_sql(path, "CREATE TABLE people (name TEXT)");
  std::string before = bytes_of(path);
  auto store = open_sqlite(path);
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().code, Code::data_loss);
  EXPECT_NE(store.error().message.find("database of another program"), std::string::npos) << store.error().message;
  EXPECT_EQ(bytes_of(path), before);
}

TEST(Sqlite, NewerSchemaIsRefused) {
  ScratchFolder folder;
  std::string path = folder.file("store.db");
  fill(path);
  run_sql(path, "PRAGMA user_version=2");
  auto store = open_sqlite(path);
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().code, Code::unsupported);
  EXPECT_NE(store.error().message.find("schema version 2, this program reads version 1"), std::string::npos);
}

TEST(Sqlite, FileHasOneOwner) {
  ScratchFolder folder;
  std::string path = folder.file("store.db");
  auto first = open_sqlite(path);
  ASSERT_TRUE(first.has_value());
  auto second = open_sqlite(path);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Code::unavailable);
  EXPECT_NE(second.error().message.find("in use by another process"), std::string::npos) << second.error().message;
  first->reset();
  EXPECT_TRUE(open_sqlite(path).has_value());
}

TEST(Sqlite, CleanStopLeavesOneFile) {
  ScratchFolder folder;
  std::string path = folder.file("store.db");
  fill(path);
  EXPECT_TRUE(std::filesystem::exists(path + "-wal")) << "who is killed leaves the log as it is";
  auto store = open_sqlite(path);
  ASSERT_TRUE(store.has_value());
  ASSERT_TRUE((*store)->close().has_value());
  EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
  std::string copy = folder.file("copy.db");
  std::filesystem::copy_file(path, copy);
  auto again = open_sqlite(copy);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(run_now((*again)->list(kind::dataplane(), {}))->total, 200u);
  EXPECT_TRUE(open_sqlite(path).has_value()) << "the file is free again";
}

TEST(Sqlite, FolderThatIsNotThereIsNamed) {
  ScratchFolder folder;
  auto store = open_sqlite(folder.file("missing/store.db"));
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().code, Code::unavailable);
  EXPECT_NE(store.error().message.find("missing/store.db\" cannot be opened"), std::string::npos)
      << store.error().message;
}

TEST(Sqlite, SimulatedDiskGetsTheSameBytesForTheSameSeed) {
  auto digest = [](std::uint64_t seed) {
    std::uint64_t sum = 0;
    sim::VirtualDisk disk([&](std::uint64_t change) { sum = sum * 31 + change; });
    sim::SeededRandom random(seed);
    auto store = open_sqlite(disk, "store.db", random);
    EXPECT_TRUE(store.has_value());
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE(
          run_now((*store)->create(make_resource(kind::dataplane(), "m", "d" + std::to_string(i)), at_second(i))));
    }
    return sum;
  };
  EXPECT_EQ(digest(1), digest(1));
  EXPECT_NE(digest(1), digest(2));
}

/// A proxy's insight is written again and again; to wait for the disk each time would hold up everything else.
TEST(Sqlite, AnInsightIsDurableWithTheNextOtherChange) {
  sim::VirtualDisk disk{[](std::uint64_t) {}};
  sim::SeededRandom random{7};
  auto create = [](Store& store, const Kind& kind, const std::string& mesh, const std::string& name) {
    EXPECT_TRUE(run_now(store.create(make_resource(kind, mesh, name), at_second(1))).has_value());
  };
  auto has = [&](const Kind& kind, const std::string& mesh, const std::string& name) {
    disk.crash(sim::UnsyncedWrites::lose, random);
    auto store = open_sqlite(disk, "store.db", random);
    EXPECT_TRUE(store.has_value());
    return store && run_now((*store)->get(kind, {mesh, name})).has_value();
  };
  {
    auto store = open_sqlite(disk, "store.db", random);
    ASSERT_TRUE(store.has_value());
    create(**store, kind::dataplane_insight(), "m", "a");
    create(**store, kind::dataplane(), "m", "a");
    create(**store, kind::dataplane_insight(), "m", "b");
  }
  EXPECT_FALSE(has(kind::dataplane_insight(), "m", "b")) << "it waited for the disk";
  EXPECT_TRUE(has(kind::dataplane_insight(), "m", "a"));
  EXPECT_TRUE(has(kind::dataplane(), "m", "a"));
}

}  // namespace
}  // namespace kumasim::cp::testing
