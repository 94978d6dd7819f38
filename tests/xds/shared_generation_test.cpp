/// What several proxies get alike is made once, and no proxy's resources show it.
#include <gtest/gtest.h>

#include "reference-cp/xds/generate.hpp"
#include "reference-cp/xds/shared_generation.hpp"
#include "reference-cp/xds/type_url.hpp"
#include "tests/xds/small_mesh.hpp"

namespace kumasim::cp {
namespace {

constexpr char outbound[] = "outbound:127.0.0.1:10000";

MeshView::Ptr with(const MeshView::Ptr& view, const MeshWrite& write) {
  const ResourcePtr* held = view->all(write.kind).find(write.name);
  return view->with({held ? *held : nullptr, to_resource(write)});
}

/// Two instances of service-0 and one of service-2, all with an outbound to service-1.
MeshView::Ptr three_clients() {
  MeshView::Ptr view = MeshView::build("m", {}, {});
  for (const MeshWrite& write :
       {MeshWrite{
            "Mesh", "m", {{"mtls", {{"enabledBackend", "ca"}, {"backends", {{{"name", "ca"}, {"type", "builtin"}}}}}}}},
        MeshWrite{"Dataplane", "dp-0", dataplane_spec(0, 0, 1, false, 1)},
        MeshWrite{"Dataplane", "dp-1", dataplane_spec(1, 0, 1, false, 1)},
        MeshWrite{"Dataplane", "dp-2", dataplane_spec(2, 2, 1, false, 1)},
        MeshWrite{"Dataplane", "server", dataplane_spec(3, 1, 1, false, 2)}})
    view = with(view, write);
  return view;
}

Snapshot made(const MeshView& view, const std::string& name, const GenerateOptions& options) {
  NodeMetadata node;
  node.admin_port = 9901;
  node.readiness_port = 9902;
  ProxyIdentity identity{
      .certificate_pem = "certificate of " + name, .key_pem = "key", .ca_bundles = {{"m", "bundle"}}};
  return generate(view, proxy_view(view, *view.all("Dataplane").find(name), node, identity), options);
}

GenerateOptions in_one_piece() {
  GenerateOptions options;
  options.in_one_piece = true;
  return options;
}

GenerateOptions sharing(SharedGeneration& shared) {
  GenerateOptions options;
  options.shared = &shared;
  return options;
}

/// A view of which nothing is known yet.
Affected everything() {
  Affected affected;
  affected.all = true;
  return affected;
}

/// Of every proxy, with what is shared; each is what it is in one piece.
std::map<std::string, Snapshot> all_made(const MeshView& view, SharedGeneration& shared) {
  std::map<std::string, Snapshot> result;
  for (auto [name, dataplane] : view.all("Dataplane")) {
    result[name] = made(view, name, sharing(shared));
    EXPECT_TRUE(result[name] == made(view, name, in_one_piece())) << name;
  }
  return result;
}

TEST(SharedGeneration, ProxiesWithTheSameOutboundsGetTheSameObjects) {
  MeshView::Ptr view = three_clients();
  SharedGeneration shared;
  shared.follow(view, everything());
  auto all = all_made(*view, shared);
  ASSERT_TRUE(all["dp-0"].find(type_url::listener, outbound));
  for (const char* other : {"dp-1", "dp-2"}) {
    EXPECT_EQ(all["dp-0"].find(type_url::listener, outbound), all[other].find(type_url::listener, outbound));
    EXPECT_EQ(all["dp-0"].find(type_url::cluster, "service-1"), all[other].find(type_url::cluster, "service-1"));
    EXPECT_FALSE(all["dp-0"] == all[other]) << "their own parts are not shared";
  }
}

TEST(SharedGeneration, WhoAsksForTheClientsTagsGetsThoseOfEach) {
  MeshView::Ptr view = with(three_clients(), {"MeshFaultInjection", "f", {{"targetRef", {{"kind", "Mesh"}}}}});
  SharedGeneration shared;
  shared.follow(view, everything());
  auto all = all_made(*view, shared);
  auto listener = [&](const char* name) { return all[name].find(type_url::listener, outbound); };
  EXPECT_EQ(listener("dp-0"), listener("dp-1"));
  EXPECT_NE(listener("dp-0")->version, listener("dp-2")->version) << "a header carries the client's tags";
}

TEST(SharedGeneration, IsKeptWhereNothingButEndpointsChange) {
  MeshView::Ptr view = three_clients();
  SharedGeneration shared;
  shared.follow(view, everything());
  auto before = all_made(*view, shared);
  ResourceChange change{nullptr, to_resource({"Dataplane", "more", dataplane_spec(4, 1, 1, false, 2)})};
  MeshView::Ptr next = view->with(change);
  shared.follow(next, next->affected(change));
  auto after = all_made(*next, shared);
  EXPECT_EQ(after["dp-0"].find(type_url::cluster, "service-1"), before["dp-0"].find(type_url::cluster, "service-1"));
  EXPECT_NE(after["dp-0"].find(type_url::endpoint, "service-1")->version,
            before["dp-0"].find(type_url::endpoint, "service-1")->version);
}

/// Another instance of service-1.
MeshView::Ptr with_instance(const MeshView::Ptr& view, SharedGeneration& shared, int number) {
  ResourceChange change{
      nullptr, to_resource({"Dataplane", "more-" + std::to_string(number), dataplane_spec(number, 1, 1, false, 2)})};
  MeshView::Ptr next = view->with(change);
  shared.follow(next, next->affected(change));
  return next;
}

TEST(SharedGeneration, NewEndpointsAreForWhoAsks) {
  MeshView::Ptr view = three_clients();
  SharedGeneration shared;
  shared.follow(view, everything());
  all_made(*view, shared);
  const std::size_t clients = shared.clients();
  for (int i = 4; i < 7; ++i) view = with_instance(view, shared, i);
  EXPECT_EQ(shared.clients(), clients);
  EXPECT_EQ(shared.refreshes(), 0u) << "nobody has asked yet";
  for (const char* name : {"dp-0", "dp-1", "dp-0"})
    EXPECT_TRUE(made(*view, name, sharing(shared)) == made(*view, name, in_one_piece())) << name;
  EXPECT_EQ(shared.refreshes(), 1u) << "one client, and three changes at once";
}

TEST(SharedGeneration, WhatNobodyAsksForDoesNotStay) {
  MeshView::Ptr view = three_clients();
  SharedGeneration shared;
  shared.follow(view, everything());
  all_made(*view, shared);
  ASSERT_GT(shared.clients(), 1u);
  for (std::size_t i = 0; i <= SharedGeneration::changes_max; ++i) {
    view = with_instance(view, shared, static_cast<int>(i) + 4);
    if (i % 50 == 0) made(*view, "dp-0", sharing(shared));
  }
  EXPECT_EQ(shared.clients(), 1u);
  all_made(*view, shared);
}

TEST(SharedGeneration, IsMadeAnewAfterAnyOtherChange) {
  MeshView::Ptr view = three_clients();
  SharedGeneration shared;
  shared.follow(view, everything());
  auto before = all_made(*view, shared);
  nlohmann::json all = {{"kind", "Mesh"}};
  ResourceChange change{
      nullptr,
      to_resource({"MeshTimeout",
                   "t",
                   {{"targetRef", all}, {"to", {{{"targetRef", all}, {"default", {{"connectionTimeout", "7s"}}}}}}}})};
  MeshView::Ptr next = view->with(change);
  shared.follow(next, next->affected(change));
  auto after = all_made(*next, shared);
  EXPECT_NE(after["dp-0"].find(type_url::cluster, "service-1")->version,
            before["dp-0"].find(type_url::cluster, "service-1")->version);
}

TEST(SharedGeneration, OfAnotherViewIsNotTaken) {
  MeshView::Ptr view = three_clients();
  SharedGeneration shared;
  shared.follow(view, everything());
  all_made(*view, shared);
  MeshView::Ptr next = with(view, {"Mesh", "m", nlohmann::json::object()});
  EXPECT_TRUE(made(*next, "dp-0", sharing(shared)) == made(*next, "dp-0", in_one_piece()));
}

/// The service's cluster has the name of the inbound's own; only one of them can be there.
TEST(SharedGeneration, PartsThatMakeSomethingOfOneNameAreMadeInOnePiece) {
  nlohmann::json spec = dataplane_spec(0, 0, 1, false, 1);
  spec["networking"]["outbound"][0]["tags"]["kuma.io/service"] = "localhost:8001";
  MeshView::Ptr view = with(three_clients(), {"Dataplane", "dp-0", spec});
  SharedGeneration shared;
  shared.follow(view, everything());
  auto all = all_made(*view, shared);
  EXPECT_TRUE(all["dp-0"].find(type_url::listener, outbound));
}

}  // namespace
}  // namespace kumasim::cp
