/// Health discovery with real Envoys: who does not take connections any more leaves the endpoints of others.
#include "tests/live/kuma_cp_bed.hpp"

namespace kumasim::live {
namespace {

class HealthDiscovery : public KumaCp {
 protected:
  /// Until the client's Envoy has the backend among its endpoints, or has it no more, for at most 20 s.
  asio::awaitable<bool> becomes(bool there, std::uint16_t admin, std::string endpoint) {
    bool seen = !there;
    for (int i = 0; i < 200 && seen != there; ++i) {
      std::string clusters = co_await wait_for(fmt::format("http://127.0.0.1:{}/clusters", admin));
      seen = clusters.find(fmt::format("backend::{}::", endpoint)) != std::string::npos;
      if (seen != there) co_await sleep(live.runtime().timers, 100ms);
    }
    co_return seen == there;
  }
};

TEST_F(HealthDiscovery, AnInstanceThatStopsAcceptingLeavesTheEndpointsAndComesBack) {
  auto environment = settings();
  environment["KUMA_DP_SERVER_HDS_ENABLED"] = "true";
  environment["KUMA_DP_SERVER_HDS_INTERVAL"] = "300ms";
  environment["KUMA_DP_SERVER_HDS_CHECK_INTERVAL"] = "200ms";
  environment["KUMA_DP_SERVER_HDS_CHECK_NO_TRAFFIC_INTERVAL"] = "200ms";
  environment["KUMA_DP_SERVER_HDS_CHECK_TIMEOUT"] = "500ms";
  start_cp(environment);
  std::uint16_t app = free_port(), inbound = free_port(), outbound = free_port(), backend_admin = free_port(),
                client_admin = free_port();
  Listener listener;
  HttpHandler hello = [](HttpRequest) -> asio::awaitable<HttpResponse> {
    co_return HttpResponse{.status = 200, .headers = {}, .body = "hello from backend"};
  };
  auto accept = [&] {
    listener = live.runtime().network.listen({"127.0.0.1", app});
    spawn(live.runtime().executor, live.log(), "app",
          serve_listener(live.runtime(), listener, nullptr, hello, nullptr));
  };
  run([&]() -> asio::awaitable<void> {
    co_await wait_for(fmt::format("http://127.0.0.1:{}/ready", diagnostics));
    co_await start_envoy("backend-1", backend_text(backend_admin, inbound, app, "    serviceProbe: {tcp: {}}\n"),
                         backend_admin, Json::array());
    co_await start_envoy("client-1", client_text(client_admin, inbound, app, outbound), client_admin,
                         Json::array({"feature-delta-grpc"}));
    const std::string endpoint = fmt::format("127.0.0.2:{}", inbound);
    // A probed inbound begins as not ready, and nobody listens yet.
    co_await sleep(live.runtime().timers, 2s);
    EXPECT_TRUE(co_await becomes(false, client_admin, endpoint));
    accept();
    EXPECT_TRUE(co_await becomes(true, client_admin, endpoint)) << "never came";
    EXPECT_EQ(co_await wait_for(fmt::format("http://127.0.0.1:{}/", outbound)), "hello from backend");
    listener.close();
    EXPECT_TRUE(co_await becomes(false, client_admin, endpoint)) << "never left";
    // 503, or a reset: without an instance the service's protocol is not known, and its listener becomes one of TCP.
    auto answer = co_await call("GET", fmt::format("http://127.0.0.1:{}/", outbound));
    EXPECT_NE(answer.status, 200) << answer.body;
    auto stored = co_await call("GET", fmt::format("http://127.0.0.1:{}/meshes/default/dataplanes/backend-1", rest));
    Json inbounds = Json::parse(stored.body, nullptr, false)["networking"]["inbound"];
    EXPECT_EQ(inbounds[0].value("state", ""), "NotReady") << stored.body;
    accept();
    EXPECT_TRUE(co_await becomes(true, client_admin, endpoint)) << "never came back";
    auto metrics = co_await wait_for(fmt::format("http://127.0.0.1:{}/metrics", diagnostics));
    EXPECT_NE(metrics.find("\nhds_streams_active 2\n"), std::string::npos) << metrics;
    listener.close();
  });
}

}  // namespace
}  // namespace kumasim::live
