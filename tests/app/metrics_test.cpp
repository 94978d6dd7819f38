/// What /metrics shows by the names and labels of Kuma.
#include <gmock/gmock.h>

#include <prometheus/text_serializer.h>

#include "app/cp_parts.hpp"
#include "kumasim/transport/http.hpp"
#include "reference-cp/app/kuma_cp/api_metrics.hpp"
#include "reference-cp/app/kuma_cp/control_plane.hpp"
#include "reference-cp/app/kuma_cp/generation_metrics.hpp"
#include "reference-cp/app/kuma_cp/metered_store.hpp"
#include "store/run_now.hpp"

namespace kumasim::cp::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string text_of(const prometheus::Registry& registry) {
  return prometheus::TextSerializer().prometheus::Serializer::Serialize(registry.Collect());
}

/// One life of a control plane, which is asked for its metrics at the end; `ask` makes requests meanwhile.
std::string metrics_of(const std::function<asio::awaitable<void>(Runtime&)>& ask) {
  sim::World world;
  sim::Process& process = world.add_process("kuma-cp");
  std::weak_ptr<ControlPlane> running;
  process.start([&](Runtime& runtime) {
    Config config;
    config.signing_key = "ec-p256";
    auto control_plane = std::make_shared<ControlPlane>(runtime, config, std::make_shared<MemoryStore>());
    process.keep(control_plane);
    running = control_plane;
    auto live = [](ControlPlane& cp) -> asio::awaitable<void> { co_await cp.run(); };
    spawn(runtime.executor, runtime.log, "test", live(*control_plane));
  });
  world.run_for(5s);
  world.add_process("client").start(
      [&](Runtime& runtime) { spawn(runtime.executor, runtime.log, "test", ask(runtime)); });
  world.run_for(30s);
  HttpRequest request{.method = "GET", .target = "/metrics"};
  return running.lock()->diagnose(request).body;
}

TEST(Metrics, TellWhoTheInstanceIsAndWhatItsApiWasAsked) {
  auto ask = [](Runtime& runtime) -> asio::awaitable<void> {
    for (const char* path : {"/meshes/default", "/meshes/none", "/nothing/at/all"}) {
      std::string url = std::string("http://kuma-cp:5681") + path;
      auto answer = co_await http_call(runtime.network, runtime.timers, std::move(url), {.method = "GET"}, nullptr, 5s);
      EXPECT_TRUE(answer) << path;
    }
  };
  const std::string text = metrics_of(ask);
  EXPECT_THAT(text, AllOf(HasSubstr("\nleader 1\n"), HasSubstr("\ncp_info{build_date=\"unknown\",cluster_id=\""),
                          HasSubstr("product=\"Kuma\",version=\"2.12.14\"} 1\n")));
  const std::string mesh = "handler=\"/meshes/{name}\",method=\"GET\",service=\"\"";
  EXPECT_THAT(text, AllOf(HasSubstr("api_server_http_request_duration_seconds_count{code=\"200\"," + mesh + "} 1\n"),
                          HasSubstr("api_server_http_response_size_bytes_count{code=\"404\"," + mesh + "} 1\n"),
                          HasSubstr("_count{code=\"404\",handler=\"\",method=\"GET\",service=\"\"} 1\n"),
                          HasSubstr("api_server_http_requests_inflight{handler=\"/meshes/{name}\",service=\"\"} 0\n"),
                          Not(HasSubstr("handler=\"/nothing"))));
  EXPECT_THAT(text, HasSubstr("store_count{operation=\"create\",resource_type=\"Zone\"} 1\n"));
}

TEST(Metrics, ARequestIsInFlightUntilItEnds) {
  prometheus::Registry registry;
  ApiMetrics metrics(registry);
  metrics.began("/config");
  EXPECT_THAT(text_of(registry), HasSubstr("requests_inflight{handler=\"/config\",service=\"\"} 1\n"));
  metrics.ended("/config", "GET", nullptr, 1s);
  EXPECT_THAT(text_of(registry), AllOf(HasSubstr("requests_inflight{handler=\"/config\",service=\"\"} 0\n"),
                                       Not(HasSubstr("duration_seconds_count"))));
  HttpResponse answer{.body = std::string(150, 'x')};
  metrics.began("/config");
  metrics.ended("/config", "SHOUT", &answer, 30ms);
  EXPECT_THAT(
      text_of(registry),
      AllOf(
          HasSubstr(R"(duration_seconds_bucket{code="200",handler="/config",method="other",service="",le="0.025"} 0)"),
          HasSubstr(R"(duration_seconds_bucket{code="200",handler="/config",method="other",service="",le="0.05"} 1)"),
          HasSubstr(R"(response_size_bytes_bucket{code="200",handler="/config",method="other",service="",le="100"} 0)"),
          HasSubstr(R"(response_size_bytes_sum{code="200",handler="/config",method="other",service=""} 150)")));
}

TEST(Metrics, TheStoreCountsOperationsAndConflicts) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    prometheus::Registry registry;
    MeteredStore store(parts.store, parts.runtime.clock, registry);
    Resource mesh = *resource_from_json({{"type", "Mesh"}, {"name", "m"}});
    const WallTime now = parts.runtime.clock.wall_now();
    auto made = co_await store.create(mesh, now);
    EXPECT_TRUE(made);
    auto again = co_await store.create(mesh, now);
    EXPECT_EQ(again.error().code, Code::already_exists);
    mesh.meta.version = 7;
    std::vector<Write> writes{{Write::What::update, mesh}};
    auto overtaken = co_await store.commit(std::move(writes), now);
    EXPECT_EQ(overtaken.error().code, Code::conflict);
    auto found = co_await store.get(kind::mesh(), {"", "none"});
    EXPECT_FALSE(found);
    auto listed = co_await store.list(kind::mesh(), {});
    EXPECT_TRUE(listed);
    auto removed = co_await store.remove(kind::mesh(), {"", "m"});
    EXPECT_TRUE(removed);
    const std::string text = text_of(registry);
    for (const char* each :
         {"create\",resource_type=\"Mesh\"} 2", "update\",resource_type=\"Mesh\"} 1", "get\",resource_type=\"Mesh\"} 1",
          "list\",resource_type=\"Mesh\"} 1", "delete\",resource_type=\"Mesh\"} 1"})
      EXPECT_THAT(text, HasSubstr(std::string("store_count{operation=\"") + each + "\n"));
    EXPECT_THAT(text, HasSubstr("store_conflicts{resource_type=\"Mesh\"} 2\n"));
  });
}

/// A reconciler that counts; it lives as long as the process.
struct Counted : Parts {
  explicit Counted(const Runtime& given) : Parts(given) {}
  prometheus::Registry registry;
  GenerationMetrics metrics{registry};
  Reconciler counting{runtime, config, store, authorities, &offload, {}, &metrics};
};

TEST(Metrics, GenerationsAreCountedByTheKindOfProxy) {
  run_with<Counted>([](Counted& parts) -> asio::awaitable<void> {
    co_await parts.write({{"type", "Mesh"}, {"name", "m"}});
    co_await parts.write(dataplane("m", "a", 1));
    co_await parts.write(
        {{"type", "ZoneIngress"}, {"name", "i"}, {"networking", {{"address", "10.1.1.2"}, {"port", 10001}}}});
    auto started = co_await parts.counting.start();
    EXPECT_TRUE(started);
    spawn(parts.runtime.executor, parts.log, "test", parts.counting.run());
    EXPECT_THAT(text_of(parts.registry), Not(HasSubstr("xds_generation_count{")));
    auto sidecar = parts.proxy("m", "a"), ingress = parts.proxy("", "i"), unknown = parts.proxy("m", "none");
    ingress->metadata.proxy_type = "ingress";
    ingress->metadata.admin_port = 9901;  // and no port of readiness: it can have no configuration
    for (const ProxyPtr& proxy : {sidecar, ingress, unknown}) parts.counting.add(proxy);
    co_await sleep(parts.runtime.timers, 1s);
    EXPECT_TRUE(sidecar->snapshot);
    EXPECT_THAT(text_of(parts.registry),
                AllOf(HasSubstr("xds_generation_count{proxy_type=\"dataplane\",result=\"changed\"} 1\n"),
                      HasSubstr("xds_generation_errors 1\n"), Not(HasSubstr("proxy_type=\"ingress\"")),
                      Not(HasSubstr("result=\"generated\"")), HasSubstr("vip_generation_count "),
                      HasSubstr("vip_generation_errors 0\n")));
    auto another = parts.proxy("", "i");
    another->metadata.proxy_type = "ingress";
    parts.counting.add(another);
    co_await sleep(parts.runtime.timers, 1s);
    EXPECT_THAT(text_of(parts.registry),
                HasSubstr("xds_generation_count{proxy_type=\"ingress\",result=\"changed\"} 1\n"));
    parts.metrics.xds_generated("dataplane", false, 2ms);
    EXPECT_THAT(text_of(parts.registry),
                HasSubstr("xds_generation_sum{proxy_type=\"dataplane\",result=\"generated\"} 2\n"));
  });
}

}  // namespace
}  // namespace kumasim::cp::testing
