/// A resource that a mesh's view cannot take in costs that resource only.
#include <gtest/gtest.h>

#include <stdexcept>

#include "reference-cp/app/kuma_cp/mesh_views.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {
namespace {

using Json = nlohmann::json;

/// Throws where a resource has the label `bad`.
MeshView::Ptr picky(const MeshView& view, const ResourceChange& change) {
  const Resource& subject = change.after ? *change.after : *change.before;
  if (subject.meta.labels.contains("bad")) throw std::runtime_error("it is bad");
  return view.with(change);
}

class MeshViewsTest : public ::testing::Test {
 protected:
  static ResourcePtr resource(const Json& body, bool bad = false) {
    auto out = resource_from_json(body);
    EXPECT_TRUE(out) << out.error().message;
    if (bad) out->meta.labels["bad"] = "yes";
    return std::make_shared<const Resource>(std::move(*out));
  }
  static ResourcePtr dataplane(const std::string& mesh, const std::string& name, int port, bool bad = false) {
    Json inbound = {{"port", port}, {"tags", {{"kuma.io/service", name}}}};
    return resource({{"type", "Dataplane"},
                     {"mesh", mesh},
                     {"name", name},
                     {"networking", {{"address", "10.0.0.1"}, {"inbound", Json::array({inbound})}}}},
                    bad);
  }
  static ResourcePtr mesh(const std::string& name, bool bad = false) {
    return resource({{"type", "Mesh"}, {"name", name}}, bad);
  }

  std::size_t apply(const ResourcePtr& before, const ResourcePtr& after) {
    const Resource& subject = after ? *after : *before;
    work = {};
    return views.apply({subject.kind, subject.key(), before, after}, work).size();
  }
  ResourcePtr held(const std::string& in, const std::string& name) const {
    const ResourcePtr* found = views.find(in)->all("Dataplane").find(name);
    return found ? *found : nullptr;
  }

  MeshViews views{ZoneSettings{}, picky};
  Work work;
};

TEST_F(MeshViewsTest, TheLastVersionStaysUntilOneCanBeTakenIn) {
  for (const char* name : {"m", "n"}) EXPECT_EQ(apply(nullptr, mesh(name)), 0u);
  auto first = dataplane("m", "a", 80), second = dataplane("m", "a", 81, true), third = dataplane("m", "a", 82);
  EXPECT_EQ(apply(nullptr, first), 0u);
  EXPECT_EQ(apply(first, second), 1u);
  EXPECT_EQ(held("m", "a"), first);
  EXPECT_EQ(views.left_out().at("m").size(), 1u);
  EXPECT_EQ(views.find("Dataplane", {"m", "a"}), second) << "the store's";
  // The mesh goes on without it, and so does the other one.
  EXPECT_EQ(apply(nullptr, dataplane("m", "b", 80)), 0u);
  EXPECT_EQ(apply(nullptr, dataplane("n", "c", 80)), 0u);
  EXPECT_TRUE(held("m", "b") && held("n", "c"));
  EXPECT_EQ(apply(second, third), 0u);
  EXPECT_EQ(held("m", "a"), third);
  EXPECT_TRUE(work.at("m").proxies.all && work.at("m").derive) << "the view had another version than the store";
  EXPECT_TRUE(views.left_out().empty());
}

TEST_F(MeshViewsTest, OneThatGoesIsNotLeftOutAnyMore) {
  apply(nullptr, mesh("m"));
  auto bad = dataplane("m", "a", 80, true), good = dataplane("m", "a", 80);
  EXPECT_EQ(apply(nullptr, bad), 1u);
  EXPECT_EQ(apply(good, nullptr), 0u);
  EXPECT_TRUE(views.left_out().empty());
  EXPECT_FALSE(held("m", "a"));
}

TEST_F(MeshViewsTest, ANewMeshTakesWhatItCan) {
  apply(nullptr, dataplane("m", "a", 80, true));
  apply(nullptr, dataplane("m", "b", 80));
  EXPECT_EQ(apply(nullptr, mesh("m")), 1u);
  EXPECT_TRUE(held("m", "b"));
  EXPECT_FALSE(held("m", "a"));
}

TEST_F(MeshViewsTest, WithoutItsMeshThereIsNoView) {
  EXPECT_EQ(apply(nullptr, mesh("m", true)), 1u);
  EXPECT_FALSE(views.find("m")) << "it would say that there is no mutual TLS";
  EXPECT_EQ(apply(mesh("m", true), mesh("m")), 0u);
  EXPECT_TRUE(views.find("m"));
  EXPECT_TRUE(views.left_out().empty());
}

TEST(MeshViews, TakeInAnInsightOfAnyShape) {
  MeshViews views(ZoneSettings{});
  Work work;
  Resource insight;
  insight.kind = &kind::dataplane_insight();
  insight.meta = {.mesh = "m", .name = "a", .labels = {}, .version = 1, .creation = {}, .modification = {}};
  insight.spec = {{"mTLS", {{"issuedBackend", 5}}}};
  Resource mesh;
  mesh.kind = &kind::mesh();
  mesh.meta.name = "m";
  for (const Resource& each : {mesh, insight}) {
    auto shared = std::make_shared<const Resource>(each);
    EXPECT_TRUE(views.apply({each.kind, each.key(), nullptr, shared}, work).empty());
  }
}

}  // namespace
}  // namespace kumasim::cp
