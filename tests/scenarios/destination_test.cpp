/// What the outbounds of a scenario's Dataplanes lead to.
#include "scenarios/engine/destination.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/engine/dataplane.hpp"
#include "scenarios/engine/known_endpoints.hpp"
#include "tests/scenarios/scenario_texts.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = Destination::Kind;

std::string text(const std::string& mode, const std::string& backend_ref, const std::string& selector = {}) {
  return R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: two-zones}
spec:
  duration: 20s
  topology:
    zones: [{name: east}, {name: west}, {name: north}]
    services:
    - {name: web, zone: east, calls: [{to: backend)" +
         backend_ref + R"(}, ledger]}
    - {name: backend, zones: [east, west], port: 9000}
    - {name: ledger, zone: east}
  resources:
  - {type: Mesh, name: default, meshServices: {mode: )" +
         mode + R"(}}
  - type: MeshMultiZoneService
    mesh: default
    name: all
    spec: {selector: {meshService: {matchLabels: {)" +
         (selector.empty() ? "kuma.io/display-name: backend" : selector) + R"(}}}, ports: [{port: 9000}]}
  load: [{from: web, to: backend, rate: 20/s}]
  expect: [{always: no-plaintext}]
)";
}

Scenario two_zones(const std::string& mode, const std::string& backend_ref = {}, const std::string& selector = {}) {
  return must_load(load_scenario(text(mode, backend_ref, selector), "two-zones.yaml"));
}

json outbound(const Scenario& scenario) {
  return dataplane_of(scenario, scenario.instances.front(), "10.0.0.1",
                      {.inbound = 1, .service = 2, .first_outbound = 100})["networking"]["outbound"][0];
}

constexpr const char* of_west =
    ", backendRef: {kind: MeshService, labels: {kuma.io/display-name: backend, kuma.io/zone: west}}";
constexpr const char* of_all =
    ", backendRef: {kind: MeshMultiZoneService, labels: {kuma.io/display-name: all}, port: 9000}";

TEST(Destination, FollowsTheModeOfTheMesh) {
  EXPECT_EQ(outbound(two_zones("Everywhere")), json::parse(R"({"port": 100, "tags": {"kuma.io/service": "backend"}})"));
  const json exclusive = outbound(two_zones("Exclusive"));
  EXPECT_EQ(exclusive["backendRef"], json::parse(R"({"kind": "MeshService", "name": "backend", "port": 9000})"));
  EXPECT_FALSE(exclusive.contains("tags"));
}

TEST(Destination, IsWhatABackendRefNames) {
  for (const char* mode : {"Everywhere", "Exclusive"}) {
    EXPECT_EQ(outbound(two_zones(mode, of_west))["backendRef"], json::parse(R"({"kind": "MeshService", "port": 9000,
                              "labels": {"kuma.io/display-name": "backend", "kuma.io/zone": "west"}})"));
  }
  EXPECT_EQ(
      outbound(two_zones("Exclusive", of_all))["backendRef"],
      json::parse(R"({"kind": "MeshMultiZoneService", "labels": {"kuma.io/display-name": "all"}, "port": 9000})"));
}

/// The zones whose backends the first service's call leads to.
std::set<std::string> zones_behind(const Scenario& scenario) {
  const Service& web = scenario.services.front();
  Destination destination = Destinations(scenario).of(web, scenario.instances.front(), web.calls.front());
  std::set<std::string> out;
  for (const Instance& instance : scenario.instances)
    if (instance.service == "backend" && destination.leads_to(instance)) out.insert(instance.zone());
  return out;
}

TEST(Destination, AMeshServiceLeadsToItsZoneAlone) {
  EXPECT_THAT(zones_behind(two_zones("Everywhere")), ElementsAre("east", "west"));
  EXPECT_THAT(zones_behind(two_zones("Exclusive")), ElementsAre("east"));
  EXPECT_THAT(zones_behind(two_zones("Exclusive", of_west)), ElementsAre("west"));
  EXPECT_THAT(zones_behind(two_zones("Exclusive", of_all)), ElementsAre("east", "west"));
  EXPECT_THAT(zones_behind(two_zones("Exclusive", of_all, "kuma.io/display-name: backend, kuma.io/zone: west")),
              ElementsAre("west"));
}

TEST(Destination, IsWhatProxiesShouldKnow) {
  Scenario scenario = two_zones("Exclusive", of_west);
  StateSample sample;
  Observations seen;
  for (const char* process : {"web-0", "backend-east-0", "backend-west-0", "ingress-east-0", "ingress-west-0"})
    sample.proxies[process] = {.up = true, .address = std::string(process) + ":1"};
  auto wanted = [&] {
    return KnownEndpoints(scenario, seen, sample)
        .wanted(scenario.instances.front(), scenario.services.front().calls.front())
        .all;
  };
  EXPECT_THAT(wanted(), ElementsAre("ingress-west-0:1"));
  scenario = two_zones("Exclusive");
  EXPECT_THAT(wanted(), ElementsAre("backend-east-0:1"));
  scenario = two_zones("Exclusive", of_all);
  EXPECT_THAT(wanted(), ElementsAre("backend-east-0:1", "ingress-west-0:1"));
}

TEST(Destination, IsFoundByTheNameOfItsCluster) {
  const std::vector<Destination> called{{.service = "backend", .name = "backend"},
                                        {.service = "backend-2", .name = "backend-2"},
                                        {.service = "ledger", .kind = Kind::mesh_service, .name = "ledger"},
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

std::string refused(const std::string& backend_ref, const std::string& mode = "Exclusive",
                    const std::string& selector = {}) {
  auto loaded = load_scenario(text(mode, ", backendRef: " + backend_ref, selector), "two-zones.yaml");
  return loaded ? "" : lines_of(loaded.error());
}

TEST(Destination, IsNamedInOneWay) {
  EXPECT_THAT(refused("{kind: MeshService}"), HasSubstr("two-zones.yaml:9:"));
  EXPECT_THAT(refused("{kind: MeshService}"), HasSubstr("calls[0].backendRef: names its destination by `name` or by"));
  EXPECT_THAT(refused("{kind: MeshService, name: a, labels: {kuma.io/display-name: a}}"), HasSubstr("one of the two"));
  EXPECT_THAT(refused("{kind: MeshService, labels: {kuma.io/zone: west}}"), HasSubstr("lack kuma.io/display-name"));
  EXPECT_THAT(refused("{kind: MeshService, labels: {kuma.io/display-name: backend, a: b}}"), HasSubstr("labels.a"));
  EXPECT_THAT(refused("{kind: MeshExternalService, name: a}"), HasSubstr("MeshMultiZoneService"));
}

TEST(Destination, IsThere) {
  EXPECT_THAT(refused("{kind: MeshService, name: backend}", "Disabled"),
              HasSubstr("mesh `default` has no MeshServices"));
  EXPECT_EQ(refused("{kind: MeshService, name: backend}", "Everywhere"), "");
  EXPECT_THAT(refused("{kind: MeshService, name: a}"),
              HasSubstr("the MeshService of `backend` has that name, not `a`"));
  EXPECT_THAT(refused("{kind: MeshService, name: backend, port: 1}"), HasSubstr("`backend` has the port 9000"));
  EXPECT_THAT(refused("{kind: MeshService, labels: {kuma.io/display-name: backend}}"), HasSubstr("lack kuma.io/zone"));
  EXPECT_THAT(refused("{kind: MeshService, labels: {kuma.io/display-name: backend, kuma.io/zone: nowhere}}"),
              HasSubstr("there is no zone `nowhere`"));
  EXPECT_THAT(refused("{kind: MeshService, labels: {kuma.io/display-name: backend, kuma.io/zone: north}}"),
              HasSubstr("a zone that has no instance of it"));
}

TEST(Destination, AMeshMultiZoneServiceIsOfGlobal) {
  const std::string all = "{kind: MeshMultiZoneService, labels: {kuma.io/display-name: all}}";
  EXPECT_EQ(refused(all), "");
  EXPECT_THAT(refused("{kind: MeshMultiZoneService, name: all}"), HasSubstr("has another name in zones"));
  EXPECT_THAT(refused("{kind: MeshMultiZoneService, labels: {kuma.io/display-name: a}}"),
              HasSubstr("has no MeshMultiZoneService `a`"));
  EXPECT_THAT(refused("{kind: MeshMultiZoneService, labels: {kuma.io/display-name: all}, port: 8}"),
              HasSubstr("`backend` has the port 9000"));
  EXPECT_THAT(refused(all, "Exclusive", "kuma.io/display-name: ledger"), HasSubstr("does not select"));
  EXPECT_THAT(refused(all, "Exclusive", "kuma.io/display-name: backend, kuma.io/zone: north"),
              HasSubstr("a zone that has no instance of it"));
}

}  // namespace
}  // namespace kumasim::scenario
