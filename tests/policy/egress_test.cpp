/// What policies do to the clusters and chains of MeshExternalServices on a zone egress.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <gtest/gtest.h>

#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/policy/mesh_health_check/apply.hpp"
#include "reference-cp/policy/mesh_load_balancing_strategy/apply.hpp"
#include "reference-cp/policy/rules.hpp"
#include "reference-cp/policy/targets.hpp"

namespace kumasim::cp::policy {
namespace {

using Json = nlohmann::json;

/// Adds the cluster of a service outside.
Kri add_service(ResourceSet& resources, const std::string& name) {
  Kri id;
  id.type = "MeshExternalService";
  id.mesh = "default";
  id.name = name;
  auto cluster = std::make_unique<Cluster>();
  cluster->set_name(name);
  resources.add(name, std::move(cluster), cp::Origin::egress, id, "tcp");
  return id;
}

/// The checks of one of so many services.
std::vector<std::string> checks(int services, std::size_t times) {
  ResourceSet resources;
  ResourceRules rules;
  for (int i = 0; i < services; ++i)
    rules[add_service(resources, "service-" + std::to_string(i))].confs.push_back(Json::parse(R"({"tcp":{}})"));
  mesh_health_check::apply_to_egress(resources, rules, times);
  std::vector<std::string> list;
  for (const auto& check : resources.get<Cluster>(type_url::cluster, "service-0")->health_checks())
    list.push_back(check.SerializeAsString());
  return list;
}

/// Kuma makes as many as services times meshes, for each service; copies beyond a bound are left out here.
TEST(MeshHealthCheck, HasABoundOnAnEgressOfManyServices) {
  std::vector<std::string> few = checks(2, 3);
  ASSERT_EQ(few.size(), 6u);
  EXPECT_EQ(few, std::vector<std::string>(6, few.front()));
  EXPECT_EQ(checks(16, 1).size(), 16u);
  EXPECT_EQ(checks(17, 1).size(), 16u);
  EXPECT_EQ(checks(1, 1'000'000).size(), 16u);
}

TEST(MeshLoadBalancingStrategy, HashesByThePoliciesOfAllServicesInTheirOrderOnAnEgress) {
  ResourceSet resources;
  ResourceRules rules;
  Listener listener;
  for (const std::string name : {"a", "b"}) {
    Json header = {{"type", "Header"}, {"header", {{"name", name}}}};
    Json balancer = {{"type", "RingHash"}, {"ringHash", {{"hashPolicies", Json::array({header})}}}};
    Json conf = {{"loadBalancer", balancer}};
    rules[add_service(resources, name)].confs.push_back(conf);
    auto& chain = *listener.add_filter_chains();
    chain.set_name(name);
    Hcm manager;
    manager.mutable_route_config()->add_virtual_hosts()->add_routes()->mutable_route();
    auto& filter = *chain.add_filters();
    filter.set_name("envoy.filters.network.http_connection_manager");
    filter.mutable_typed_config()->PackFrom(manager);
  }
  mesh_load_balancing_strategy::apply_to_egress(resources, listener, rules);
  for (const auto& chain : listener.filter_chains()) {
    Hcm manager;
    ASSERT_TRUE(chain.filters(0).typed_config().UnpackTo(&manager));
    std::vector<std::string> names;
    for (const auto& policy : manager.route_config().virtual_hosts(0).routes(0).route().hash_policy())
      names.push_back(policy.header().header_name());
    EXPECT_EQ(names, (std::vector<std::string>{"a", "b"}));
  }
}

}  // namespace
}  // namespace kumasim::cp::policy
