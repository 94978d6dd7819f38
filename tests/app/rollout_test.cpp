/// What /rollout says of the proxies, and to whom.
#include "app/cp_parts.hpp"
#include "reference-cp/app/kuma_cp/diagnostics.hpp"
#include "reference-cp/app/kuma_cp/hds_server.hpp"
#include "reference-cp/app/kuma_cp/rollout.hpp"
#include "reference-cp/xds/specification_hash.hpp"
#include "reference-cp/xds/type_url.hpp"

namespace kumasim::cp::testing {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

HttpRequest request(std::string query = {}) {
  HttpRequest out{.method = "GET", .target = "/rollout" + std::move(query)};
  out.headers.add("Host", "127.0.0.1:5680");
  out.peer.address = {"127.0.0.1", 40000};
  return out;
}

HttpResponse ask(const Parts& parts, const HttpRequest& request) {
  const HdsCounts none;
  const prometheus::Registry registry;
  return Diagnostics(registry, parts.reconciler, none, [] { return true; }).handle(request);
}

TEST(Rollout, TellsDataplanesOfOneNameApart) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    for (const char* mesh : {"m", "n"}) {
      co_await parts.write({{"type", "Mesh"}, {"name", mesh}});
      co_await parts.write(dataplane(mesh, "a", 1));
    }
    auto started = co_await parts.reconciler.start();
    EXPECT_TRUE(started);
    spawn(parts.runtime.executor, parts.log, "test", parts.reconciler.run());
    parts.reconciler.add(parts.proxy("n", "a"));
    co_await sleep(parts.runtime.timers, 100ms);
    Json body = Json::parse(ask(parts, request("?policy=Mesh//m&policy=Mesh//none&policy=x")).body);
    EXPECT_EQ(body["proxies"]["m"]["a"]["connected"], false) << body.dump();
    EXPECT_EQ(body["proxies"]["n"]["a"]["connected"], true) << body.dump();
    EXPECT_EQ(body["policies"], (Json{{"Mesh//m", {{"a", false}}}}));
    auto stored = co_await parts.store->get(kind::mesh(), {"", "m"});
    EXPECT_EQ(body["specifications"], (Json{{"Mesh//m", specification_hash(**stored)}}));
  });
}

/// The proxy's client asks for clusters and listeners, and takes what comes.
void take_all(Parts& parts, const ProxyPtr& proxy) {
  auto request = [&](std::string_view url, std::string nonce, std::string version) {
    DiscoveryRequest out;
    out.type_url = url;
    out.response_nonce = std::move(nonce);
    out.version_info = std::move(version);
    parts.reconciler.deliver(proxy, proxy->session.on_request(out));
  };
  for (std::string_view url : {type_url::cluster, type_url::listener}) request(url, "", "");
  while (!proxy->queue.empty()) {
    AdsResponse response = std::move(proxy->queue.front());
    proxy->queue.pop_front();
    request(response.type_url, response.nonce, response.version);
  }
}

TEST(Rollout, AMeshWithAFailedStepIsNotCurrent) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    for (const char* mesh : {"m", "n"}) {
      co_await parts.write({{"type", "Mesh"}, {"name", mesh}, {"meshServices", {{"mode", "Exclusive"}}}});
      co_await parts.write(dataplane(mesh, "a", 1));
    }
    parts.store->trouble = [](std::string_view operation, const Kind& kind,
                              const ResourceKey& key) -> std::optional<Error> {
      if (operation != "create" || &kind != &kind::mesh_service() || key.mesh != "m") return std::nullopt;
      return Error{Code::unavailable, "not now", {}};
    };
    auto started = co_await parts.reconciler.start();
    EXPECT_TRUE(started);
    spawn(parts.runtime.executor, parts.log, "test", parts.reconciler.run());
    auto failing = parts.proxy("m", "a"), fine = parts.proxy("n", "a");
    for (const auto& proxy : {failing, fine}) parts.reconciler.add(proxy);
    co_await sleep(parts.runtime.timers, 100ms);
    for (const auto& proxy : {failing, fine}) take_all(parts, proxy);
    Json body = Json::parse(ask(parts, request()).body);
    EXPECT_EQ(body["proxies"]["n"]["a"]["current"], true) << body.dump();
    EXPECT_EQ(body["proxies"]["m"]["a"]["current"], false) << body.dump();
    EXPECT_EQ(body["failed"], (Json{{"m", {{"derived-services", "not now"}}}}));
    parts.store->trouble = nullptr;
    co_await sleep(parts.runtime.timers, 5s);
    take_all(parts, failing);
    body = Json::parse(ask(parts, request()).body);
    EXPECT_EQ(body["proxies"]["m"]["a"]["current"], true) << body.dump();
    EXPECT_FALSE(body.contains("failed")) << body.dump();
  });
}

TEST(Rollout, TellsWhatZoneProxiesRun) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    for (const char* name : {"i", "other"})
      co_await parts.write(
          {{"type", "ZoneIngress"},
           {"name", name},
           {"networking",
            {{"address", "10.1.1.2"}, {"port", 10001}, {"advertisedAddress", "10.1.1.2"}, {"advertisedPort", 10001}}}});
    auto started = co_await parts.reconciler.start();
    EXPECT_TRUE(started);
    spawn(parts.runtime.executor, parts.log, "test", parts.reconciler.run());
    auto ingress = parts.proxy("", "i");
    ingress->metadata.proxy_type = "ingress";
    parts.reconciler.add(ingress);
    co_await sleep(parts.runtime.timers, 100ms);
    Json body = Json::parse(ask(parts, request()).body);
    EXPECT_EQ(body["zoneProxies"]["ZoneIngress"]["i"]["connected"], true) << body.dump();
    EXPECT_EQ(body["zoneProxies"]["ZoneIngress"]["i"]["current"], false) << body.dump();
    EXPECT_EQ(body["zoneProxies"]["ZoneIngress"]["other"]["connected"], false) << body.dump();
    take_all(parts, ingress);
    body = Json::parse(ask(parts, request()).body);
    EXPECT_EQ(body["zoneProxies"]["ZoneIngress"]["i"]["current"], true) << body.dump();
  });
}

TEST(Rollout, OfGlobalTellsWhichZonesAreBehind) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    const HdsCounts none;
    const prometheus::Registry registry;
    Diagnostics of_global(
        registry, parts.reconciler, none, [] { return true; }, {}, [] { return std::set<std::string>{"east"}; });
    EXPECT_EQ(Json::parse(of_global.handle(request()).body)["zonesBehind"], (Json{"east"}));
    EXPECT_FALSE(Json::parse(ask(parts, request()).body).contains("zonesBehind"));
    co_return;
  });
}

TEST(Rollout, AnswersOnThisMachineOnly) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    EXPECT_EQ(ask(parts, request()).status, 200);
    HttpRequest elsewhere = request();
    elsewhere.peer.address.host = "10.0.0.1";
    EXPECT_EQ(ask(parts, elsewhere).status, 403);
    elsewhere.peer.address.host = "";
    EXPECT_EQ(ask(parts, elsewhere).status, 403);
    HttpRequest forwarded = request();
    forwarded.headers.add("X-Forwarded-For", "10.0.0.1");
    EXPECT_EQ(ask(parts, forwarded).status, 403);
    // The rest is for whoever watches over it.
    for (const char* target : {"/healthy", "/ready", "/metrics"}) {
      elsewhere.target = target;
      EXPECT_EQ(ask(parts, elsewhere).status, 200) << target;
    }
    co_return;
  });
}

TEST(Rollout, TakesSoManyPolicies) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    std::string query = "?policy=MeshRetry/m/0";
    for (std::size_t i = 0; i < rollout_policies_max; ++i) query += "&policy=MeshRetry/m/0";
    EXPECT_EQ(ask(parts, request(query)).status, 200) << "one and the same";
    for (std::size_t i = 1; i < rollout_policies_max; ++i) query += "&policy=MeshRetry/m/" + std::to_string(i);
    EXPECT_EQ(ask(parts, request(query)).status, 200);
    HttpResponse refused = ask(parts, request(query + "&policy=MeshRetry/m/more"));
    EXPECT_EQ(refused.status, 400);
    EXPECT_NE(refused.body.find("at most 100 policies"), std::string::npos) << refused.body;
    co_return;
  });
}

}  // namespace
}  // namespace kumasim::cp::testing
