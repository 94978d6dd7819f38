/// What a crash takes from a simulated disk.
#include <gtest/gtest.h>

#include "tests/sim/echo.hpp"

namespace kumasim {
namespace {

using namespace testing;
using sim::UnsyncedWrites;
using sim::World;

void put(Disk& disk, std::string_view name, std::uint64_t offset, std::string_view text) {
  auto file = disk.open(name, OpenMode::create_or_open);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write(offset, std::as_bytes(std::span(text.data(), text.size()))));
}

void sync(Disk& disk, std::string_view name) { ASSERT_TRUE((*disk.open(name, OpenMode::read_only))->sync()); }

std::string get(Disk& disk, std::string_view name) {
  auto file = disk.open(name, OpenMode::read_only);
  if (!file) return "<missing>";
  std::string text(1000, '\0');
  auto count = (*file)->read(0, std::as_writable_bytes(std::span(text.data(), text.size())));
  return text.substr(0, *count);
}

std::string after_crash(UnsyncedWrites unsynced, std::uint64_t seed = 1) {
  World world({.seed = seed});
  auto& process = world.add_process("p");
  process.start([](Runtime&) {});
  world.run_until(at(1s));
  auto& disk = process.disk();
  put(disk, "db", 0, "0123456789");
  sync(disk, "db");
  put(disk, "db", 2, "ab");
  put(disk, "db", 8, "WXYZ");
  process.kill({.unsynced = unsynced});
  return get(disk, "db");
}

TEST(VirtualDisk, OutlivesItsProcess) { EXPECT_EQ(after_crash(UnsyncedWrites::keep), "01ab4567WXYZ"); }

TEST(VirtualDisk, ACrashMayTakeWhatWasNotSynced) { EXPECT_EQ(after_crash(UnsyncedWrites::lose), "0123456789"); }

TEST(VirtualDisk, ACrashMayTakeSomeOfIt) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) seen.insert(after_crash(UnsyncedWrites::lose_some, seed));
  EXPECT_EQ(seen, (std::set<std::string>{"0123456789", "01ab456789", "01234567WXYZ", "01ab4567WXYZ"}));
}

TEST(VirtualDisk, APowerFailureTakesWhatAnEarlierKillLeftUnsynced) {
  World world;
  auto& process = world.add_process("p");
  auto& disk = process.disk();
  process.start([](Runtime&) {});
  put(disk, "f", 0, "abc");
  sync(disk, "f");
  put(disk, "f", 0, "xyz");
  process.restart({.unsynced = UnsyncedWrites::keep});
  EXPECT_EQ(get(disk, "f"), "xyz");
  put(disk, "f", 3, "!");
  process.kill({.unsynced = UnsyncedWrites::lose});
  EXPECT_EQ(get(disk, "f"), "abc");
}

TEST(VirtualDisk, ATruncationIsUndoneToo) {
  World world;
  auto& process = world.add_process("p");
  auto& disk = process.disk();
  process.start([](Runtime&) {});
  put(disk, "f", 0, "abcdef");
  sync(disk, "f");
  {
    auto file = *disk.open("f", OpenMode::create_or_open);
    ASSERT_TRUE(file->truncate(2));
    EXPECT_EQ(get(disk, "f"), "ab");
    ASSERT_TRUE(file->truncate(4));
    EXPECT_EQ(get(disk, "f"), std::string("ab\0\0", 4));
  }
  process.kill({.unsynced = UnsyncedWrites::lose});
  EXPECT_EQ(get(disk, "f"), "abcdef");
}

}  // namespace
}  // namespace kumasim
