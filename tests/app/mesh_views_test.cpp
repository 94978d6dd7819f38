/// A resource that a mesh's view cannot take in costs that resource only.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <stdexcept>

#include "reference-cp/app/kuma_cp/mesh_views.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/derive/vips.hpp"

namespace kumasim::cp {
namespace {

using Json = nlohmann::json;

void refuse(const ResourcePtr& resource, const char* label) {
  if (resource && resource->meta.labels.contains(label)) throw std::runtime_error("it is bad");
}

/// Throws where either side of the change has the label `bad`.
MeshView::Ptr picky_with(const MeshView& view, const ResourceChange& change) {
  for (const ResourcePtr& side : {change.before, change.after}) refuse(side, "bad");
  return view.with(change);
}

/// Where either side has the label `bad` or `awkward`: both are looked at, as for a Dataplane's endpoints.
Affected picky_affected(const MeshView& view, const ResourceChange& change) {
  for (const ResourcePtr& side : {change.before, change.after})
    for (const char* label : {"bad", "awkward"}) refuse(side, label);
  return view.affected(change);
}

class MeshViewsTest : public ::testing::Test {
 protected:
  static ResourcePtr resource(const Json& body, const char* label = nullptr) {
    auto out = resource_from_json(body);
    EXPECT_TRUE(out) << out.error().message;
    if (label) out->meta.labels[label] = "yes";
    return std::make_shared<const Resource>(std::move(*out));
  }
  static ResourcePtr dataplane(const std::string& mesh, const std::string& name, int port,
                               const char* label = nullptr) {
    Json inbound = {{"port", port}, {"tags", {{"kuma.io/service", name}}}};
    return resource({{"type", "Dataplane"},
                     {"mesh", mesh},
                     {"name", name},
                     {"networking", {{"address", "10.0.0.1"}, {"inbound", Json::array({inbound})}}}},
                    label);
  }
  static ResourcePtr mesh(const std::string& name, const char* label = nullptr) {
    return resource({{"type", "Mesh"}, {"name", name}}, label);
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

  MeshViews views{ZoneSettings{}, {.with = picky_with, .affected = picky_affected}};
  Work work;
};

TEST_F(MeshViewsTest, TheLastVersionStaysUntilOneCanBeTakenIn) {
  for (const char* name : {"m", "n"}) EXPECT_EQ(apply(nullptr, mesh(name)), 0u);
  auto first = dataplane("m", "a", 80), second = dataplane("m", "a", 81, "bad"), third = dataplane("m", "a", 82);
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
  auto good = dataplane("m", "a", 80);
  for (const char* label : {"bad", "awkward"}) {
    auto bad = dataplane("m", "a", 81, label);
    // It never got in, ...
    EXPECT_EQ(apply(nullptr, bad), 1u);
    EXPECT_EQ(apply(bad, nullptr), 0u) << label;
    EXPECT_TRUE(views.left_out().empty());
    // ... or an earlier version did.
    EXPECT_EQ(apply(nullptr, good), 0u);
    EXPECT_EQ(apply(good, bad), 1u);
    EXPECT_EQ(held("m", "a"), good);
    EXPECT_EQ(apply(bad, nullptr), 0u) << label;
    EXPECT_TRUE(views.left_out().empty());
    EXPECT_FALSE(held("m", "a"));
  }
}

TEST_F(MeshViewsTest, OneThatCannotBeJudgedStaysOut) {
  apply(nullptr, mesh("m"));
  auto awkward = dataplane("m", "a", 80, "awkward"), good = dataplane("m", "a", 80);
  EXPECT_EQ(apply(nullptr, awkward), 1u);
  EXPECT_FALSE(held("m", "a"));
  EXPECT_EQ(apply(awkward, good), 0u);
  EXPECT_EQ(held("m", "a"), good);
  EXPECT_TRUE(views.left_out().empty());
}

/// A view that is built anew judges nothing.
TEST_F(MeshViewsTest, WhatAViewHoldsDoesNotKeepOutItsRepair) {
  auto awkward = dataplane("m", "a", 80, "awkward"), good = dataplane("m", "a", 80);
  apply(nullptr, awkward);
  EXPECT_EQ(apply(nullptr, mesh("m")), 0u);
  EXPECT_EQ(held("m", "a"), awkward);
  EXPECT_EQ(apply(awkward, good), 0u);
  EXPECT_EQ(held("m", "a"), good);
  EXPECT_TRUE(work.at("m").proxies.all);
}

TEST_F(MeshViewsTest, ANewMeshTakesWhatItCan) {
  apply(nullptr, dataplane("m", "a", 80, "bad"));
  apply(nullptr, dataplane("m", "b", 80));
  EXPECT_EQ(apply(nullptr, mesh("m")), 1u);
  EXPECT_TRUE(held("m", "b"));
  EXPECT_FALSE(held("m", "a"));
}

TEST_F(MeshViewsTest, WithoutItsMeshThereIsNoView) {
  auto bad = dataplane("m", "a", 80, "bad");
  apply(nullptr, bad);
  EXPECT_EQ(apply(nullptr, mesh("m", "bad")), 2u);
  EXPECT_FALSE(views.find("m")) << "it would say that there is no mutual TLS";
  apply(bad, nullptr);
  EXPECT_EQ(apply(mesh("m", "bad"), mesh("m")), 0u);
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

ResourcePtr to_resource(const Json& body) {
  auto out = resource_from_json(body);
  if (!out) throw std::runtime_error(out.error().message + " in " + body.dump());
  return std::make_shared<const Resource>(std::move(*out));
}

/// Of one service in one version; some do not count.
ResourcePtr arbitrary_dataplane(const std::string& name) {
  const std::string service = "service-" + std::to_string(*rc::gen::inRange(0, 3));
  const std::string version = "v" + std::to_string(*rc::gen::inRange(0, 2));
  Json inbound = {{"port", *rc::gen::element(80, 49151)},
                  {"state", *rc::gen::element<std::string>("Ready", "NotReady", "Ignored")},
                  {"tags", {{"kuma.io/service", service}, {"version", version}}}};
  return to_resource({{"type", "Dataplane"},
                      {"mesh", "m"},
                      {"name", name},
                      {"networking", {{"address", "10.0.0.1"}, {"inbound", Json::array({inbound})}}}});
}

ResourcePtr virtual_outbound() {
  Json service = {{"name", "service"}, {"tagKey", "kuma.io/service"}};
  Json version = {{"name", "version"}, {"tagKey", "version"}};
  Json conf = {{"host", "{{.version}}.{{.service}}.mesh"},
               {"port", "80"},
               {"parameters", Json::array({service, version})}};
  return to_resource({{"type", "VirtualOutbound"},
                      {"mesh", "m"},
                      {"name", "v"},
                      {"selectors", Json::array({Json{{"match", {{"kuma.io/service", "*"}}}}})},
                      {"conf", conf}});
}

TEST_F(MeshViewsTest, ADataplaneThatComesFirstTakesANameFromAnother) {
  auto instance = [](const std::string& name, const char* version) {
    Json inbound = {{"port", 80}, {"tags", {{"kuma.io/service", "s"}, {"version", version}}}};
    return resource({{"type", "Dataplane"},
                     {"mesh", "m"},
                     {"name", name},
                     {"networking", {{"address", "10.0.0.1"}, {"inbound", Json::array({inbound})}}}});
  };
  apply(nullptr, mesh("m"));
  apply(nullptr, resource(Json::parse(R"({"type":"VirtualOutbound","mesh":"m","name":"v",
    "selectors":[{"match":{"kuma.io/service":"*"}}],
    "conf":{"host":"{{.service}}.mesh","port":"80","parameters":[{"name":"service","tagKey":"kuma.io/service"},
                                                                 {"name":"version","tagKey":"version"}]}})")));
  apply(nullptr, instance("b", "v0"));
  apply(nullptr, instance("c", "v1"));
  views.refresh_vips("m");
  // Its tags are those of c, which are known, but of a name's two claims the first Dataplane's counts.
  apply(nullptr, instance("a", "v1"));
  EXPECT_TRUE(views.refresh_vips("m"));
  MeshView::Ptr view = views.find("m");
  EXPECT_EQ(derive::vips(*view, view->vips()), view->vips());
  apply(instance("a", "v1"), nullptr);
  EXPECT_TRUE(views.refresh_vips("m"));
  view = views.find("m");
  EXPECT_EQ(derive::vips(*view, view->vips()), view->vips());
}

/// Most changes of Dataplanes leave the table alone; none that matters may be passed over.
RC_GTEST_PROP(MeshViewsProperty, VirtualAddressesFollowWhateverIsWritten, ()) {
  MeshViews views(ZoneSettings{});
  std::map<ResourceKey, ResourcePtr> held;
  auto write = [&](const Kind& kind, const ResourceKey& key, const ResourcePtr& after) {
    Work work;
    ResourcePtr& slot = held[key];
    if (!slot && !after) return;
    RC_ASSERT(views.apply({&kind, key, slot, after}, work).empty());
    slot = after;
  };
  for (int step = 0, last = *rc::gen::inRange(1, 30); step < last; ++step) {
    const int what = *rc::gen::inRange(0, 12);
    const bool goes = *rc::gen::inRange(0, 3) == 0;
    if (what == 0) {
      write(kind::mesh(), {"", "m"}, goes ? nullptr : to_resource({{"type", "Mesh"}, {"name", "m"}}));
    } else if (what == 1) {
      write(*find_kind("VirtualOutbound"), {"m", "v"}, goes ? nullptr : virtual_outbound());
    } else {
      const std::string name = "dp-" + std::to_string(*rc::gen::inRange(0, 4));
      write(kind::dataplane(), {"m", name}, goes ? nullptr : arbitrary_dataplane(name));
    }
    if (*rc::gen::inRange(0, 2) == 0) continue;
    views.refresh_vips("m");
    RC_ASSERT(!views.refresh_vips("m"));
    if (MeshView::Ptr view = views.find("m")) {
      RC_ASSERT(derive::vips(*view, view->vips()) == view->vips());
    }
  }
}

/// Of a mesh's builtin gateway.
Json gateway_of(const char* in, const char* type, Json spec) {
  spec.update({{"type", type}, {"mesh", in}, {"name", "gw"}});
  return spec;
}

TEST_F(MeshViewsTest, WhatAMeshLetsOthersReachReachesTheirProxies) {
  for (const char* name : {"m", "n"}) apply(nullptr, mesh(name));
  Json at_address = {{"address", "10.0.0.9"},
                     {"gateway", {{"type", "BUILTIN"}, {"tags", {{"kuma.io/service", "gateway"}}}}}};
  Json listener = {{"port", 80}, {"protocol", "HTTP"}, {"hostname", "gw.example.com"}, {"crossMesh", false}};
  auto gateway = [&](bool cross_mesh) {
    listener["crossMesh"] = cross_mesh;
    return resource(gateway_of("m", "MeshGateway",
                               {{"selectors", {{{"match", {{"kuma.io/service", "gateway"}}}}}},
                                {"conf", {{"listeners", {listener}}}}}));
  };
  auto proxy = resource(gateway_of("m", "Dataplane", {{"networking", at_address}}));
  auto secret = [&](const char* in) {
    return resource({{"type", "Secret"}, {"mesh", in}, {"name", "s"}, {"data", "YQ=="}});
  };
  apply(nullptr, proxy);
  EXPECT_FALSE(work.contains("n"));
  auto closed = gateway(false), open = gateway(true);
  apply(nullptr, closed);
  apply(nullptr, secret("m"));
  EXPECT_FALSE(work.contains("n"));
  EXPECT_TRUE(views.cross_mesh().empty());

  apply(closed, open);
  for (const char* name : {"m", "n"}) {
    EXPECT_TRUE(work.at(name).proxies.all && work.at(name).derive) << name;
    EXPECT_EQ(views.find(name)->cross_mesh().at("m").endpoints.at("gateway").at(0).address, "10.0.0.9") << name;
    EXPECT_TRUE(views.refresh_vips(name)) << name;
    EXPECT_EQ(views.find(name)->vips().back().name, "gw.example.com") << name;
  }
  // A CA of either mesh counts for the other one now.
  for (const char* name : {"m", "n"}) {
    apply(secret(name), secret(name));
    EXPECT_TRUE(work.at(std::string(name) == "m" ? "n" : "m").proxies.all) << name;
  }
  // A new mesh sees what is there, and so it goes on.
  apply(nullptr, mesh("o"));
  EXPECT_TRUE(views.find("o")->cross_mesh().contains("m"));
  apply(proxy, nullptr);
  EXPECT_TRUE(work.at("o").proxies.all);
  EXPECT_TRUE(views.find("o")->cross_mesh().at("m").endpoints.empty());
  apply(nullptr, dataplane("m", "a", 80));
  EXPECT_FALSE(work.contains("n"));
  apply(mesh("m"), nullptr);
  EXPECT_TRUE(work.at("o").proxies.all);
  EXPECT_TRUE(views.find("o")->cross_mesh().empty());
}

}  // namespace
}  // namespace kumasim::cp
