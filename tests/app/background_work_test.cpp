/// What a control plane does when nothing happens but time.
#include "app/cp_parts.hpp"
#include "reference-cp/app/kuma_cp/control_plane.hpp"
#include "reference-cp/app/kuma_cp/lifecycle.hpp"
#include "reference-cp/insights/insight_writer.hpp"
#include "reference-cp/model/timestamp.hpp"
#include "store/run_now.hpp"

namespace kumasim::cp::testing {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

TEST(BackgroundWork, AGeneratedServiceGoesAfterItsGracePeriodThoughNothingHappens) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    parts.config.mesh_service_grace = 2min;
    co_await parts.write({{"type", "Mesh"}, {"name", "m"}, {"meshServices", {{"mode", "Exclusive"}}}});
    for (const char* name : {"a", "b"}) co_await parts.write(dataplane("m", name, 1));
    auto started = co_await parts.reconciler.start();
    EXPECT_TRUE(started);
    spawn(parts.runtime.executor, parts.log, "test", parts.reconciler.run());
    co_await sleep(parts.runtime.timers, 1s);
    for (const char* name : {"a", "b"}) {
      auto gone = co_await parts.store->remove(kind::dataplane(), {"m", name});
      EXPECT_TRUE(gone);
    }
    co_await sleep(parts.runtime.timers, 1min);
    bool held = co_await parts.has(kind::mesh_service(), "m", "a");
    EXPECT_TRUE(held) << "its period is not over";
    co_await parts.write(dataplane("m", "a", 1));
    co_await sleep(parts.runtime.timers, 70s);
    held = co_await parts.has(kind::mesh_service(), "m", "b");
    EXPECT_FALSE(held);
    held = co_await parts.has(kind::mesh_service(), "m", "a");
    EXPECT_TRUE(held) << "its Dataplane came back";
    EXPECT_TRUE(parts.reconciler.idle());
  });
}

TEST(BackgroundWork, AnIngressIsToldWhatTheZoneOffersAfterAnInterval) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    parts.config.ingress_update_interval = 1s;
    co_await parts.write(mesh_with_ca("m"));
    co_await parts.write(dataplane("m", "a", 1));
    auto started = co_await parts.reconciler.start();
    EXPECT_TRUE(started);
    spawn(parts.runtime.executor, parts.log, "test", parts.reconciler.run());
    co_await sleep(parts.runtime.timers, 10s);
    auto offered = [&]() -> asio::awaitable<std::string> {
      auto ingress = co_await parts.store->get(kind::zone_ingress(), {"", "in"});
      std::string names;
      if (ingress)
        for (const Json& service : (*ingress)->spec.value("availableServices", Json::array()))
          names += service["tags"]["kuma.io/service"].get<std::string>() + " ";
      co_return names;
    };
    co_await parts.write(
        {{"type", "ZoneIngress"}, {"name", "in"}, {"networking", {{"address", "10.0.0.9"}, {"port", 10001}}}});
    co_await sleep(parts.runtime.timers, 900ms);
    std::string names = co_await offered();
    EXPECT_EQ(names, "") << "it still is what was written";
    for (int i = 0; names.empty() && i < 200; ++i) {
      EXPECT_FALSE(parts.reconciler.idle());
      co_await sleep(parts.runtime.timers, 1ms);
      names = co_await offered();
    }
    EXPECT_EQ(names, "a ");
    co_await parts.write(dataplane("m", "b", 2));
    co_await sleep(parts.runtime.timers, 500ms);
    co_await parts.write(dataplane("m", "c", 3));
    co_await sleep(parts.runtime.timers, 600ms);
    names = co_await offered();
    EXPECT_EQ(names, "a b c ") << "an interval after the first change";
    co_await sleep(parts.runtime.timers, 2s);
    EXPECT_TRUE(parts.reconciler.idle());
  });
}

TEST(BackgroundWork, WhatIsDerivedIsWrittenByWhoLeads) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    parts.config.ingress_update_interval = 1s;
    parts.leads = false;
    co_await parts.write({{"type", "Mesh"}, {"name", "m"}, {"meshServices", {{"mode", "Exclusive"}}}});
    co_await parts.write(mesh_with_ca("n"));
    for (const char* mesh : {"m", "n"}) co_await parts.write(dataplane(mesh, "a", 1));
    co_await parts.write(
        {{"type", "ZoneIngress"}, {"name", "in"}, {"networking", {{"address", "10.0.0.9"}, {"port", 10001}}}});
    auto started = co_await parts.reconciler.start();
    EXPECT_TRUE(started);
    spawn(parts.runtime.executor, parts.log, "test", parts.reconciler.run());
    co_await parts.write(dataplane("m", "b", 2));
    co_await sleep(parts.runtime.timers, 1min);
    auto offers = [&]() -> asio::awaitable<bool> {
      auto ingress = co_await parts.store->get(kind::zone_ingress(), {"", "in"});
      co_return ingress && !(*ingress)->spec.value("availableServices", Json::array()).empty();
    };
    bool derived = co_await parts.has(kind::mesh_service(), "m", "a"), offered = co_await offers();
    EXPECT_FALSE(derived || offered);
    EXPECT_TRUE(parts.reconciler.idle());
    parts.leads = true;
    spawn(parts.runtime.executor, parts.log, "lead", parts.reconciler.lead());
    co_await sleep(parts.runtime.timers, 5s);
    for (const char* name : {"a", "b"}) {
      derived = co_await parts.has(kind::mesh_service(), "m", name);
      EXPECT_TRUE(derived) << name;
    }
    offered = co_await offers();
    EXPECT_TRUE(offered);
  });
}

TEST(BackgroundWork, AGracePeriodGoesOnAfterARestart) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    parts.config.mesh_service_grace = 2min;
    co_await parts.write({{"type", "Mesh"}, {"name", "m"}, {"meshServices", {{"mode", "Exclusive"}}}});
    const auto marked =
        std::chrono::duration_cast<std::chrono::seconds>((parts.runtime.clock.wall_now() - 1min).time_since_epoch());
    Resource service;
    service.kind = &kind::mesh_service();
    service.meta.mesh = "m";
    service.meta.name = "a";
    service.meta.labels = {{"kuma.io/managed-by", "meshservice-generator"},
                           {"kuma.io/deletion-grace-period-started-at", std::to_string(marked.count())}};
    service.spec = {{"selector", {{"dataplaneTags", {{"kuma.io/service", "a"}}}}}};
    auto stored = co_await parts.store->create(std::move(service), parts.runtime.clock.wall_now());
    EXPECT_TRUE(stored);
    auto started = co_await parts.reconciler.start();
    EXPECT_TRUE(started);
    spawn(parts.runtime.executor, parts.log, "test", parts.reconciler.run());
    co_await sleep(parts.runtime.timers, 50s);
    bool held = co_await parts.has(kind::mesh_service(), "m", "a");
    EXPECT_TRUE(held);
    co_await sleep(parts.runtime.timers, 20s);
    held = co_await parts.has(kind::mesh_service(), "m", "a");
    EXPECT_FALSE(held);
  });
}

TEST(BackgroundWork, AServedStreamShowsThatItIs) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    parts.config.proxy_idle_time = 1min;
    co_await parts.write({{"type", "Mesh"}, {"name", "m"}});
    co_await parts.write(dataplane("m", "a", 1));
    auto proxy = parts.proxy("m", "a");
    proxy->subscription.id = "1";
    spawn(parts.runtime.executor, parts.log, "test", parts.insights.follow(proxy));
    auto generation = [&]() -> asio::awaitable<int> {
      auto insight = co_await parts.store->get(kind::dataplane_insight(), {"m", "a"});
      co_return insight ? (*insight)->spec["subscriptions"][0].value("generation", 0) : -1;
    };
    co_await sleep(parts.runtime.timers, 1s);
    int seen = co_await generation();
    EXPECT_EQ(seen, 0);
    co_await sleep(parts.runtime.timers, 2min);
    seen = co_await generation();
    EXPECT_EQ(seen, 4) << "twice in the idle time";
    proxy->closing = true;
  });
}

TEST(BackgroundWork, ADataplaneThatAProxyBroughtGoesSomeTimeAfterIt) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    Lifecycle lifecycle(parts.runtime, parts.config, parts.manager, parts.reconciler, parts.insights);
    co_await parts.write({{"type", "Mesh"}, {"name", "m"}});
    for (const char* name : {"left", "back"}) {
      auto proxy = parts.proxy("m", name);
      proxy->metadata.dataplane = dataplane("m", name, 1).dump();
      auto registered = co_await lifecycle.connected(proxy);
      EXPECT_TRUE(registered);
      spawn(parts.runtime.executor, parts.log, "test", lifecycle.disconnected(proxy));
    }
    parts.reconciler.add(parts.proxy("m", "back"));
    co_await sleep(parts.runtime.timers, parts.config.deregistration_delay - 1s);
    bool held = co_await parts.has(kind::dataplane(), "m", "left");
    EXPECT_TRUE(held);
    co_await sleep(parts.runtime.timers, 2s);
    held = co_await parts.has(kind::dataplane(), "m", "left");
    EXPECT_FALSE(held);
    held = co_await parts.has(kind::dataplane(), "m", "back");
    EXPECT_TRUE(held) << "it is connected again";
  });
}

TEST(BackgroundWork, DestinationsGetAddressesNamesAndState) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    co_await parts.write({{"type", "Mesh"}, {"name", "m"}, {"meshServices", {{"mode", "Exclusive"}}}});
    auto started = co_await parts.reconciler.start();
    EXPECT_TRUE(started);
    spawn(parts.runtime.executor, parts.log, "test", parts.reconciler.run());
    for (const char* kind : {"meshService", "meshExternalService", "meshMultiZoneService"})
      co_await parts.write({{"type", "HostnameGenerator"},
                            {"name", std::string("names-") + (kind + 4)},
                            {"spec", {{"selector", {{kind, Json::object()}}}, {"template", "{{ .Name }}.mesh"}}}});
    co_await parts.write({{"type", "MeshExternalService"},
                          {"mesh", "m"},
                          {"name", "e"},
                          {"spec",
                           {{"match", {{"type", "HostnameGenerator"}, {"port", 80}, {"protocol", "http"}}},
                            {"endpoints", Json::array({{{"address", "x.com"}, {"port", 80}}})}}}});
    co_await parts.write({{"type", "MeshMultiZoneService"},
                          {"mesh", "m"},
                          {"name", "z"},
                          {"spec",
                           {{"selector", {{"meshService", {{"matchLabels", {{"kuma.io/display-name", "a"}}}}}}},
                            {"ports", Json::array({{{"port", 8080}, {"appProtocol", "http"}}})}}}});
    co_await parts.write(dataplane("m", "a", 1));
    co_await sleep(parts.runtime.timers, 1s);
    struct Wanted {
      const Kind& kind;
      const char* name;
      const char* network;
    };
    for (const Wanted& wanted :
         {Wanted{kind::mesh_service(), "a", "241."}, Wanted{kind::mesh_external_service(), "e", "242."},
          Wanted{kind::mesh_multi_zone_service(), "z", "243."}}) {
      auto found = co_await parts.store->get(wanted.kind, {"m", wanted.name});
      EXPECT_TRUE(found) << wanted.name;
      if (!found) continue;
      const std::string status = (*found)->status.dump();
      EXPECT_NE(status.find(wanted.network), std::string::npos) << status;
      EXPECT_NE(status.find(std::string(wanted.name) + ".mesh"), std::string::npos) << status;
    }
    auto state = [&]() -> asio::awaitable<Json> {
      auto found = co_await parts.store->get(kind::mesh_service(), {"m", "a"});
      co_return found ? (*found)->status["dataplaneProxies"] : Json();
    };
    Json proxies = co_await state();
    EXPECT_EQ(proxies, (Json{{"healthy", 1}, {"total", 1}}));
    auto proxy = parts.proxy("m", "a");
    proxy->subscription.id = "1";
    co_await parts.insights.flush(proxy);
    co_await sleep(parts.runtime.timers, 1s);
    proxies = co_await state();
    EXPECT_EQ(proxies, (Json{{"connected", 1}, {"healthy", 1}, {"total", 1}}));
    proxy->subscription.disconnected = parts.runtime.clock.wall_now();
    co_await parts.insights.flush(proxy);
    co_await sleep(parts.runtime.timers, 1s);
    proxies = co_await state();
    EXPECT_EQ(proxies, (Json{{"healthy", 1}, {"total", 1}}));
  });
}

/// A whole control plane over a store that an earlier life has left like this.
class Later {
 public:
  explicit Later(Config config, TroubledStore::Trouble trouble = nullptr) : config_(std::move(config)) {
    config_.signing_key = "ec-p256";
    put(*resource_from_json({{"type", "Mesh"}, {"name", "default"}}));
    put(*resource_from_json(dataplane("default", "web", 1)));
    Resource insight;
    insight.kind = &kind::dataplane_insight();
    insight.meta.mesh = "default";
    insight.meta.name = "web";
    insight.spec = {{"subscriptions",
                     {{{"id", "1"},
                       {"controlPlaneInstanceId", "earlier"},
                       {"connectTime", print_timestamp(world_.wall_now())},
                       {"status", Json::object()}}}}};
    put(std::move(insight));
    store_->trouble = std::move(trouble);
    auto& process = world_.add_process("kuma-cp");
    process.start([&](Runtime& runtime) {
      auto control_plane = std::make_shared<ControlPlane>(runtime, config_, store_);
      process.keep(control_plane);
      auto live = [](ControlPlane& cp, std::string& ended) -> asio::awaitable<void> {
        try {
          co_await cp.run();
        } catch (const std::runtime_error& error) {
          ended = error.what();
        }
      };
      spawn(runtime.executor, runtime.log, "test", live(*control_plane, ended_));
    });
  }

  void run_for(Duration time) { world_.run_for(time); }
  /// Why the control plane has ended; "" while it serves.
  const std::string& ended() const { return ended_; }

  Json spec(const Kind& kind, ResourceKey key) {
    auto found = run_now(store_->get(kind, std::move(key)));
    return found ? (*found)->spec : Json();
  }

 private:
  void put(Resource resource) { EXPECT_TRUE(run_now(store_->create(std::move(resource), world_.wall_now()))); }

  Config config_;
  sim::World world_;
  std::shared_ptr<TroubledStore> store_ = std::make_shared<TroubledStore>();
  std::string ended_;
};

TEST(BackgroundWork, InsightsOfMeshesAndServicesAreWritten) {
  Later later({});
  later.run_for(3s);
  EXPECT_EQ(later.spec(kind::mesh_insight(), {"", "default"})["dataplanes"], (Json{{"total", 1}, {"online", 1}}));
  EXPECT_EQ(later.spec(kind::service_insight(), {"default", "all-services-default"})["services"]["web"]["status"],
            "online");
}

TEST(BackgroundWork, ABugInWhatCountsAndTidiesUpDoesNotEndTheControlPlane) {
  Config config;
  config.dataplane_cleanup_age = 1h;
  int insights = 0, offline = 0;
  Later later(config, [&](std::string_view operation, const Kind& kind, const ResourceKey&) -> std::optional<Error> {
    if (&kind == &kind::mesh_insight() && operation == "create" && ++insights <= 3)
      throw std::runtime_error("a bug in counting");
    if (&kind == &kind::dataplane_insight() && operation == "update" && ++offline == 1)
      throw std::runtime_error("a bug in tidying up");
    return std::nullopt;
  });
  later.run_for(4s);
  EXPECT_TRUE(later.spec(kind::mesh_insight(), {"", "default"}).is_null());
  later.run_for(20s);
  EXPECT_EQ(later.spec(kind::mesh_insight(), {"", "default"})["dataplanes"], (Json{{"total", 1}, {"online", 1}}));
  later.run_for(30min);
  EXPECT_GE(offline, 2) << "the finalizer has begun anew";
  EXPECT_EQ(later.spec(kind::mesh_insight(), {"", "default"})["dataplanes"], (Json{{"total", 1}, {"offline", 1}}));
  EXPECT_EQ(later.ended(), "");
}

TEST(BackgroundWork, AnOutageIsToldOnceAndTriedWithPausesThatDouble) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    auto writer = std::make_shared<InsightWriter>(parts.runtime.clock, parts.log, *parts.store);
    int tries = 0;
    parts.store->trouble = [&](std::string_view, const Kind& kind, const ResourceKey&) -> std::optional<Error> {
      if (&kind != &kind::mesh_insight()) return std::nullopt;
      ++tries;
      return Error{Code::unavailable, "not now", {}};
    };
    co_await parts.write({{"type", "Mesh"}, {"name", "m"}});
    auto started = co_await writer->start();
    EXPECT_TRUE(started);
    auto run = [](std::shared_ptr<InsightWriter> kept, Timers& timers) -> asio::awaitable<void> {
      co_await kept->run(timers, 100ms);
    };
    spawn(parts.runtime.executor, parts.log, "test", run(writer, parts.runtime.timers));
    co_await sleep(parts.runtime.timers, 5min);
    EXPECT_GE(tries, 9);
    EXPECT_LE(tries, 11) << "1 2 4 8 16 32 60 60 60 s";
    EXPECT_EQ(parts.log.count("insights of a mesh not written"), 1);
    EXPECT_FALSE(writer->idle());
    parts.store->trouble = nullptr;
    co_await sleep(parts.runtime.timers, 61s);
    bool there = co_await parts.has(kind::mesh_insight(), "", "m");
    EXPECT_TRUE(there);
    EXPECT_TRUE(writer->idle());
    EXPECT_EQ(parts.log.count("insights of a mesh written again"), 1);
  });
}

TEST(BackgroundWork, AProxyThatDidNotComeBackIsOfflineAndThenRemoved) {
  Config config;
  config.dataplane_cleanup_age = 1h;
  Later later(config);
  later.run_for(4min);
  auto gone = [&] {
    return later.spec(kind::dataplane_insight(), {"default", "web"})["subscriptions"][0].contains("disconnectTime");
  };
  EXPECT_FALSE(gone());
  later.run_for(7min);
  EXPECT_TRUE(gone());
  later.run_for(2s);
  EXPECT_EQ(later.spec(kind::mesh_insight(), {"", "default"})["dataplanes"], (Json{{"total", 1}, {"offline", 1}}));
  later.run_for(50min);
  EXPECT_FALSE(later.spec(kind::dataplane(), {"default", "web"}).is_null());
  later.run_for(12min);
  EXPECT_TRUE(later.spec(kind::dataplane(), {"default", "web"}).is_null());
  EXPECT_EQ(later.spec(kind::mesh_insight(), {"", "default"})["dataplanes"], Json::object());
}

}  // namespace
}  // namespace kumasim::cp::testing
