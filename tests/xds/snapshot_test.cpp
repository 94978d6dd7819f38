#include "reference-cp/xds/snapshot.hpp"

#include <set>

#include <gtest/gtest.h>

#include "reference-cp/xds/content_hash.hpp"
#include "reference-cp/xds/type_url.hpp"

namespace kumasim::cp {
namespace {

XdsResourcePtr resource(const std::string& name, const std::string& version) {
  return std::make_shared<const XdsResource>(XdsResource{name, version, std::make_shared<const std::string>(version)});
}

TEST(Snapshot, DiffNamesWhatChangedAndWhatIsGone) {
  Snapshot before, after;
  before.add(type_url::cluster, resource("a", "1"));
  before.add(type_url::cluster, resource("b", "1"));
  after.add(type_url::cluster, resource("b", "2"));
  after.add(type_url::cluster, resource("c", "1"));
  SnapshotDiff difference = diff(before, after, type_url::cluster);
  ASSERT_EQ(difference.changed.size(), 2u);
  EXPECT_EQ(difference.changed[0]->name, "b");
  EXPECT_EQ(difference.changed[1]->name, "c");
  EXPECT_EQ(difference.removed, std::vector<std::string>{"a"});
  EXPECT_TRUE(diff(before, after, type_url::listener).empty());
}

TEST(Snapshot, SharesTheBytesOfWhatDidNotChange) {
  Snapshot before, after;
  before.add(type_url::cluster, resource("a", "1"));
  before.add(type_url::cluster, resource("b", "1"));
  after.add(type_url::cluster, resource("a", "1"));
  after.add(type_url::cluster, resource("b", "2"));
  after.share(before);
  EXPECT_EQ(after.find(type_url::cluster, "a"), before.find(type_url::cluster, "a"));
  EXPECT_NE(after.find(type_url::cluster, "b"), before.find(type_url::cluster, "b"));
}

TEST(Snapshot, VersionFollowsContent) {
  Snapshot a, b, c;
  a.add(type_url::cluster, resource("a", "1"));
  b.add(type_url::cluster, resource("a", "1"));
  c.add(type_url::cluster, resource("a", "2"));
  EXPECT_EQ(a.version(type_url::cluster), b.version(type_url::cluster));
  EXPECT_NE(a.version(type_url::cluster), c.version(type_url::cluster));
  EXPECT_TRUE(a == b);
  EXPECT_FALSE(a == c);
}

std::string hash_of(std::initializer_list<std::string_view> parts) {
  ContentHash hash;
  for (std::string_view part : parts) hash.add(part);
  return hash.hex();
}

TEST(ContentHash, IsTheSameInEveryProcess) {
  EXPECT_EQ(hash_of({}), "efd01f60ba992926b800bd6c02472607");
  EXPECT_EQ(hash_of({"0123456789"}), "9e8e0a802579556a5a0c0ba66ad0fe9e");
}

TEST(ContentHash, TellsPartsLengthsAndPlacesApart) {
  std::string eight(8, 'a'), nine(9, 'a'), zeros(3, '\0'),
      high =
          "abcdefg\x80"
          "abcdefg\x80";
  std::set<std::string> seen;
  for (const std::string& hash :
       {hash_of({}), hash_of({""}), hash_of({"a"}), hash_of({"a", ""}), hash_of({"", "a"}), hash_of({eight}),
        hash_of({nine}), hash_of({eight, "a"}), hash_of({zeros}), hash_of({"ab", "c"}), hash_of({"a", "bc"}),
        hash_of({high}), hash_of({std::string("abcdefg\0abcdefg\0", 16)}), hash_of({"abcdefgh12345678"}),
        hash_of({"12345678abcdefgh"})})
    EXPECT_TRUE(seen.insert(hash).second) << hash;
}

}  // namespace
}  // namespace kumasim::cp
