/// What every world promises of files.
#include "tests/contract/world.hpp"

namespace kumasim::testing {
namespace {

using DiskContract = Contract;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

std::string text(File& file, std::uint64_t offset, std::size_t count) {
  std::string out(count, '?');
  auto read = file.read(offset, std::as_writable_bytes(std::span(out.data(), out.size())));
  if (!read) return "<" + read.error().message + ">";
  return out.substr(0, *read);
}

TEST_P(DiskContract, ReadsWhatWasWritten) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto& disk = runtime.disk;
    EXPECT_FALSE(disk.exists("a/b.db"));
    auto file = std::move(*disk.open("a/b.db", OpenMode::create_or_open));
    EXPECT_TRUE(disk.exists("a/b.db"));
    EXPECT_EQ(*file->size(), 0u);
    EXPECT_TRUE(file->write(0, bytes("hello")));
    EXPECT_TRUE(file->write(8, bytes("world")));
    EXPECT_EQ(*file->size(), 13u);
    EXPECT_EQ(text(*file, 0, 100), std::string("hello\0\0\0world", 13));
    EXPECT_EQ(text(*file, 10, 2), "rl");
    EXPECT_EQ(text(*file, 13, 5), "");
    EXPECT_TRUE(file->sync());
    auto second = std::move(*disk.open("a/b.db", OpenMode::read_only));
    EXPECT_TRUE(file->write(1, bytes("E")));
    EXPECT_EQ(text(*second, 0, 5), "hEllo");
    EXPECT_FALSE(second->write(0, bytes("x")));
    co_return;
  });
}

TEST_P(DiskContract, TruncatesBothWays) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto file = std::move(*runtime.disk.open("f", OpenMode::create_or_open));
    EXPECT_TRUE(file->write(0, bytes("abcdef")));
    EXPECT_TRUE(file->truncate(3));
    EXPECT_EQ(text(*file, 0, 10), "abc");
    EXPECT_TRUE(file->truncate(5));
    EXPECT_EQ(text(*file, 0, 10), std::string("abc\0\0", 5));
    co_return;
  });
}

TEST_P(DiskContract, NamesAreListedRenamedAndRemoved) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto& disk = runtime.disk;
    for (auto* name : {"b", "a/2", "a/1"}) {
      auto file = std::move(*disk.open(name, OpenMode::create_or_open));
      EXPECT_TRUE(file->write(0, bytes(name)));
    }
    EXPECT_EQ(disk.list(""), (std::vector<std::string>{"a/1", "a/2", "b"}));
    EXPECT_EQ(disk.list("a/"), (std::vector<std::string>{"a/1", "a/2"}));
    EXPECT_TRUE(disk.rename("b", "a/1"));
    EXPECT_EQ(disk.list(""), (std::vector<std::string>{"a/1", "a/2"}));
    auto replaced = std::move(*disk.open("a/1", OpenMode::read_only));
    EXPECT_EQ(text(*replaced, 0, 10), "b");
    EXPECT_TRUE(disk.remove("a/2"));
    EXPECT_EQ(disk.list(""), (std::vector<std::string>{"a/1"}));
    co_return;
  });
}

TEST_P(DiskContract, WhatIsMissingIsNotFound) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto& disk = runtime.disk;
    EXPECT_EQ(disk.open("none", OpenMode::read_only).error().code, Code::not_found);
    EXPECT_EQ(disk.remove("none").error().code, Code::not_found);
    EXPECT_EQ(disk.rename("none", "other").error().code, Code::not_found);
    EXPECT_TRUE(disk.list("none").empty());
    co_return;
  });
}

INSTANTIATE_TEST_SUITE_P(Worlds, DiskContract, ::testing::ValuesIn(world_kinds), world_name);

}  // namespace
}  // namespace kumasim::testing
