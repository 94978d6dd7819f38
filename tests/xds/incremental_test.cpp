/// A view that followed every write equals one from scratch, and says truly whom a write can reach.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference-cp/xds/endpoint_updates.hpp"
#include "reference-cp/xds/type_url.hpp"
#include "tests/xds/small_mesh.hpp"

namespace kumasim::cp {
namespace {

using Key = std::pair<std::string, std::string>;

struct Follower {
  std::map<Key, ResourcePtr> held;
  MeshView::Ptr view = MeshView::build("m", {}, {});

  ResourceChange write(const MeshWrite& write) {
    ResourcePtr& slot = held[{write.kind, write.name}];
    ResourceChange change{slot, write.spec.is_null() ? nullptr : to_resource(write)};
    if (!change.before && !change.after) return change;
    slot = change.after;
    view = view->with(change);
    return change;
  }

  MeshView::Ptr from_scratch() const {
    std::vector<ResourcePtr> all;
    for (const auto& [key, resource] : held)
      if (resource) all.push_back(resource);
    return MeshView::build("m", {}, all);
  }
};

void assert_equal(const MeshView& a, const MeshView& b) {
  RC_ASSERT(a.services() == b.services());
  for (const std::string& service : a.services()) {
    RC_ASSERT(a.endpoints(service) == b.endpoints(service));
    RC_ASSERT(a.protocol(service) == b.protocol(service));
  }
  RC_ASSERT(snapshots(a) == snapshots(b));
}

rc::Gen<std::vector<MeshWrite>> writes(int most) {
  return rc::gen::mapcat(rc::gen::inRange(0, most), [](int size) {
    return rc::gen::container<std::vector<MeshWrite>>(static_cast<std::size_t>(size), any_write());
  });
}

RC_GTEST_PROP(IncrementalView, EqualsOneFromScratch, ()) {
  Follower follower;
  for (const MeshWrite& write : *writes(25)) follower.write(write);
  assert_equal(*follower.view, *follower.from_scratch());
}

RC_GTEST_PROP(IncrementalView, DoesNotDependOnTheOrderOfWrites, ()) {
  // The last write of each resource, in two orders.
  std::map<Key, MeshWrite> last;
  for (const MeshWrite& write : *writes(25)) last.insert_or_assign({write.kind, write.name}, write);
  std::vector<MeshWrite> one, other;
  for (const auto& [key, write] : last) one.push_back(write);
  other.assign(one.rbegin(), one.rend());
  std::size_t turn = one.empty() ? 0 : *rc::gen::inRange<std::size_t>(0, one.size());
  std::rotate(other.begin(), other.begin() + static_cast<std::ptrdiff_t>(turn), other.end());
  Follower a, b;
  for (const MeshWrite& write : one) a.write(write);
  for (const MeshWrite& write : other) b.write(write);
  assert_equal(*a.view, *b.view);
}

/// What a proxy holds after a write, by the cheapest way that its reach allows.
Snapshot follow(const std::string& name, const std::map<std::string, Snapshot>& before, const Affected& affected,
                const MeshView& view, EndpointUpdates& updates, const Snapshot& generated) {
  auto old = before.find(name);
  RC_ASSERT(old != before.end() || reach_of(affected, name, {}) == Reach::everything);
  switch (reach_of(affected, name, {})) {
    case Reach::nothing: return old->second;
    case Reach::endpoints: {
      auto updated = updates.apply(std::make_shared<const Snapshot>(old->second));
      return updated ? *updated : generated;
    }
    case Reach::everything: break;
  }
  RC_ASSERT(view.find("Dataplane", name) != nullptr);
  return generated;
}

RC_GTEST_PROP(IncrementalView, SaysWhatAWriteChangesOfEachProxy, ()) {
  Follower follower;
  for (const MeshWrite& write : *writes(20)) follower.write(write);
  auto before = snapshots(*follower.view);
  for (int i = 0; i < 3; ++i) {
    ResourceChange change = follower.write(*any_write());
    if (!change.before && !change.after) continue;
    Affected affected = follower.view->affected(change);
    EndpointUpdates updates(follower.view, affected.endpoints);
    RC_TAG(affected.all ? "all" : affected.endpoints.empty() ? "some" : "endpoints");
    auto after = snapshots(*follower.view);
    for (const auto& [name, snapshot] : after)
      RC_ASSERT(follow(name, before, affected, *follower.view, updates, snapshot) == snapshot);
    before = std::move(after);
  }
}

RC_GTEST_PROP(Generation, IsAFunctionOfContent, ()) {
  Follower a, b;
  for (const MeshWrite& write : *writes(15)) {
    a.write(write);
    b.write(write);
  }
  auto one = snapshots(*a.view), other = snapshots(*b.view);
  RC_ASSERT(one == other);
  for (const auto& [name, snapshot] : one)
    for (const auto& [type, resources] : snapshot.types())
      for (const auto& [resource, held] : resources) RC_ASSERT(*held->any == *other[name].find(type, resource)->any);
}

TEST(IncrementalView, AnEndpointReachesOnlyThoseWhoUseItsService) {
  Follower follower;
  follower.write({"Mesh", "m", nlohmann::json::object()});
  follower.write({"Dataplane", "dp-0", dataplane_spec(0, 0, 1, false, 1)});  // uses service-1
  follower.write({"Dataplane", "dp-1", dataplane_spec(1, 1, 1, false, 2)});  // uses service-2
  ResourceChange change = follower.write({"Dataplane", "dp-2", dataplane_spec(2, 1, 1, false, 2)});
  Affected affected = follower.view->affected(change);
  EXPECT_FALSE(affected.all);
  EXPECT_EQ(affected.names, std::set<std::string>{"dp-2"});
  EXPECT_EQ(affected.endpoints, std::set<std::string>{"service-1"});
}

TEST(IncrementalView, TheFirstInstanceOfAServiceReachesItsUsers) {
  Follower follower;
  follower.write({"Mesh", "m", nlohmann::json::object()});
  follower.write({"Dataplane", "dp-0", dataplane_spec(0, 0, 1, false, 1)});  // uses service-1
  follower.write({"Dataplane", "dp-1", dataplane_spec(1, 2, 1, false, 2)});  // uses service-2
  ResourceChange change = follower.write({"Dataplane", "dp-2", dataplane_spec(2, 1, 1, false, 2)});
  Affected affected = follower.view->affected(change);
  EXPECT_FALSE(affected.all);
  EXPECT_EQ(affected.names, (std::set<std::string>{"dp-0", "dp-2"}));
}

/// Whom a change of dp-1 from one spec to another reaches, where dp-0 has direct access to every service.
std::set<std::string> reached_with_direct_access(const nlohmann::json& from, const nlohmann::json& to) {
  Follower follower;
  follower.write({"Mesh", "m", nlohmann::json::object()});
  follower.write({"Dataplane", "dp-0", with_rarities(dataplane_spec(0, 0, 1, true, 1), 0, 0, 1)});
  follower.write({"Dataplane", "dp-1", from});
  ResourceChange change = follower.write({"Dataplane", "dp-1", to});
  return follower.view->affected(change).names;
}

TEST(IncrementalView, AnUnreadyDataplaneReachesTheUsersOfDirectAccess) {
  auto unready = [](int port) { return with_rarities(dataplane_spec(1, 1, port, false, 1), 1, 0, 0); };
  EXPECT_EQ(reached_with_direct_access(unready(0), unready(1)), (std::set<std::string>{"dp-0", "dp-1"}));
}

TEST(IncrementalView, AnAddressBehindAnAdvertisedOneReachesTheUsersOfDirectAccess) {
  auto at = [](int address) { return with_rarities(dataplane_spec(1, 1, 1, false, 1), 0, address, 0); };
  EXPECT_EQ(reached_with_direct_access(at(1), at(2)), (std::set<std::string>{"dp-0", "dp-1"}));
  EXPECT_EQ(reached_with_direct_access(at(1), at(1)), std::set<std::string>{});
}

/// dp-0 is not redirected and has this outbound.
Follower with_outbound(const nlohmann::json& outbound) {
  Follower follower;
  follower.write({"Mesh", "m", nlohmann::json::object()});
  nlohmann::json spec = dataplane_spec(0, 0, 1, false, 0);
  spec["networking"]["outbound"] = nlohmann::json::array({outbound});
  follower.write({"Dataplane", "dp-0", spec});
  follower.write({"Dataplane", "dp-1", dataplane_spec(1, 0, 1, false, 0)});
  return follower;
}

ResourcePtr labelled(const MeshWrite& write, const std::map<std::string, std::string>& labels,
                     const nlohmann::json& status = nullptr) {
  Resource resource = *to_resource(write);
  resource.meta.labels = labels;
  if (!status.is_null()) resource.status = status;
  return std::make_shared<const Resource>(std::move(resource));
}

Affected affected(Follower& follower, const ResourcePtr& before, const ResourcePtr& after) {
  follower.view = follower.view->with({before, after});
  return follower.view->affected({before, after});
}

Affected affected(Follower& follower, const MeshWrite& write) {
  ResourceChange change = follower.write(write);
  return follower.view->affected(change);
}

TEST(IncrementalView, AnOutboundOfTheOldSortUsesItsService) {
  Follower follower = with_outbound({{"port", 10000}, {"service", "service-2"}});
  ResourceChange change = follower.write({"Dataplane", "dp-2", dataplane_spec(2, 2, 1, false, 0)});
  EXPECT_EQ(follower.view->affected(change).names, (std::set<std::string>{"dp-0", "dp-2"}));
}

TEST(IncrementalView, AnOutboundUsesTheServiceThatIsShownByItsName) {
  Follower follower =
      with_outbound({{"port", 10000}, {"backendRef", {{"kind", "MeshService"}, {"name", "shown"}, {"port", 80}}}});
  MeshWrite write{"MeshService", "ms-1-x7", mesh_service_spec(1, 1)};
  std::map<std::string, std::string> labels = {{"kuma.io/display-name", "shown"}};
  EXPECT_EQ(affected(follower, nullptr, labelled(write, labels)).names, std::set<std::string>{"dp-0"});
  ResourceChange change = follower.write({"Dataplane", "dp-2", dataplane_spec(2, 1, 1, false, 0)});
  EXPECT_EQ(follower.view->affected(change).names, (std::set<std::string>{"dp-0", "dp-2"}));
}

TEST(IncrementalView, AServiceReachesTheWholeMeshOnlyWhereARouteNamesIt) {
  Follower follower = with_outbound({{"port", 10000}, {"tags", {{"kuma.io/service", "service-0"}}}});
  follower.write(policy_write(1, 0));  // a MeshHTTPRoute to service-1 and service-2
  EXPECT_FALSE(affected(follower, {"MeshService", "ms-1", mesh_service_spec(1, 1)}).all);
  EXPECT_TRUE(affected(follower, {"MeshService", "service-1", mesh_service_spec(1, 1)}).all);
  EXPECT_FALSE(affected(follower, {"Dataplane", "dp-2", dataplane_spec(2, 0, 1, false, 0)}).all);
  EXPECT_TRUE(affected(follower, {"Dataplane", "dp-3", dataplane_spec(3, 2, 1, false, 0)}).all);
  follower.write({"MeshHTTPRoute", "http-0", nullptr});
  EXPECT_FALSE(affected(follower, {"Dataplane", "dp-3", nullptr}).all);
}

TEST(IncrementalView, CountsInAStatusReachNobody) {
  Follower follower =
      with_outbound({{"port", 10000}, {"backendRef", {{"kind", "MeshService"}, {"name", "ms-1"}, {"port", 80}}}});
  MeshWrite write{"MeshService", "ms-1", mesh_service_spec(1, 1)};
  auto with = [&](int total, const char* tls) {
    return labelled(write, {}, {{"dataplaneProxies", {{"total", total}}}, {"tls", {{"status", tls}}}});
  };
  affected(follower, nullptr, with(0, "NotReady"));
  EXPECT_TRUE(affected(follower, with(0, "NotReady"), with(1, "NotReady")).none());
  EXPECT_EQ(affected(follower, with(1, "NotReady"), with(1, "Ready")).names, std::set<std::string>{"dp-0"});
}

TEST(IncrementalView, ACertificateReachesTheUsersOfAServiceThatIsReadyNow) {
  Follower follower = with_outbound({{"port", 10000}, {"tags", {{"kuma.io/service", "service-1"}}}});
  nlohmann::json backend = {{"name", "ca"}, {"type", "builtin"}, {"mode", "PERMISSIVE"}};
  follower.write({"Mesh", "m", {{"mtls", {{"enabledBackend", "ca"}, {"backends", nlohmann::json::array({backend})}}}}});
  for (int number : {2, 3})
    follower.write({"Dataplane", fmt::format("dp-{}", number), dataplane_spec(number, 1, 1, false, 0)});
  auto issued = [&](const char* dataplane) {
    return affected(follower, {"DataplaneInsight", dataplane, {{"mTLS", {{"issuedBackend", "ca"}}}}});
  };
  EXPECT_TRUE(issued("dp-2").none());
  Affected last = issued("dp-3");
  EXPECT_FALSE(last.all);
  EXPECT_EQ(last.names, std::set<std::string>{"dp-0"});
}

TEST(IncrementalView, FindsADestinationByItsIdentity) {
  Follower follower = with_outbound({{"port", 10000}, {"service", "service-2"}});
  MeshWrite write{"MeshService", "ms-1-x7", mesh_service_spec(1, 1)};
  std::map<std::string, std::string> labels = {{"kuma.io/display-name", "shown"}};
  Kri kri = Kri::of(*labelled(write, labels));
  EXPECT_EQ(follower.view->destination(kri), nullptr);
  affected(follower, nullptr, labelled(write, labels));
  const Resource* found = follower.view->destination(kri.with_section("main"));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->meta.name, "ms-1-x7");
  affected(follower, labelled(write, labels), labelled(write, {}));
  EXPECT_EQ(follower.view->destination(kri), nullptr);
}

TEST(EndpointUpdates, ServesTheSameBytesToEveryProxy) {
  Follower follower;
  follower.write({"Mesh", "m", nlohmann::json::object()});
  follower.write({"Dataplane", "dp-0", dataplane_spec(0, 0, 1, false, 1)});
  follower.write({"Dataplane", "dp-1", dataplane_spec(1, 1, 1, false, 1)});
  auto before = snapshots(*follower.view);
  ResourceChange change = follower.write({"Dataplane", "dp-2", dataplane_spec(2, 1, 1, false, 2)});
  EndpointUpdates updates(follower.view, follower.view->affected(change).endpoints);
  auto one = updates.apply(std::make_shared<const Snapshot>(before["dp-0"]));
  auto other = updates.apply(std::make_shared<const Snapshot>(before["dp-1"]));
  ASSERT_TRUE(one && other);
  XdsResourcePtr endpoints = one->find(type_url::endpoint, "service-1");
  EXPECT_NE(endpoints->version, before["dp-0"].find(type_url::endpoint, "service-1")->version);
  EXPECT_EQ(endpoints, other->find(type_url::endpoint, "service-1"));
  EXPECT_EQ(one->find(type_url::cluster, "service-1"), before["dp-0"].find(type_url::cluster, "service-1"));
}

}  // namespace
}  // namespace kumasim::cp
