/// When the reconciler's batches begin, and whom they reach.
#include <boost/asio/io_context.hpp>
#include <rapidcheck/gtest.h>

#include "app/cp_parts.hpp"
#include "reference-cp/app/kuma_cp/endpoint_holders.hpp"
#include "reference-cp/app/kuma_cp/resource_pool.hpp"
#include "reference-cp/identity/mesh_tls.hpp"

namespace kumasim::cp::testing {
namespace {

using namespace std::chrono_literals;

asio::awaitable<void> start(Parts& parts) {
  auto started = co_await parts.reconciler.start();
  EXPECT_TRUE(started);
  spawn(parts.runtime.executor, parts.log, "test", parts.reconciler.run());
  co_await sleep(parts.runtime.timers, 100ms);
}

TEST(ReconcilerBatches, AfterALongOneThereIsAPauseAsLong) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    auto length = std::make_shared<Duration>(200ms);
    parts.store->before_create = [&parts, length](const Kind& kind) -> asio::awaitable<void> {
      if (&kind == &kind::mesh_service()) co_await sleep(parts.runtime.timers, *length);
    };
    co_await parts.write({{"type", "Mesh"}, {"name", "m"}, {"meshServices", {{"mode", "Exclusive"}}}});
    co_await start(parts);
    const auto& batches = parts.reconciler.counts().batches;
    auto before = batches;
    co_await parts.write(dataplane("m", "a", 1));
    co_await sleep(parts.runtime.timers, 250ms);  // it lasted from 5 to 205 ms
    EXPECT_EQ(batches, before + 1);
    co_await parts.write({{"type", "Mesh"}, {"name", "n"}});
    co_await sleep(parts.runtime.timers, 100ms);
    EXPECT_EQ(batches, before + 1) << "the pause is over at 405 ms";
    co_await parts.write({{"type", "Mesh"}, {"name", "o"}});
    co_await sleep(parts.runtime.timers, 100ms);
    EXPECT_EQ(batches, before + 2) << "one for both";

    // After a quiet time nothing waits for longer than the interval, whatever the last batch took.
    before = batches;
    co_await parts.write({{"type", "Mesh"}, {"name", "p"}});
    co_await sleep(parts.runtime.timers, 10ms);
    EXPECT_EQ(batches, before + 1);

    // There is a longest pause.
    *length = 1min;
    co_await parts.write(dataplane("m", "b", 2));
    co_await sleep(parts.runtime.timers, 61s);
    before = batches;
    co_await parts.write({{"type", "Mesh"}, {"name", "q"}});
    co_await sleep(parts.runtime.timers, Reconciler::batch_pause_max);
    EXPECT_EQ(batches, before + 1);
    parts.store->before_create = nullptr;
  });
}

Snapshot endpoints_of(const std::set<std::string>& names) {
  Snapshot out;
  for (const std::string& name : names)
    out.add(type_url::endpoint,
            std::make_shared<const XdsResource>(XdsResource{name, name, std::make_shared<const std::string>(name)}));
  return out;
}

std::set<std::string> arbitrary_names() {
  const auto names =
      *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("a", "a-1", "ab", "b", "b-2", "c"));
  return {names.begin(), names.end()};
}

RC_GTEST_PROP(EndpointHolders, AreThoseThatALookAtEveryProxyFinds, ()) {
  struct Held {
    std::shared_ptr<Proxy> proxy;
    std::optional<Snapshot> snapshot;
  };
  asio::io_context context;
  std::map<std::string, Held> proxies;
  EndpointHolders holders;
  for (int step = 0, last = *rc::gen::inRange(1, 40); step < last; ++step) {
    const std::string name = "dp-" + std::to_string(*rc::gen::inRange(0, 5));
    auto found = proxies.find(name);
    if (found == proxies.end()) {
      auto exchange =
          std::make_shared<Http2Exchange>(context.get_executor(), 1, Http2Exchange::Form::messages, 1 << 20);
      auto proxy = std::make_shared<Proxy>(context.get_executor(), AdsVariant::delta, "cp",
                                           GrpcServerStream(exchange, HttpPeer{}));
      proxy->key = {"m", name};
      holders.add(*proxy);
      proxies[name] = {proxy, std::nullopt};
    } else if (*rc::gen::inRange(0, 4) == 0) {
      holders.remove(*found->second.proxy, found->second.snapshot ? &*found->second.snapshot : nullptr);
      proxies.erase(found);
    } else {
      Snapshot next = endpoints_of(arbitrary_names());
      auto& held = found->second.snapshot;
      holders.change(*found->second.proxy, held ? &*held : nullptr, next);
      held = std::move(next);
    }
    std::map<std::string, std::string> wanted;
    for (const std::string& cluster : arbitrary_names()) wanted[cluster] = cluster;
    std::set<std::string> expected;
    for (const auto& [proxy, held] : proxies) {
      bool holds = !held.snapshot;
      if (held.snapshot)
        for (const auto& [endpoint, resource] : held.snapshot->of(type_url::endpoint))
          for (const auto& [cluster, service] : wanted) holds = holds || endpoint.starts_with(cluster);
      if (holds) expected.insert(proxy);
    }
    RC_ASSERT(holders.of("m", wanted) == expected);
    RC_ASSERT(holders.of("n", wanted).empty());
  }
}

TEST(ResourcePool, GivesEqualResourcesOneObjectAndForgetsThem) {
  ResourcePool pool;
  Snapshot first = pool.shared(endpoints_of({"a", "b"})), second = pool.shared(endpoints_of({"b", "c"}));
  EXPECT_EQ(first.find(type_url::endpoint, "b"), second.find(type_url::endpoint, "b"));
  EXPECT_EQ(first, endpoints_of({"a", "b"}));
  for (int i = 0; i < 10'000; ++i) {
    const std::string text = std::to_string(i);
    Snapshot passing;
    passing.add(type_url::cluster, std::make_shared<const XdsResource>(
                                       XdsResource{text, text, std::make_shared<const std::string>(text)}));
    pool.shared(passing);
  }
  EXPECT_LT(pool.size(), 3000u);
  EXPECT_EQ(pool.shared(endpoints_of({"a"})).find(type_url::endpoint, "a"), first.find(type_url::endpoint, "a"));
}

/// Of versions that are hashes another content may have the same one.
TEST(ResourcePool, TellsContentsOfOneVersionApart) {
  ResourcePool pool;
  auto of = [](const std::string& name, const std::string& bytes) {
    Snapshot out;
    out.add(type_url::cluster, std::make_shared<const XdsResource>(
                                   XdsResource{name, "1", std::make_shared<const std::string>(bytes)}));
    return out;
  };
  Snapshot first = pool.shared(of("a", "x"));
  EXPECT_EQ(*pool.shared(of("a", "y")).find(type_url::cluster, "a")->any, "y");
  EXPECT_EQ(pool.shared(of("b", "x")).find(type_url::cluster, "b")->name, "b");
}

/// As the control plane has it now.
std::string ca_of(const Parts& parts, const std::string& mesh) {
  auto view = parts.reconciler.views().find(mesh);
  auto tls = mesh_tls(*view->mesh(), [&](std::string_view name) { return view->find("Secret", name); });
  return tls && *tls ? (*tls)->ca.certificate_pem : std::string("none");
}

bool holds(const ProxyPtr& proxy, const std::string& secret, const std::string& pem) {
  auto found = proxy->snapshot ? proxy->snapshot->find(type_url::secret, secret) : nullptr;
  return found && found->any->find(pem) != std::string::npos;
}

TEST(ReconcilerBatches, BringAGatewayTheCasOfAllMeshesAndItsClientsThatOfItsOwn) {
  using nlohmann::json;
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    for (const char* mesh : {"shop", "web"}) co_await parts.write(mesh_with_ca(mesh));
    json gateway = {{"type", "BUILTIN"}, {"tags", {{"kuma.io/service", "gateway"}}}};
    json at_address = {{"address", "10.0.0.1"}, {"gateway", gateway}};
    json gw = {{"type", "Dataplane"}, {"mesh", "shop"}, {"name", "gw"}, {"networking", at_address}};
    json listener = {{"port", 8080}, {"protocol", "HTTP"}, {"crossMesh", true}};
    json selector = {{"match", {{"kuma.io/service", "gateway"}}}};
    json edge = {{"type", "MeshGateway"}, {"mesh", "shop"}, {"name", "edge"}};
    edge["selectors"] = json::array({selector});
    edge["conf"]["listeners"] = json::array({listener});
    json client = dataplane("web", "client", 2);
    json tags = {{"kuma.io/service", "gateway"}, {"kuma.io/mesh", "shop"}};
    client["networking"]["outbound"] = json::array({json{{"port", 9000}, {"tags", tags}}});
    co_await parts.write(std::move(gw));
    co_await parts.write(std::move(edge));
    co_await parts.write(std::move(client));
    co_await start(parts);
    ProxyPtr server = parts.proxy("shop", "gw"), caller = parts.proxy("web", "client");
    parts.reconciler.add(server);
    parts.reconciler.add(caller);
    co_await sleep(parts.runtime.timers, 5s);
    for (const char* mesh : {"shop", "web"})
      EXPECT_TRUE(holds(server, "mesh_ca:secret:all", ca_of(parts, mesh))) << mesh;
    EXPECT_TRUE(holds(caller, "mesh_ca:secret:shop", ca_of(parts, "shop")));
    EXPECT_FALSE(holds(caller, "mesh_ca:secret:shop", ca_of(parts, "web")));

    co_await parts.write(mesh_with_ca("third"));
    co_await sleep(parts.runtime.timers, 5s);
    EXPECT_TRUE(holds(server, "mesh_ca:secret:all", ca_of(parts, "third")));
  });
}

}  // namespace
}  // namespace kumasim::cp::testing
