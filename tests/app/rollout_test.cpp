/// What /rollout says of the proxies, and to whom.
#include "app/cp_parts.hpp"
#include "reference-cp/app/kuma_cp/diagnostics.hpp"
#include "reference-cp/app/kuma_cp/hds_server.hpp"
#include "reference-cp/app/kuma_cp/rollout.hpp"

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
  return Diagnostics(parts.reconciler, none, [] { return true; }).handle(request);
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
