/// What a proxy's Envoy says, asked through the REST API.
#include "reference-cp/rest/envoy_admin.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/memory.hpp"
#include "store/run_now.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;
using testing::run_now;

class EnvoyAdmin : public ::testing::Test {
 protected:
  void SetUp() override {
    put(kind::mesh(), "", "default", json::object());
    put(kind::dataplane(), "default", "dp", {{"networking", {{"address", "10.0.0.1"}, {"admin", {{"port", 7777}}}}}});
  }

  void put(const Kind& kind, std::string mesh, std::string name, json spec) {
    Resource resource;
    resource.kind = &kind;
    resource.meta.mesh = std::move(mesh);
    resource.meta.name = std::move(name);
    resource.spec = std::move(spec);
    ASSERT_TRUE(run_now(store_.create(std::move(resource), WallTime{})));
  }

  HttpResponse get(std::string target, const User& user = anonymous_user(), Access access = {}) {
    EnvoyAdminCall call = [this](ResourcePtr proxy, std::string asked) -> asio::awaitable<Result<std::string>> {
      asked_ = asked;
      name_ = proxy->meta.name;
      if (!answer_) co_return fail(Code::unavailable, "no Envoy");
      co_return *answer_;
    };
    EnvoyAdminEndpoints endpoints(store_, std::move(access), call, zone_);
    HttpRequest request{.target = std::move(target)};
    auto answer = run_now(endpoints.handle(request, user));
    return answer ? *answer : HttpResponse{.status = 0};
  }

  MemoryStore store_;
  std::optional<std::string> answer_ = "text";
  std::string asked_, name_, zone_;
};

TEST_F(EnvoyAdmin, ZoneProxiesOfOtherZonesAreNotAsked) {
  put(kind::zone_ingress(), "", "in", {{"zone", "other"}});
  put(kind::zone_egress(), "", "out", {{"zone", "other"}});
  put(kind::zone_egress(), "", "own", {{"zone", "here"}});
  EXPECT_EQ(get("/zoneingresses/in/stats").status, 200) << "a global control plane asks everybody";
  zone_ = "here";
  for (const char* path : {"/zoneingresses/in/xds", "/zoneegresses/out/stats"}) {
    HttpResponse refused = get(path);
    EXPECT_EQ(refused.status, 400) << path;
    json body = json::parse(refused.body);
    EXPECT_EQ(body["title"], "Could not connect to zone ingress that resides in another zone");
    EXPECT_EQ(body["detail"], "Resource is not valid");
    EXPECT_FALSE(body.contains("causes"));
  }
  EXPECT_EQ(get("/zoneegresses/own/stats").status, 200);
}

TEST_F(EnvoyAdmin, AsksTheProxysOwnAdminServer) {
  HttpResponse stats = get("/meshes/default/dataplanes/dp/stats");
  EXPECT_EQ(stats.status, 200);
  EXPECT_EQ(stats.body, "text");
  EXPECT_EQ(stats.headers.get("Content-Type"), "text/plain");
  EXPECT_EQ(asked_, "/stats?usedonly=");
  EXPECT_EQ(name_, "dp");
  EXPECT_EQ(get("/meshes/default/dataplanes/dp/stats?format=json&usedonly=false").headers.get("Content-Type"),
            "application/json");
  EXPECT_EQ(asked_, "/stats?format=json");
  EXPECT_EQ(get("/meshes/default/dataplanes/dp/clusters").status, 200);
  EXPECT_EQ(asked_, "/clusters");
}

TEST(AdminTarget, IsTheEnvoyOfAProxyThatIsConnectedFromHere) {
  Resource proxy;
  proxy.kind = &kind::dataplane();
  proxy.spec = {{"networking", {{"address", "127.0.0.1"}, {"admin", {{"port", 5680}}}}}};
  auto told = admin_target(proxy, ConnectedProxy{"127.0.0.1", 9901}, 1);
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_EQ(to_string(told->address), "127.0.0.1:9901")
      << "the port that its Envoy has, not one that was written later";
  EXPECT_FALSE(told->tls);
  EXPECT_TRUE(admin_target(proxy, ConnectedProxy{"::ffff:127.0.0.1", 9901}, 1));
  EXPECT_FALSE(admin_target(proxy, std::nullopt, 1)) << "any resource could name any port of this machine";
  EXPECT_FALSE(admin_target(proxy, ConnectedProxy{"10.0.0.9", 9901}, 1));
  EXPECT_FALSE(admin_target(proxy, ConnectedProxy{"127.0.0.1", 0}, 1));
  EXPECT_FALSE(admin_target(proxy, ConnectedProxy{"127.0.0.1", 70000}, 1));
  proxy.spec = json::object();
  EXPECT_FALSE(admin_target(proxy, ConnectedProxy{"127.0.0.1", 9901}, 1));
}

TEST(AdminTarget, ElsewhereItIsAskedOverTls) {
  Resource proxy;
  proxy.kind = &kind::dataplane();
  proxy.spec = {{"networking", {{"address", "10.0.0.1"}, {"admin", {{"port", 5680}}}}}};
  auto target = [&](std::optional<ConnectedProxy> connected) {
    auto told = admin_target(proxy, connected, 9901);
    if (!told) return std::string("none");
    return (told->tls ? "https://" : "http://") + to_string(told->address);
  };
  EXPECT_EQ(target(ConnectedProxy{"10.0.0.1", 7777}), "https://10.0.0.1:7777");
  EXPECT_EQ(target(ConnectedProxy{"10.0.0.1", 0}), "none");
  // Connected to another control plane, or to none: who answers shows by its certificate who it is.
  EXPECT_EQ(target(std::nullopt), "https://10.0.0.1:5680");
  proxy.spec["networking"].erase("admin");
  EXPECT_EQ(target(std::nullopt), "https://10.0.0.1:9901");
  for (const char* address : {"localhost", "127.0.0.2"}) {
    proxy.spec["networking"]["address"] = address;
    EXPECT_EQ(target(std::nullopt), "https://" + std::string(address) + ":9901");
  }
  proxy.spec["networking"]["advertisedAddress"] = "192.0.2.1";
  EXPECT_EQ(target(std::nullopt), "https://192.0.2.1:9901");
  proxy.kind = &kind::zone_ingress();
  EXPECT_EQ(target(std::nullopt), "https://127.0.0.2:9901") << "what it advertises is for other zones";
}

TEST_F(EnvoyAdmin, DumpsLoseTheirTokens) {
  json metadata = json::array({{{"key", "authorization"}, {"value", "secret.token"}}});
  answer_ = json{{"configs", {{{"initial_metadata", metadata}, {"again", "secret.token"}}}}}.dump();
  HttpResponse dump = get("/meshes/default/dataplanes/dp/xds?include_eds=true");
  EXPECT_EQ(asked_, "/config_dump?include_eds=true");
  EXPECT_EQ(dump.body.find("secret.token"), std::string::npos) << dump.body;
  EXPECT_NE(dump.body.find("[redacted]"), std::string::npos);
  answer_ = "no JSON, with secret.token";
  HttpResponse unread = get("/meshes/default/dataplanes/dp/xds");
  EXPECT_EQ(unread.status, 500);
  EXPECT_EQ(unread.cause, "Could not execute admin operation: Envoy's configuration cannot be read");
}

TEST_F(EnvoyAdmin, RefusesAsKuma) {
  auto title = [](const HttpResponse& answer) { return json::parse(answer.body)["title"].get<std::string>(); };
  HttpResponse bogus = get("/meshes/default/dataplanes/dp/bogus");
  EXPECT_EQ(bogus.status, 404);
  EXPECT_EQ(title(bogus), "Could not execute admin operation");
  HttpResponse missing = get("/meshes/default/dataplanes/none/xds");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(title(missing), "Could not get dataplane resource");
  answer_.reset();
  HttpResponse failed = get("/meshes/default/dataplanes/dp/stats");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body.find("no Envoy"), std::string::npos) << failed.body;
  EXPECT_EQ(failed.cause, "Could not execute admin operation: no Envoy");
  EXPECT_EQ(get("/meshes/default/dataplanes").status, 0);
}

TEST_F(EnvoyAdmin, IsForWhomTheAccessNames) {
  Access access;
  access.view_stats = {{"john"}, {}};
  EXPECT_EQ(get("/meshes/default/dataplanes/dp/stats", anonymous_user(), access).status, 403);
  EXPECT_EQ(get("/meshes/default/dataplanes/dp/stats", authenticated_user("john", {}), access).status, 200);
  EXPECT_EQ(get("/meshes/default/dataplanes/dp/clusters", anonymous_user(), access).status, 200);
}

}  // namespace
}  // namespace kumasim::cp
