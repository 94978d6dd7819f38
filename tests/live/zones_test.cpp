/// A global control plane and a zone under it as processes: ours with ours, and each of ours with one of a release of
/// Kuma 2.12, named by KUMASIM_PEER_KUMA_CP. Without it those two are skipped.
#include "tests/live/zones_bed.hpp"

namespace kumasim::live {
namespace {

/// "t1" of mesh default as zones know it: what Kuma makes of it.
constexpr const char* policy_in_zone = "t1-b5w686xx59cxw57z";

class ZonesLive : public ZonesBed {
 protected:
  asio::awaitable<void> flows_both_ways(Site& global, Site& zone) {
    co_await comes("the zone is online", [&] { return online(global); });
    co_await put(global, "/meshes/default/meshtimeouts/t1",
                 Json::parse(R"({"type": "MeshTimeout", "mesh": "default", "name": "t1", "spec": {
                     "targetRef": {"kind": "Mesh"},
                     "to": [{"targetRef": {"kind": "Mesh"}, "default": {"connectionTimeout": "7s"}}]}})"));
    co_await wait_for(url(zone, "/meshes/default"));
    co_await put(zone, "/meshes/default/dataplanes/dp-1",
                 Json::parse(R"({"type": "Dataplane", "mesh": "default", "name": "dp-1", "networking": {
                     "address": "10.0.0.1", "inbound": [{"port": 80, "tags": {"kuma.io/service": "web"}}]}})"));
    co_await comes("the policy is in the zone", [&]() -> asio::awaitable<bool> {
      Json policy = co_await get(zone, std::string("/meshes/default/meshtimeouts/") + policy_in_zone);
      co_return policy.is_object() && policy.contains("labels") && policy["labels"]["kuma.io/origin"] == "global";
    });
    co_await comes("the proxy is at Global", [&]() -> asio::awaitable<bool> {
      auto name = co_await name_of(global, "dp-1");
      co_return !name.empty();
    });
    auto gone = co_await call("DELETE", url(global, "/meshes/default/meshtimeouts/t1"));
    EXPECT_EQ(gone.status, 200) << gone.body;
    co_await comes("the policy leaves the zone", [&]() -> asio::awaitable<bool> {
      auto answer = co_await call("GET", url(zone, std::string("/meshes/default/meshtimeouts/") + policy_in_zone));
      co_return answer.status == 404;
    });
    // What zones do not make is not written there.
    auto refused = co_await call("PUT", url(zone, "/meshes/other"), R"({"type": "Mesh", "name": "other"})",
                                 {{"content-type", "application/json"}});
    EXPECT_EQ(refused.status, 405) << refused.body;
  }

  /// Through the zone, what its own endpoint answers.
  asio::awaitable<void> asks_envoys(const Site& global) {
    const std::string file = directory + "/backend-1.yaml";
    std::ofstream(file) << backend_text(free_port(), free_port(), free_port());
    auto variables = environment();
    variables["TMPDIR"] = directory;
    start(KUMA_DP,
          {"run", "--cp-address", fmt::format("https://localhost:{}", dp), "--ca-cert-file",
           directory + "/east/kuma-cp.crt", "--dataplane-file", file, "--binary-path", ENVOY, "--dns-enabled=false",
           "--drain-time", "1s"},
          "backend-1", std::move(variables));
    std::string name;
    co_await comes("the Envoy's proxy is at Global", [&]() -> asio::awaitable<bool> {
      name = co_await name_of(global, "backend-1");
      co_return !name.empty();
    });
    const std::string path = "/meshes/default/dataplanes/" + name;
    co_await comes("Global counts it as online", [&]() -> asio::awaitable<bool> {
      Json insight = co_await get(global, "/mesh-insights/default");
      co_return insight.is_object() && insight.value(Json::json_pointer("/dataplanes/online"), 0) == 1;
    });
    Json overview = co_await get(global, path + "/_overview");
    EXPECT_TRUE(overview.is_object() && overview.contains("dataplaneInsight")) << overview.dump();
    std::string stats = co_await wait_for(url(global, path + "/stats"));
    EXPECT_NE(stats.find("server.uptime: "), std::string::npos) << stats.substr(0, 300);
    std::string clusters = co_await wait_for(url(global, path + "/clusters?format=json"));
    EXPECT_NE(clusters.find("\"cluster_statuses\""), std::string::npos) << clusters.substr(0, 300);
    Json dump = Json::parse(co_await wait_for(url(global, path + "/xds")), nullptr, false);
    EXPECT_TRUE(dump.is_object() && dump.contains("configs"));
    auto none = co_await call("GET", url(global, "/meshes/default/dataplanes/nobody/stats"));
    EXPECT_EQ(none.status, 404) << none.body;
  }

  asio::awaitable<void> survives(Site& global, Site& zone) {
    co_await kill(zone);
    co_await comes("the zone is offline", [&]() -> asio::awaitable<bool> {
      bool is_online = co_await online(global);
      co_return !is_online;
    });
    co_await begin(zone);
    co_await comes("the zone is online again", [&] { return online(global); });
    auto refused = co_await call("DELETE", url(global, "/zones/east"));
    EXPECT_EQ(refused.status, 400) << "it is connected: " << refused.body;
    co_await wait_for(url(zone, "/meshes/default"));
    co_await put(zone, "/meshes/default/dataplanes/dp-2",
                 Json::parse(R"({"type": "Dataplane", "mesh": "default", "name": "dp-2", "networking": {
                     "address": "10.0.0.2", "inbound": [{"port": 80, "tags": {"kuma.io/service": "web"}}]}})"));
    co_await kill(global);
    co_await begin(global);
    co_await comes("the zone is at the new Global", [&]() -> asio::awaitable<bool> {
      auto name = co_await name_of(global, "dp-2");
      co_return !name.empty();
    });
  }

  void story(std::string global_program, std::string zone_program) {
    run(
        [&]() -> asio::awaitable<void> {
          Site global = site("global", std::move(global_program), "global");
          auto kds = free_port();
          global.settings["KUMA_MULTIZONE_GLOBAL_KDS_GRPC_PORT"] = std::to_string(kds);
          global.settings["KUMA_MULTIZONE_GLOBAL_KDS_ZONE_INSIGHT_FLUSH_INTERVAL"] = "500ms";
          Site zone = site("east", std::move(zone_program), "zone");
          zone.settings["KUMA_MULTIZONE_ZONE_NAME"] = "east";
          zone.settings["KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS"] = fmt::format("grpcs://localhost:{}", kds);
          zone.settings["KUMA_MULTIZONE_ZONE_KDS_ROOT_CA_FILE"] = directory + "/global/kuma-cp.crt";
          co_await begin(global);
          co_await begin(zone);
          co_await flows_both_ways(global, zone);
          rest = zone.rest;
          co_await asks_envoys(global);
          co_await survives(global, zone);
        },
        180s);
  }
};

TEST_F(ZonesLive, OursWithOurs) { story(KUMA_CP, KUMA_CP); }

TEST_F(ZonesLive, TheirZoneUnderOurGlobal) {
  auto theirs = environment_variable("KUMASIM_PEER_KUMA_CP").value_or("");
  if (theirs.empty()) GTEST_SKIP() << "KUMASIM_PEER_KUMA_CP names no kuma-cp of Kuma 2.12";
  story(KUMA_CP, theirs);
}

TEST_F(ZonesLive, OurZoneUnderTheirGlobal) {
  auto theirs = environment_variable("KUMASIM_PEER_KUMA_CP").value_or("");
  if (theirs.empty()) GTEST_SKIP() << "KUMASIM_PEER_KUMA_CP names no kuma-cp of Kuma 2.12";
  story(theirs, KUMA_CP);
}

}  // namespace
}  // namespace kumasim::live
