/// Which virtual outbounds a transparent proxy gets.
///
/// Sources: Kuma docs "Transparent proxying: reachable services, reachable backends"; the recordings transparent-proxy/
/// reachable-*; for own outbounds Kuma's source, GetReachableBackends.
#include <gtest/gtest.h>

#include "reference-cp/xds/proxy_view.hpp"
#include "tests/xds/small_mesh.hpp"

namespace kumasim::cp {
namespace {

using Names = std::vector<std::string>;

/// Names of the Mesh*Services that dp-0 is given, of ms-1 and ms-2.
Names given(const nlohmann::json& transparent, const nlohmann::json& outbounds, const char* mode = "Exclusive") {
  nlohmann::json spec = dataplane_spec(0, 0, 1, true, 0);
  spec["networking"]["transparentProxying"].update(transparent);
  if (!outbounds.empty()) spec["networking"]["outbound"] = outbounds;
  std::vector<ResourcePtr> all = {to_resource({"Mesh", "m", {{"meshServices", {{"mode", mode}}}}}),
                                  to_resource({"Dataplane", "dp-0", spec}),
                                  to_resource({"MeshService", "ms-1", mesh_service_spec(1, 1)}),
                                  to_resource({"MeshService", "ms-2", mesh_service_spec(2, 1)})};
  MeshView::Ptr view = MeshView::build("m", {}, all);
  Names result;
  for (const Outbound& outbound : proxy_view(*view, *view->all("Dataplane").find("dp-0"), {}, {}).outbounds)
    if (!outbound.legacy()) result.push_back(outbound.resource.name);
  return result;
}

nlohmann::json backends(const char* name) {
  nlohmann::json ref = {{"kind", "MeshService"}, {"name", name}};
  return {{"reachableBackends", {{"refs", nlohmann::json::array({ref})}}}};
}

nlohmann::json own(const char* name) {
  nlohmann::json ref = {{"kind", "MeshService"}, {"name", name}, {"port", 80}};
  nlohmann::json outbound = {{"port", 10000}, {"backendRef", ref}};
  return nlohmann::json::array({outbound});
}

TEST(Reachable, IsAllUnlessTheDataplaneSaysOtherwise) {
  const nlohmann::json nothing = nlohmann::json::object(), none = nlohmann::json::array();
  EXPECT_EQ(given(nothing, none), (Names{"ms-1", "ms-2"}));
  EXPECT_EQ(given(backends("ms-2"), none), Names{"ms-2"});
  EXPECT_EQ(given({{"reachableServices", {"service-1"}}}, none), Names{});
  EXPECT_EQ(given(nothing, none, "ReachableBackends"), Names{});
}

TEST(Reachable, IsWhatOwnOutboundsLeadToWhereThereAreAny) {
  const nlohmann::json nothing = nlohmann::json::object();
  EXPECT_EQ(given(nothing, own("ms-1")), Names{"ms-1"});
  EXPECT_EQ(given(backends("ms-2"), own("ms-1")), Names{"ms-1"});
  EXPECT_EQ(given({{"reachableServices", {"service-1"}}}, own("ms-1")), Names{"ms-1"});
  // One that leads nowhere does not count; and the mode asks for the list.
  EXPECT_EQ(given(backends("ms-2"), own("ms-3")), Names{"ms-2"});
  EXPECT_EQ(given(nothing, own("ms-1"), "ReachableBackends"), Names{});
}

}  // namespace
}  // namespace kumasim::cp
