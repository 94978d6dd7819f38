#include "reference-cp/xds/snapshot.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace kumasim::cp
