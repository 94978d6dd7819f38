#include <gtest/gtest.h>

#include "reference-cp/xds/derive/address_pool.hpp"
#include "reference-cp/xds/derive/mesh_service_status.hpp"
#include "reference-cp/xds/derive/mesh_services.hpp"
#include "reference-cp/xds/derive/vips.hpp"
#include "tests/xds/small_mesh.hpp"

namespace kumasim::cp::derive {
namespace {

constexpr WallTime start{std::chrono::seconds(1'700'000'000)};

MeshView::Ptr mesh(const std::string& mode, std::vector<MeshWrite> writes) {
  writes.push_back({"Mesh", "m", {{"meshServices", {{"mode", mode}}}}});
  std::vector<ResourcePtr> resources;
  for (const MeshWrite& write : writes) resources.push_back(to_resource(write));
  return MeshView::build("m", {}, resources);
}

MeshView::Ptr written(MeshView::Ptr view, const MeshServiceWrites& writes) {
  for (const auto* list : {&writes.create, &writes.update})
    for (const Resource& resource : *list) view = view->with({nullptr, std::make_shared<const Resource>(resource)});
  for (const ResourceKey& key : writes.remove) view = view->with({*view->all("MeshService").find(key.name), nullptr});
  return view;
}

std::vector<MeshWrite> two_services() {
  return {{"Dataplane", "dp-0", dataplane_spec(0, 0, 1, true, 0)},
          {"Dataplane", "dp-1", dataplane_spec(1, 1, 0, true, 0)}};
}

TEST(MeshServices, AreMadeForEveryServiceAndThenStay) {
  AddressPool pool("241.0.0.0", 8);
  auto next = [&] { return pool.next(); };
  MeshView::Ptr view = mesh("Exclusive", two_services());
  MeshServiceWrites writes = mesh_services(*view, next, start);
  ASSERT_EQ(writes.create.size(), 2u);
  EXPECT_EQ(writes.create[0].meta.name, "service-0");
  EXPECT_EQ(writes.create[0].spec["ports"][0]["appProtocol"], "http");
  EXPECT_EQ(writes.create[0].status["vips"][0]["ip"], "241.0.0.0");
  EXPECT_EQ(writes.create[1].status["vips"][0]["ip"], "241.0.0.1");
  EXPECT_TRUE(mesh_services(*written(view, writes), next, start).empty());
}

TEST(MeshServices, AreNotMadeWhereTheMeshDoesNotWantThem) {
  auto none = [] { return std::string(); };
  EXPECT_TRUE(mesh_services(*mesh("Disabled", two_services()), none, start).empty());
}

TEST(MeshServices, OutliveTheirDataplanesByTheGracePeriod) {
  AddressPool pool("241.0.0.0", 8);
  auto next = [&] { return pool.next(); };
  MeshView::Ptr view = mesh("Exclusive", two_services());
  view = written(view, mesh_services(*view, next, start));
  view = view->with({*view->all("Dataplane").find("dp-0"), nullptr});
  MeshServiceWrites marked = mesh_services(*view, next, start);
  EXPECT_TRUE(marked.remove.empty());
  view = written(view, marked);
  EXPECT_TRUE(mesh_services(*view, next, start + grace_period).empty());
  MeshServiceWrites gone = mesh_services(*view, next, start + grace_period + std::chrono::seconds(1));
  ASSERT_EQ(gone.remove.size(), 1u);
  EXPECT_EQ(gone.remove[0].name, "service-0");
}

TEST(MeshServices, OfOtherZonesStayAsTheyCame) {
  AddressPool pool("241.0.0.0", 8);
  auto next = [&] { return pool.next(); };
  MeshView::Ptr view = mesh("Exclusive", two_services());
  view = written(view, mesh_services(*view, next, start));
  Resource other = **view->all("MeshService").find("service-0");
  other.meta.name = "service-9-zx9v4c8wc6d5v6x8";
  other.meta.labels["kuma.io/zone"] = "west";
  other.meta.labels["kuma.io/origin"] = "global";
  view = view->with({nullptr, std::make_shared<const Resource>(other)});
  EXPECT_TRUE(mesh_services(*view, next, start).empty()) << "though no Dataplane here is of it";
}

TEST(MeshServices, FollowTheNameOfTheirZone) {
  AddressPool pool("241.0.0.0", 8);
  auto next = [&] { return pool.next(); };
  MeshView::Ptr view = mesh("Exclusive", two_services());
  MeshServiceWrites made = mesh_services(*view, next, start);
  for (Resource& service : made.create) service.meta.labels["kuma.io/zone"] = "before";
  MeshServiceWrites writes = mesh_services(*written(view, made), next, start);
  ASSERT_EQ(writes.update.size(), 2u);
  EXPECT_EQ(writes.update[0].meta.label("kuma.io/zone"), "default");
  EXPECT_EQ(writes.update[0].status, made.create[0].status);
}

TEST(Vips, ANameKeepsItsAddressAndNoneIsGivenTwice) {
  VipTable first = vips(*mesh("Everywhere", two_services()), {});
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].address, "240.0.0.0");
  std::vector<MeshWrite> more = two_services();
  more.push_back({"Dataplane", "dp-2", dataplane_spec(2, 2, 0, true, 0)});
  more.erase(more.begin());
  VipTable second = vips(*mesh("Everywhere", more), first);
  ASSERT_EQ(second.size(), 2u);
  EXPECT_EQ(second[0].address, first[1].address);
  EXPECT_EQ(second[1].address, "240.0.0.2");
}

TEST(Hostname, FillsATemplate) {
  Meta meta;
  meta.mesh = "m";
  meta.name = "backend";
  meta.labels = {{"team", "a"}};
  EXPECT_EQ(hostname("{{ .DisplayName }}.svc.mesh.local", meta, "east"), "backend.svc.mesh.local");
  EXPECT_EQ(hostname("{{.Name}}.{{ .Zone }}.{{ label \"team\" }}", meta, "east"), "backend.east.a");
  EXPECT_EQ(hostname("{{ label \"none\" }}.x", meta, "east"), "");
}

TEST(Hostnames, SayWhyATemplateFails) {
  auto condition = [](const char* text) {
    MeshView::Ptr view = mesh(
        "Exclusive",
        {{"HostnameGenerator", "g", {{"template", text}, {"selector", {{"meshService", nlohmann::json::object()}}}}}});
    Resource service = *to_resource({"MeshService", "ms-1", mesh_service_spec(1, 1)});
    hostnames(*view, {&service}, "meshService");
    EXPECT_FALSE(service.status.contains("addresses"));
    const nlohmann::json generators = service.status.value("hostnameGenerators", nlohmann::json::array());
    return generators.empty() ? nlohmann::json() : generators[0]["conditions"][0];
  };
  nlohmann::json label = condition("{{ label \"team\" }}.mesh");
  EXPECT_EQ(label["status"], "False");
  EXPECT_EQ(label["reason"], "TemplateError");
  EXPECT_EQ(label["message"],
            "pre evaluation of template with parameters failed with error=\"template: :1:3: executing \\\"\\\" at "
            "<label \\\"team\\\">: error calling label: label team not found\"");
  EXPECT_EQ(condition("a.{{ .Foo }}")["message"],
            "pre evaluation of template with parameters failed with error=\"template: :1:5: executing \\\"\\\" at "
            "<.Foo>: can't evaluate field Foo in type hostname.meshedName\"");
  // What is not evaluated here is not called an error: Kuma would evaluate it.
  nlohmann::json pipe = condition("{{ label \"team\" | printf \"%s.x\" }}.mesh");
  EXPECT_NE(pipe.is_null() ? "" : pipe["reason"], "TemplateError") << pipe;
}

TEST(AddressPool, EndsWhereTheNetworkEnds) {
  AddressPool pool("10.0.0.0", 31);
  pool.take("10.0.0.0");
  EXPECT_EQ(pool.next(), "10.0.0.1");
  EXPECT_EQ(pool.next(), "");
}

TEST(AddressPool, GivesWhatCameBackWhenNothingElseIsLeft) {
  AddressPool pool("10.0.0.0", 30);
  for (int i = 0; i < 3; ++i) pool.take(pool.next());
  pool.give_back("10.0.0.1");
  pool.give_back("10.0.0.0");
  EXPECT_EQ(pool.next(), "10.0.0.3");
  EXPECT_EQ(pool.next(), "10.0.0.1");
  EXPECT_EQ(pool.next(), "10.0.0.0");
  EXPECT_EQ(pool.next(), "");
}

TEST(AddressPool, DoesNotGiveWhatSomebodyElseStillHolds) {
  AddressPool pool("10.0.0.0", 32);
  pool.take("10.0.0.0");
  pool.take("10.0.0.0");
  pool.give_back("10.0.0.0");
  EXPECT_EQ(pool.next(), "");
  pool.give_back("10.0.0.0");
  EXPECT_EQ(pool.next(), "10.0.0.0");
}

TEST(AddressPool, KeepsWhatIsPutByUntilThatIsCancelled) {
  AddressPool pool("10.0.0.0", 32);
  EXPECT_EQ(pool.next(), "10.0.0.0");
  EXPECT_EQ(pool.next(), "");
  pool.cancel("10.0.0.0");
  EXPECT_EQ(pool.next(), "10.0.0.0");
  pool.take("10.0.0.0");
  pool.cancel("10.0.0.0");  // too late: it is held
  EXPECT_EQ(pool.next(), "");
}

TEST(AddressPool, DoesNotTakeInForeignAddresses) {
  AddressPool pool("10.0.0.0", 32);
  pool.take(pool.next());
  pool.take("192.168.0.1");
  pool.give_back("192.168.0.1");
  EXPECT_EQ(pool.next(), "");
}

}  // namespace
}  // namespace kumasim::cp::derive
