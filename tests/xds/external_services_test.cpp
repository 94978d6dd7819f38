/// ExternalServices: who may reach them, never without their certificates, and their virtual addresses.
#include "reference-cp/xds/generate/external_services.hpp"

#include <gtest/gtest.h>

#include "reference-cp/xds/derive/vips.hpp"
#include "tests/xds/small_mesh.hpp"

namespace kumasim::cp {
namespace {

struct Outside {
  nlohmann::json tls = {{"enabled", true}};
  std::string source = "*";
  bool secret = false;
  bool zone_egress = false;
  bool host_name = true;

  MeshView::Ptr view() const {
    nlohmann::json networking = {{"address", "a.example.com:443"}, {"tls", tls}, {"disableHostDNSEntry", !host_name}};
    nlohmann::json tags = {{"kuma.io/service", "ext"}, {"kuma.io/protocol", "http"}};
    auto match = [](const std::string& service) {
      return nlohmann::json::array({nlohmann::json{{"match", {{"kuma.io/service", service}}}}});
    };
    std::vector<ResourcePtr> all = {
        to_resource({"Mesh", "m", {{"routing", {{"zoneEgress", zone_egress}}}}}),
        to_resource({"Dataplane", "dp-0", dataplane_spec(0, 0, 1, false, 1)}),
        to_resource({"ExternalService", "ext-1", {{"tags", tags}, {"networking", networking}}}),
        to_resource({"TrafficPermission", "p", {{"sources", match(source)}, {"destinations", match("*")}}})};
    if (secret) all.push_back(to_resource({"Secret", "ca", {{"data", "Y2VydGlmaWNhdGU="}}}));
    return MeshView::build("m", {}, all);
  }

  std::map<std::string, std::vector<Endpoint>> reached() const {
    MeshView::Ptr mesh = view();
    return generators::external_services(*mesh, proxy_view(*mesh, *mesh->all("Dataplane").find("dp-0"), {}, {}));
  }
};

TEST(ExternalServices, AreReachedByTheirOwnAddress) {
  auto reached = Outside{}.reached();
  ASSERT_EQ(reached["ext"].size(), 1u);
  EXPECT_EQ(reached["ext"][0].address, "a.example.com");
  EXPECT_EQ(reached["ext"][0].port, 443u);
  EXPECT_EQ(reached["ext"][0].tags["kuma.io/external-service-name"], "ext-1");
}

TEST(ExternalServices, NeedAPermissionForTheProxy) {
  EXPECT_EQ(Outside{.source = "service-0"}.reached().size(), 1u);
  EXPECT_TRUE(Outside{.source = "service-1"}.reached().empty());
}

TEST(ExternalServices, AreLeftOutWhereTheirCertificateCannotBeRead) {
  nlohmann::json tls = {{"enabled", true}, {"caCert", {{"secret", "ca"}}}};
  EXPECT_TRUE((Outside{.tls = tls}.reached().empty()));
  auto reached = Outside{.tls = tls, .secret = true}.reached();
  ASSERT_EQ(reached["ext"].size(), 1u);
  EXPECT_EQ(reached["ext"][0].external->ca_certificate, "certificate");
}

TEST(ExternalServices, AreNotReachedDirectlyInAMeshWithZoneEgress) {
  EXPECT_TRUE(Outside{.zone_egress = true}.reached().empty());
}

TEST(ExternalServices, HaveAVirtualAddressForTheServiceAndForTheHost) {
  auto names = [](const Outside& outside) {
    std::map<std::string, std::uint32_t> result;
    for (const VipEntry& entry : derive::vips(*outside.view(), {})) result[entry.name] = entry.outbounds.front().port;
    return result;
  };
  EXPECT_EQ(names(Outside{}),
            (std::map<std::string, std::uint32_t>{{"a.example.com", 443}, {"ext", 443}, {"service-0", 0}}));
  EXPECT_EQ(names(Outside{.host_name = false}), (std::map<std::string, std::uint32_t>{{"ext", 443}, {"service-0", 0}}));
}

/// Of several ports the lowest is served, whichever ExternalService brings it; beside the general one.
TEST(ExternalServices, ShareTheVirtualAddressOfTheirService) {
  auto external = [](const char* name, const char* address) {
    return to_resource({"ExternalService",
                        name,
                        {{"tags", {{"kuma.io/service", "ext"}}},
                         {"networking", {{"address", address}, {"disableHostDNSEntry", true}}}}});
  };
  std::vector<ResourcePtr> all = {to_resource({"Mesh", "m", nlohmann::json::object()}),
                                  external("ext-1", "a.example.com:8080"), external("ext-2", "b.example.com:443")};
  VipTable table = derive::vips(*MeshView::build("m", {}, all), {});
  ASSERT_EQ(table.size(), 1u);
  ASSERT_EQ(table[0].outbounds.size(), 2u);
  EXPECT_EQ(table[0].outbounds[0].port, 443u);
  EXPECT_EQ(table[0].outbounds[1].port, 8080u);
}

}  // namespace
}  // namespace kumasim::cp
