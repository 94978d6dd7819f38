/// Proxies of a zone, and what they bring to those of a mesh.
#include <gtest/gtest.h>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/endpoint/v3/endpoint.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/derive/address_pool.hpp"
#include "reference-cp/xds/derive/available_services.hpp"
#include "reference-cp/xds/derive/destinations.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/type_url.hpp"
#include "reference-cp/xds/zone/reach.hpp"
#include "reference-cp/xds/zone/zone_proxy.hpp"
#include "tests/xds/small_mesh.hpp"

namespace kumasim::cp {
namespace {

const nlohmann::json mtls = {{"enabledBackend", "ca"}, {"backends", {{{"name", "ca"}, {"type", "builtin"}}}}};

MeshView::Ptr mesh(const nlohmann::json& spec, const std::vector<MeshWrite>& writes) {
  std::vector<ResourcePtr> resources = {to_resource({"Mesh", "m", spec})};
  for (const MeshWrite& write : writes) resources.push_back(to_resource(write));
  return MeshView::build("m", {}, resources);
}

MeshWrite dataplane(int number, int service) {
  return {"Dataplane", fmt::format("dp-{}", number), dataplane_spec(number, service, 1, true, 0)};
}

ZoneProxy zone_proxy(const char* kind, const nlohmann::json& available = nullptr) {
  nlohmann::json spec = {{"networking", {{"address", "10.20.0.1"}, {"port", 10001}}}};
  if (!available.is_null()) spec["availableServices"] = available;
  ZoneProxy proxy;
  proxy.resource = to_resource({kind, "z", spec});
  proxy.identities["m"].certificate_pem = "certificate";
  return proxy;
}

std::optional<::envoy::config::listener::v3::Listener> listener(const Snapshot& snapshot,
                                                                const char* name = "inbound:10.20.0.1:10001") {
  auto held = snapshot.find(type_url::listener, name);
  if (!held) return std::nullopt;
  google::protobuf::Any any;
  ::envoy::config::listener::v3::Listener result;
  EXPECT_TRUE(any.ParseFromString(*held->any) && any.UnpackTo(&result));
  return result;
}

TEST(RemoteEndpoints, NeedMutualTlsAndWeighWhatStandsBehindThem) {
  std::vector<MeshWrite> writes = {dataplane(0, 1), zone_write(0, 1)};
  EXPECT_EQ(mesh({}, writes)->endpoints("service-1").size(), 1u);
  auto view = mesh({{"mtls", mtls}}, writes);
  const auto& endpoints = view->endpoints("service-1");
  ASSERT_EQ(endpoints.size(), 2u);
  EXPECT_EQ(endpoints[0].address, "198.51.100.1");
  EXPECT_EQ(endpoints[0].weight, 2u);
  EXPECT_EQ(endpoints[1].weight, 1u);
}

TEST(RemoteEndpoints, LetLocalOnesWeighAsMuchAsThereAreIngresses) {
  // Two ingresses of other zones stand for all of their instances each.
  auto view = mesh({{"mtls", mtls}}, {dataplane(0, 1), zone_write(0, 0), zone_write(0, 1)});
  EXPECT_EQ(view->endpoints("service-1").back().weight, 2u);
}

TEST(RemoteEndpoints, GoThroughTheEgressWhereTheMeshWantsIt) {
  nlohmann::json spec = {{"mtls", mtls}, {"routing", {{"zoneEgress", true}}}};
  auto view = mesh(spec, {zone_write(0, 1), zone_write(1, 0), zone_write(2, 0)});
  ASSERT_EQ(view->endpoints("service-1").size(), 1u);
  EXPECT_EQ(view->endpoints("service-1").front().address, "10.30.0.0");
  EXPECT_TRUE(view->endpoints("m_ext-0___extsvc_9000").front().external);
}

TEST(Destinations, GetAddressesAndTheServicesThatTheySelect) {
  derive::AddressPool pool("242.0.0.0", 8);
  auto next = [&](std::string_view) { return pool.next(); };
  MeshWrite combined = {
      "MeshMultiZoneService",
      "all",
      {{"selector", {{"meshService", {{"matchLabels", {{"kuma.io/zone", "east"}}}}}}}, {"ports", {{{"port", 80}}}}}};
  std::vector<ResourcePtr> resources = {to_resource({"Mesh", "m", nlohmann::json::object()}),
                                        to_resource(zone_write(4, 1))};
  for (const MeshWrite& write : {combined, zone_write(2, 1)}) {
    Resource bare = *to_resource(write);
    bare.status = nullptr;
    resources.push_back(std::make_shared<const Resource>(bare));
  }
  auto view = MeshView::build("m", {}, resources);
  std::vector<Resource> writes = derive::destinations(*view, next);
  ASSERT_EQ(writes.size(), 2u);
  EXPECT_EQ(writes[0].status["vip"]["ip"], "242.0.0.0");
  EXPECT_EQ(writes[1].status["vips"][0]["ip"], "242.0.0.1");
  EXPECT_EQ(writes[1].status["meshServices"][0]["name"], "far-1");
  for (const Resource& resource : writes) view = view->with({nullptr, std::make_shared<const Resource>(resource)});
  EXPECT_TRUE(derive::destinations(*view, next).empty());
}

/// As Kuma sorts them, '-' before '/'.
TEST(Destinations, ListWhatTheySelectByFullName) {
  derive::AddressPool pool("242.0.0.0", 8);
  auto next = [&](std::string_view) { return pool.next(); };
  std::vector<ResourcePtr> resources = {
      to_resource({"Mesh", "m", nlohmann::json::object()}),
      to_resource({"MeshMultiZoneService",
                   "mz-all",
                   {{"selector", {{"meshService", {{"matchLabels", {{"kuma.io/zone", "east"}}}}}}},
                    {"ports", {{{"port", 80}}}}}})};
  for (const char* name : {"far-a", "far-a-2", "far-b"}) {
    MeshWrite write = zone_write(4, 0);
    write.name = name;
    resources.push_back(to_resource(write));
  }
  std::vector<Resource> writes = derive::destinations(*MeshView::build("m", {}, resources), next);
  ASSERT_EQ(writes.size(), 1u);
  std::vector<std::string> names;
  for (const nlohmann::json& service : writes[0].status["meshServices"]) names.push_back(text_at(service, "name"));
  EXPECT_EQ(names, (std::vector<std::string>{"far-a-2", "far-a", "far-b"}));
}

TEST(AvailableServices, CountInboundsByTheirTags) {
  auto view = mesh({}, {dataplane(0, 1), dataplane(1, 1), dataplane(2, 2)});
  nlohmann::json services = derive::available_services({{"m", view}});
  ASSERT_EQ(services.size(), 2u);
  EXPECT_EQ(services[0]["tags"]["kuma.io/service"], "service-1");
  EXPECT_EQ(services[0]["instances"], 2);
  EXPECT_EQ(services[1]["instances"], 1);
  auto exclusive = mesh({{"meshServices", {{"mode", "Exclusive"}}}}, {dataplane(0, 1)});
  EXPECT_TRUE(derive::available_services({{"m", exclusive}}).empty());
}

TEST(ZoneIngress, AnswersItselfAsLongAsThereIsNothingToOffer) {
  auto got = listener(generate_zone_ingress({}, zone_proxy("ZoneIngress")));
  ASSERT_TRUE(got);
  ASSERT_EQ(got->filter_chains_size(), 1);
  EXPECT_EQ(got->filter_chains(0).filters(0).name(), "envoy.filters.network.direct_response");
}

TEST(ZoneIngress, PassesOnByServerNameToLocalEndpointsOnly) {
  auto view = mesh({{"mtls", mtls}}, {dataplane(0, 1), zone_write(0, 1)});
  nlohmann::json available = derive::available_services({{"m", view}});
  Snapshot snapshot = generate_zone_ingress({{"m", view}}, zone_proxy("ZoneIngress", available));
  auto got = listener(snapshot);
  ASSERT_TRUE(got);
  ASSERT_EQ(got->filter_chains_size(), 1);
  EXPECT_EQ(got->filter_chains(0).filter_chain_match().server_names(0), "service-1{mesh=m}");
  EXPECT_FALSE(got->filter_chains(0).has_transport_socket());
  auto endpoints = snapshot.find(type_url::endpoint, "m:service-1");
  ASSERT_TRUE(endpoints);
  EXPECT_EQ(endpoints->any->find("198.51.100.1"), std::string::npos);
  EXPECT_NE(endpoints->any->find("10.0.0.1"), std::string::npos);
}

/// The youngest first, as for the names that they give.
TEST(ZoneIngress, OrdersSharesOfVirtualOutboundsAsTheyCount) {
  auto outbound = [](const char* name, const char* tag, int second) {
    nlohmann::json any = {{"match", {{"kuma.io/service", "*"}}}};
    nlohmann::json service = {{"name", "service"}, {"tagKey", "kuma.io/service"}};
    nlohmann::json other = {{"name", "other"}, {"tagKey", tag}};
    Resource resource = *to_resource({"VirtualOutbound",
                                      name,
                                      {{"selectors", nlohmann::json::array({any})},
                                       {"conf",
                                        {{"host", "{{.service}}.{{.other}}"},
                                         {"port", "80"},
                                         {"parameters", nlohmann::json::array({service, other})}}}}});
    resource.meta.creation = WallTime(std::chrono::seconds(second));
    return std::make_shared<const Resource>(std::move(resource));
  };
  std::vector<ResourcePtr> resources = {to_resource({"Mesh", "m", {{"mtls", mtls}}}), to_resource(dataplane(0, 1)),
                                        outbound("a", "version", 1), outbound("b", "kuma.io/protocol", 2)};
  auto view = MeshView::build("m", {}, resources);
  nlohmann::json available = derive::available_services({{"m", view}});
  auto got = listener(generate_zone_ingress({{"m", view}}, zone_proxy("ZoneIngress", available)));
  ASSERT_TRUE(got);
  std::vector<std::string> names;
  for (const auto& chain : got->filter_chains())
    for (const std::string& name : chain.filter_chain_match().server_names()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"service-1{kuma.io/protocol=http,mesh=m}", "service-1{mesh=m,version=v1}",
                                             "service-1{mesh=m}"}));
}

TEST(ZoneEgress, HasNoListenerWithoutAWayOut) {
  EXPECT_FALSE(listener(generate_zone_egress({{"m", mesh({{"mtls", mtls}}, {})}}, zone_proxy("ZoneEgress"))));
  // Without mutual TLS there is no server name to go by.
  EXPECT_FALSE(listener(generate_zone_egress({{"m", mesh({}, {zone_write(2, 0)})}}, zone_proxy("ZoneEgress"))));
}

TEST(ZoneEgress, EndsTheTlsOfWhoeverMayReachTheOutside) {
  auto view = mesh({{"mtls", mtls}}, {zone_write(2, 0)});
  Snapshot snapshot = generate_zone_egress({{"m", view}}, zone_proxy("ZoneEgress"));
  auto got = listener(snapshot);
  ASSERT_TRUE(got);
  ASSERT_EQ(got->filter_chains_size(), 1);
  EXPECT_TRUE(got->filter_chains(0).has_transport_socket());
  EXPECT_TRUE(snapshot.find(type_url::cluster, "m_ext-0___extsvc_9000"));
  EXPECT_TRUE(snapshot.find(type_url::secret, "identity_cert:secret:m"));
}

TEST(ZoneEgress, HurtsAndLimitsClientsOfExternalServices) {
  nlohmann::json all = {{"kind", "Mesh"}};
  auto from = [&](const nlohmann::json& conf) {
    return nlohmann::json{{"targetRef", all}, {"from", {{{"targetRef", all}, {"default", conf}}}}};
  };
  MeshWrite service = {"ExternalService",
                       "e",
                       {{"tags", {{"kuma.io/service", "out"}, {"kuma.io/protocol", "http"}}},
                        {"networking", {{"address", "out.example.com:80"}}}}};
  MeshWrite faults = {"MeshFaultInjection", "f",
                      from({{"http", {{{"abort", {{"httpStatus", 500}, {"percentage", 50}}}}}}})};
  MeshWrite limits = {"MeshRateLimit", "l",
                      from({{"local", {{"http", {{"requestRate", {{"num", 1}, {"interval", "1s"}}}}}}}})};
  auto got = listener(
      generate_zone_egress({{"m", mesh({{"mtls", mtls}}, {service, faults, limits})}}, zone_proxy("ZoneEgress")));
  ASSERT_TRUE(got);
  std::string chain = got->filter_chains(0).SerializeAsString();
  for (const char* filter :
       {"envoy.filters.http.fault", "envoy.filters.http.local_ratelimit", "envoy.filters.http.rbac"})
    EXPECT_NE(chain.find(filter), std::string::npos) << filter;
}

/// By its name, not by its other tags.
TEST(ZoneEgress, TakesPoliciesForTheNameOfAnExternalService) {
  auto hurts = [](const nlohmann::json& target) {
    nlohmann::json abort = {{"httpStatus", 500}, {"percentage", 50}};
    nlohmann::json from = {{"targetRef", {{"kind", "Mesh"}}},
                           {"default", {{"http", nlohmann::json::array({nlohmann::json{{"abort", abort}}})}}}};
    MeshWrite faults = {"MeshFaultInjection", "f", {{"targetRef", target}, {"from", nlohmann::json::array({from})}}};
    MeshWrite service = {"ExternalService",
                         "e",
                         {{"tags", {{"kuma.io/service", "out"}, {"kuma.io/protocol", "http"}, {"team", "x"}}},
                          {"networking", {{"address", "out.example.com:80"}}}}};
    auto got =
        listener(generate_zone_egress({{"m", mesh({{"mtls", mtls}}, {service, faults})}}, zone_proxy("ZoneEgress")));
    return got && got->SerializeAsString().find("envoy.filters.http.fault") != std::string::npos;
  };
  EXPECT_TRUE(hurts({{"kind", "MeshService"}, {"name", "out"}}));
  EXPECT_TRUE(hurts({{"kind", "MeshSubset"}, {"tags", {{"kuma.io/service", "out"}}}}));
  EXPECT_FALSE(hurts({{"kind", "MeshSubset"}, {"tags", {{"team", "x"}}}}));
  EXPECT_FALSE(hurts({{"kind", "MeshServiceSubset"}, {"name", "out"}, {"tags", {{"team", "x"}}}}));
}

/// Of several with one name the old policies of all count, each once, and the permission of the last.
TEST(ZoneEgress, UnitesOldPoliciesForExternalServicesOfOneName) {
  auto service = [](const char* name, const char* team) {
    return MeshWrite{"ExternalService",
                     name,
                     {{"tags", {{"kuma.io/service", "out"}, {"kuma.io/protocol", "http"}, {"team", team}}},
                      {"networking", {{"address", "out.example.com:80"}}}}};
  };
  auto faults = [](const char* name, const nlohmann::json& destination) {
    nlohmann::json any = {{"match", {{"kuma.io/service", "*"}}}}, to = {{"match", destination}};
    nlohmann::json abort = {{"httpStatus", 500}, {"percentage", 50}};
    return MeshWrite{"FaultInjection",
                     name,
                     {{"sources", nlohmann::json::array({any})},
                      {"destinations", nlohmann::json::array({to})},
                      {"conf", {{"abort", abort}}}}};
  };
  auto permission = [](const char* name, const char* client, const char* team) {
    nlohmann::json from = {{"match", {{"kuma.io/service", client}}}};
    nlohmann::json to = {{"match", {{"kuma.io/service", "out"}, {"team", team}}}};
    return MeshWrite{"TrafficPermission",
                     name,
                     {{"sources", nlohmann::json::array({from})}, {"destinations", nlohmann::json::array({to})}}};
  };
  nlohmann::json any = {{"match", {{"kuma.io/service", "*"}}}}, out = {{"match", {{"kuma.io/service", "out"}}}};
  MeshWrite limit = {"RateLimit",
                     "l",
                     {{"sources", nlohmann::json::array({any})},
                      {"destinations", nlohmann::json::array({out})},
                      {"conf", {{"http", {{"requests", 3}, {"interval", "10s"}}}}}}};
  auto view =
      mesh({{"mtls", mtls}}, {service("e-1", "x"), service("e-2", "y"), faults("f-1", {{"kuma.io/service", "out"}}),
                              faults("f-2", {{"kuma.io/service", "out"}, {"team", "y"}}),
                              permission("p-1", "first", "x"), permission("p-2", "second", "y"), limit});
  auto got = listener(generate_zone_egress({{"m", view}}, zone_proxy("ZoneEgress")));
  ASSERT_TRUE(got);
  std::string chain = got->filter_chains(0).SerializeAsString();
  auto count = [&](const std::string& name) {
    int found = 0;
    for (std::size_t at = 0; (at = chain.find(name, at)) != std::string::npos; at += name.size())
      if (!chain.substr(at).starts_with(name + ".")) ++found;
    return found;
  };
  EXPECT_EQ(count("envoy.filters.http.fault"), 2);
  EXPECT_EQ(count("envoy.filters.http.local_ratelimit"), 2) << "the filter, and the route that is limited";
  EXPECT_EQ(count("spiffe://m/second"), 1);
  EXPECT_EQ(count("spiffe://m/first"), 0);
}

/// As Kuma sorts them: '0' and '-' come before '_'.
TEST(ZoneEgress, OrdersTheOutsideOfBothKindsByName) {
  auto external = [](const char* name, const char* service) {
    return MeshWrite{"ExternalService",
                     name,
                     {{"tags", {{"kuma.io/service", service}}}, {"networking", {{"address", "out.example.com:80"}}}}};
  };
  auto mesh_external = [](const char* name) {
    MeshWrite write = zone_write(2, 0);
    write.name = name;
    return write;
  };
  auto view = mesh({{"mtls", mtls}}, {external("e-1", "z"), external("e-2", "a"), mesh_external("ext-1"),
                                      mesh_external("ext-10"), mesh_external("ext-1-a")});
  auto got = listener(generate_zone_egress({{"m", view}}, zone_proxy("ZoneEgress")));
  ASSERT_TRUE(got);
  std::vector<std::string> chains;
  for (const auto& chain : got->filter_chains()) chains.push_back(chain.name());
  EXPECT_EQ(chains, (std::vector<std::string>{"a_m", "m_ext-1-a___extsvc_9000", "m_ext-10___extsvc_9000",
                                              "m_ext-1___extsvc_9000", "z_m"}));
}

/// As Kuma has it: for each MeshExternalService of the mesh, and once more for each mesh that follows.
TEST(ZoneEgress, ChecksAClusterAsOftenAsKumaGoesThroughThem) {
  MeshWrite check = {"MeshHealthCheck",
                     "c",
                     {{"targetRef", {{"kind", "Mesh"}}},
                      {"to", {{{"targetRef", {{"kind", "Mesh"}}}, {"default", {{"http", {{"path", "/up"}}}}}}}}}};
  auto checks = [](const MeshViewMap& meshes) {
    auto held = generate_zone_egress(meshes, zone_proxy("ZoneEgress")).find(type_url::cluster, "m_ext-0___extsvc_9000");
    google::protobuf::Any any;
    ::envoy::config::cluster::v3::Cluster cluster;
    EXPECT_TRUE(held && any.ParseFromString(*held->any) && any.UnpackTo(&cluster));
    return cluster.health_checks_size();
  };
  auto one = mesh({{"mtls", mtls}}, {zone_write(2, 0), check});
  auto two = mesh({{"mtls", mtls}}, {zone_write(2, 0), zone_write(2, 1), check});
  std::vector<ResourcePtr> other = {to_resource({"Mesh", "n", {{"mtls", mtls}}})};
  auto empty = MeshView::build("n", {}, other);
  EXPECT_EQ(checks({{"m", one}}), 1);
  EXPECT_EQ(checks({{"m", two}}), 2);
  EXPECT_EQ(checks({{"m", two}, {"n", empty}}), 4);
}

/// As Kuma has it, whether they are for the chain's service or for another one.
TEST(ZoneEgress, HashesByThePoliciesOfAllMeshExternalServices) {
  nlohmann::json header = {{"type", "Header"}, {"header", {{"name", "x"}}}};
  nlohmann::json balancer = {{"type", "RingHash"}, {"ringHash", {{"hashPolicies", nlohmann::json::array({header})}}}};
  nlohmann::json to = {{"targetRef", {{"kind", "Mesh"}}}, {"default", {{"loadBalancer", balancer}}}};
  MeshWrite hashes = {
      "MeshLoadBalancingStrategy", "h", {{"targetRef", {{"kind", "Mesh"}}}, {"to", nlohmann::json::array({to})}}};
  auto view = mesh({{"mtls", mtls}}, {zone_write(2, 0), zone_write(2, 1), hashes});
  auto got = listener(generate_zone_egress({{"m", view}}, zone_proxy("ZoneEgress")));
  ASSERT_TRUE(got);
  ASSERT_EQ(got->filter_chains_size(), 2);
  for (const auto& chain : got->filter_chains()) {
    ::envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager manager;
    bool found = false;
    for (const auto& filter : chain.filters()) found = found || filter.typed_config().UnpackTo(&manager);
    ASSERT_TRUE(found);
    EXPECT_EQ(manager.route_config().virtual_hosts(0).routes(0).route().hash_policy_size(), 2);
  }
}

TEST(ZoneEgress, DoesNotReachAServiceWhoseCertificatesAreMissing) {
  MeshWrite service = zone_write(2, 0);
  service.spec["tls"] = {{"enabled", true}, {"verification", {{"caCert", {{"secret", "missing"}}}}}};
  auto view = mesh({{"mtls", mtls}}, {service});
  EXPECT_FALSE(listener(generate_zone_egress({{"m", view}}, zone_proxy("ZoneEgress"))));
}

TEST(ZoneProxies, NameThingsAfterWhatTheyAreMadeFromWhereTheirEnvoyAsks) {
  auto asking = [](const char* kind) {
    ZoneProxy proxy = zone_proxy(kind);
    proxy.metadata.features.insert("feature-unified-resource-naming");
    return proxy;
  };
  MeshWrite service = {"MeshService", "ms-1", mesh_service_spec(1, 1)};
  auto local = mesh({{"mtls", mtls}}, {dataplane(0, 1), service});
  Snapshot ingress = generate_zone_ingress({{"m", local}}, asking("ZoneIngress"));
  auto of_ingress = listener(ingress, "kri_zi____z_");
  ASSERT_TRUE(of_ingress);
  EXPECT_EQ(of_ingress->stat_prefix(), "self_inbound_zi_10001");
  for (auto type : {type_url::cluster, type_url::endpoint})
    EXPECT_TRUE(ingress.find(type, "kri_msvc_m___ms-1_main")) << type;

  auto egress = [&](const char* mode) {
    nlohmann::json spec = {{"mtls", mtls}, {"meshServices", {{"mode", mode}}}};
    return generate_zone_egress({{"m", mesh(spec, {zone_write(2, 0)})}}, asking("ZoneEgress"));
  };
  Snapshot made = egress("Exclusive");
  auto of_egress = listener(made, "kri_ze____z_");
  ASSERT_TRUE(of_egress);
  EXPECT_EQ(of_egress->stat_prefix(), "self_inbound_ze_10001");
  EXPECT_EQ(of_egress->filter_chains(0).name(), "kri_extsvc_m___ext-0_9000");
  EXPECT_TRUE(made.find(type_url::cluster, "kri_extsvc_m___ext-0_9000"));
  EXPECT_TRUE(made.find(type_url::secret, "system_mtls_identity_m"));
  EXPECT_TRUE(egress("Everywhere").find(type_url::secret, "identity_cert:secret:m")) << "as in Kuma";
}

/// "zone@priority" of a cluster's endpoints, in order; with the overprovisioning factor where it is set.
std::vector<std::string> localities(const Snapshot& snapshot, const std::string& cluster) {
  auto held = snapshot.find(type_url::endpoint, cluster);
  google::protobuf::Any any;
  ::envoy::config::endpoint::v3::ClusterLoadAssignment assignment;
  EXPECT_TRUE(held && any.ParseFromString(*held->any) && any.UnpackTo(&assignment)) << cluster;
  std::vector<std::string> result;
  for (const auto& group : assignment.endpoints())
    result.push_back(fmt::format("{}@{}", group.locality().zone(), group.priority()));
  if (assignment.has_policy()) result.push_back(std::to_string(assignment.policy().overprovisioning_factor().value()));
  return result;
}

/// An egress stands for all clients, so policies of some of them do not count.
TEST(ZoneEgress, TriesOtherZonesInTheOrderThatThePoliciesOfTheWholeMeshSay) {
  MeshWrite east = zone_write(0, 1), west = zone_write(0, 0);
  west.name = "west";
  west.spec["zone"] = "west";
  west.spec["availableServices"][0]["tags"]["kuma.io/service"] = "service-1";
  west.spec["availableServices"][0]["tags"]["kuma.io/zone"] = "west";
  auto balance = [](const char* name, const nlohmann::json& clients, const nlohmann::json& awareness) {
    nlohmann::json to = {{"targetRef", {{"kind", "MeshService"}, {"name", "service-1"}}},
                         {"default", {{"localityAwareness", awareness}}}};
    return MeshWrite{"MeshLoadBalancingStrategy", name, {{"targetRef", clients}, {"to", {to}}}};
  };
  auto first = [](const char* zone) {
    return nlohmann::json{
        {"crossZone",
         {{"failover", {{{"to", {{"type", "Only"}, {"zones", {zone}}}}}, {{"to", {{"type", "Any"}}}}}},
          {"failoverThreshold", {{"percentage", 25}}}}}};
  };
  auto egress = [&](std::vector<MeshWrite> policies) {
    policies.insert(policies.end(), {east, west});
    nlohmann::json spec = {{"mtls", mtls}, {"routing", {{"zoneEgress", true}}}};
    return localities(generate_zone_egress({{"m", mesh(spec, policies)}}, zone_proxy("ZoneEgress")), "m:service-1");
  };
  using Lines = std::vector<std::string>;
  const nlohmann::json all = {{"kind", "Mesh"}};
  EXPECT_EQ(egress({}), (Lines{"east@0", "west@0"}));
  EXPECT_EQ(egress({balance("a", all, {{"disabled", false}})}), (Lines{"east@1", "west@1"}));
  EXPECT_EQ(egress({balance("a", all, first("west"))}), (Lines{"east@2", "west@1", "400"}));
  EXPECT_EQ(egress({balance("a", {{"kind", "MeshSubset"}, {"tags", {{"team", "a"}}}}, first("west"))}),
            (Lines{"east@0", "west@0"}));
}

/// "ingress", "egress", both or nothing.
std::string reached(const MeshWrite& before, const MeshWrite& after) {
  ZoneReach reach = zone_reach({to_resource(before), to_resource(after)});
  return std::string(reach.ingresses ? "ingress" : "") + (reach.egresses ? "egress" : "");
}

TEST(ZoneReach, IsOfWhatAProxyOfTheZoneIsMadeFrom) {
  MeshWrite before = dataplane(0, 1), after = before;
  after.spec["networking"]["outbound"] = nlohmann::json::array();
  EXPECT_EQ(reached(before, after), "");
  after.spec["networking"]["inbound"][0]["port"] = 1;
  EXPECT_EQ(reached(before, after), "ingress");
  after = before;
  after.spec["networking"]["gateway"] = {{"type", "BUILTIN"}, {"tags", {{"kuma.io/service", "gateway"}}}};
  EXPECT_EQ(reached(before, after), "ingress");
  EXPECT_EQ(reached(policy_write(12, 0), policy_write(12, 1)), "ingressegress");  // MeshGateway
  EXPECT_EQ(reached(policy_write(2, 0), policy_write(2, 0)), "");
  EXPECT_EQ(reached(policy_write(4, 0), policy_write(4, 1)), "egress");         // MeshTrafficPermission
  EXPECT_EQ(reached(policy_write(1, 0), policy_write(1, 1)), "ingressegress");  // MeshHTTPRoute
  EXPECT_EQ(reached(zone_write(2, 0), zone_write(2, 1)), "egress");             // MeshExternalService
  MeshWrite insight{"DataplaneInsight", "dp-0", {{"mTLS", {{"issuedBackend", "other"}}}}};
  EXPECT_EQ(reached(policy_write(5, 0), insight), "");
}

TEST(ZoneReach, IsNotOfStatusesButThatOfAMeshMultiZoneService) {
  auto with_status = [](const MeshWrite& write, const nlohmann::json& status) {
    Resource resource = *to_resource(write);
    resource.status = status;
    return std::make_shared<const Resource>(std::move(resource));
  };
  for (int kind : {2, 3, 4}) {
    MeshWrite write = zone_write(kind, 0);
    bool any = zone_reach({with_status(write, {{"a", 1}}), with_status(write, {{"a", 2}})}).any();
    EXPECT_EQ(any, write.kind == "MeshMultiZoneService") << write.kind;
  }
}

}  // namespace
}  // namespace kumasim::cp
