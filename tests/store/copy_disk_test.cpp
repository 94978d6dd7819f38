/// A copy of files is a disk of its own: what is written to it is seen there alone.
#include <gtest/gtest.h>

#include "reference-cp/store/copy_disk.hpp"

namespace kumasim::cp::testing {
namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

std::string content(Disk& disk, std::string_view name) {
  auto file = disk.open(name, OpenMode::read_only);
  if (!file) return "error: " + file.error().message;
  std::string out(*(*file)->size(), '\0');
  EXPECT_EQ((*file)->read(0, std::as_writable_bytes(std::span(out.data(), out.size()))).value_or(0), out.size());
  return out;
}

TEST(CopyDisk, IsWrittenCutAndGrown) {
  CopyDisk disk;
  disk.put("kuma.db", "0123456789");
  auto file = disk.open("kuma.db", OpenMode::create_or_open);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE((*file)->write(8, bytes("abcd")));
  EXPECT_EQ(content(disk, "kuma.db"), "01234567abcd");
  EXPECT_TRUE((*file)->truncate(3));
  EXPECT_TRUE((*file)->sync());
  EXPECT_EQ(content(disk, "kuma.db"), "012");
  std::array<std::byte, 4> beyond{};
  EXPECT_EQ((*file)->read(2, beyond).value_or(9), 1u) << "as much as there is";
  EXPECT_EQ((*file)->read(7, beyond).value_or(9), 0u);
}

TEST(CopyDisk, FilesComeAndGoByName) {
  CopyDisk disk;
  disk.put("kuma.db", "x");
  EXPECT_EQ(content(disk, "kuma.db-wal"), "error: there is no file kuma.db-wal");
  EXPECT_TRUE(disk.open("kuma.db-wal", OpenMode::create_or_open));
  EXPECT_EQ(disk.list("kuma.db-"), std::vector<std::string>{"kuma.db-wal"});
  EXPECT_TRUE(disk.rename("kuma.db", "other"));
  EXPECT_EQ(content(disk, "other"), "x");
  EXPECT_FALSE(disk.exists("kuma.db"));
  EXPECT_FALSE(disk.rename("kuma.db", "other"));
  EXPECT_TRUE(disk.remove("other"));
  EXPECT_EQ(disk.remove("other").error().code, Code::not_found);
  EXPECT_EQ(disk.list(""), std::vector<std::string>{"kuma.db-wal"});
}

}  // namespace
}  // namespace kumasim::cp::testing
