/// What the outbounds of a scenario's Dataplanes lead to.
#include "scenarios/engine/destination.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/engine/dataplane.hpp"
#include "tests/scenarios/scenario_texts.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using Kind = Destination::Kind;

std::string text(const std::string& mode, const std::string& backend_ref) {
  return R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: two-zones}
spec:
  duration: 20s
  topology:
    zones: [{name: east}, {name: west}]
    services:
    - {name: web, zone: east, calls: [{to: backend)" +
         backend_ref + R"(}, ledger]}
    - {name: backend, zones: [east, west], port: 9000}
    - {name: ledger, zone: east}
  resources: [{type: Mesh, name: default, meshServices: {mode: )" +
         mode + R"(}}]
  load: [{from: web, to: backend, rate: 20/s}]
  expect: [{always: no-plaintext}]
)";
}

Scenario two_zones(const std::string& mode, const std::string& backend_ref = {}) {
  return must_load(load_scenario(text(mode, backend_ref), "two-zones.yaml"));
}

json outbound(const Scenario& scenario, std::uint16_t called = 0) {
  return dataplane_of(
      scenario, scenario.instances.front(), "10.0.0.1",
      {.inbound = 1, .service = 2, .first_outbound = 100, .called = called})["networking"]["outbound"][0];
}

TEST(Destination, FollowsTheModeOfTheMesh) {
  EXPECT_EQ(outbound(two_zones("Everywhere")), json::parse(R"({"port": 100, "tags": {"kuma.io/service": "backend"}})"));
  const json exclusive = outbound(two_zones("Exclusive"));
  EXPECT_EQ(exclusive["backendRef"], json::parse(R"({"kind": "MeshService", "name": "backend", "port": 9000})"));
  EXPECT_FALSE(exclusive.contains("tags"));
}

TEST(Destination, IsWhatABackendRefNames) {
  const std::string by_labels =
      ", backendRef: {kind: MeshService, labels: {kuma.io/display-name: backend, kuma.io/zone: west}}";
  for (const char* mode : {"Everywhere", "Exclusive"}) {
    EXPECT_EQ(outbound(two_zones(mode, by_labels), 80)["backendRef"], json::parse(R"({"kind": "MeshService", "port": 80,
                              "labels": {"kuma.io/display-name": "backend", "kuma.io/zone": "west"}})"));
  }
  EXPECT_EQ(outbound(two_zones("Exclusive", ", backendRef: {kind: MeshMultiZoneService, name: all, port: 7}"),
                     80)["backendRef"],
            json::parse(R"({"kind": "MeshMultiZoneService", "name": "all", "port": 7})"));
}

TEST(Destination, AMeshServiceLeadsToItsZoneAlone) {
  Destination own{.service = "b", .kind = Kind::mesh_service, .name = "b"};
  EXPECT_TRUE(own.leads_to("east", "east"));
  EXPECT_FALSE(own.leads_to("west", "east"));
  Destination other{.service = "b", .kind = Kind::mesh_service, .name = "b", .zone = "west"};
  EXPECT_FALSE(other.leads_to("east", "east"));
  EXPECT_TRUE(other.leads_to("west", "east"));
  EXPECT_TRUE((Destination{.service = "b", .name = "b"}.leads_to("west", "east")));
  EXPECT_TRUE((Destination{.service = "b", .kind = Kind::mesh_multi_zone_service}.leads_to("west", "east")));
}

TEST(Destination, IsFoundByTheNameOfItsCluster) {
  const std::vector<Destination> called{
      {.service = "backend", .name = "backend"},
      {.service = "backend-2", .name = "backend-2"},
      {.service = "ledger", .kind = Kind::mesh_service, .name = "ledger", .zone = "west"},
      {.service = "shop", .kind = Kind::mesh_multi_zone_service, .name = "all"}};
  EXPECT_EQ(service_of_cluster("backend", called), "backend");
  EXPECT_EQ(service_of_cluster("backend-3f2a", called), "backend");
  EXPECT_EQ(service_of_cluster("backend-2-3f2a", called), "backend-2");
  EXPECT_EQ(service_of_cluster("default_ledger__west_msvc_8080", called), "ledger");
  EXPECT_EQ(service_of_cluster("default_all___mzsvc_8080", called), "shop");
  EXPECT_EQ(service_of_cluster("default_backend__west_msvc_8080", called), "");
  EXPECT_EQ(service_of_cluster("ledger", called), "");
  EXPECT_EQ(service_of_cluster("inbound:1", called), "");
}

std::string refused(const std::string& backend_ref) {
  auto loaded = load_scenario(text("Exclusive", ", backendRef: " + backend_ref), "two-zones.yaml");
  return loaded ? "" : lines_of(loaded.error());
}

TEST(Destination, IsNamedInOneWay) {
  EXPECT_THAT(refused("{kind: MeshService}"), HasSubstr("two-zones.yaml:9:"));
  EXPECT_THAT(refused("{kind: MeshService}"), HasSubstr("by `name` or by `labels`"));
  EXPECT_THAT(refused("{kind: MeshService, name: a, labels: {kuma.io/display-name: a}}"), HasSubstr("one of the two"));
  EXPECT_THAT(refused("{kind: MeshService, labels: {kuma.io/zone: west}}"), HasSubstr("lack kuma.io/display-name"));
  EXPECT_THAT(refused("{kind: MeshService, labels: {kuma.io/display-name: a, kuma.io/zone: north}}"),
              HasSubstr("no zone is named `north`"));
  EXPECT_THAT(refused("{kind: MeshExternalService, name: a}"), HasSubstr("MeshMultiZoneService"));
}

}  // namespace
}  // namespace kumasim::scenario
