/// What fails for one mesh: the others are served, and it is tried again.
#include "app/cp_parts.hpp"
#include "reference-cp/app/kuma_cp/diagnostics.hpp"
#include "reference-cp/app/kuma_cp/hds_server.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/store/export_format.hpp"

namespace kumasim::cp::testing {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

asio::awaitable<void> start(Parts& parts) {
  auto started = co_await parts.reconciler.start();
  EXPECT_TRUE(started);
  spawn(parts.runtime.executor, parts.log, "test", parts.reconciler.run());
}

std::string metrics(const Parts& parts) {
  const HdsCounts none;
  const prometheus::Registry registry;
  return Diagnostics(registry, parts.reconciler, none, [] { return true; })
      .handle({.method = "GET", .target = "/metrics"})
      .body;
}

TEST(ReconcilerFailures, AnExceptionForOneMeshEndsNothing) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    parts.store->trouble = [](std::string_view, const Kind& kind, const ResourceKey& key) -> std::optional<Error> {
      if (&kind == &kind::mesh_service() && key.mesh == "m") throw std::runtime_error("a bug in the store");
      return std::nullopt;
    };
    for (const char* name : {"m", "n"}) {
      co_await parts.write({{"type", "Mesh"}, {"name", name}, {"meshServices", {{"mode", "Exclusive"}}}});
      co_await parts.write(dataplane(name, "a", 1));
    }
    // It is stored already: the start must not end by it either.
    co_await start(parts);
    auto first = parts.proxy("m", "a"), second = parts.proxy("n", "a");
    for (const auto& proxy : {first, second}) parts.reconciler.add(proxy);
    co_await sleep(parts.runtime.timers, 100ms);
    EXPECT_TRUE(first->snapshot);
    EXPECT_TRUE(second->snapshot);
    bool derived = co_await parts.has(kind::mesh_service(), "n", "a");
    EXPECT_TRUE(derived);
    EXPECT_EQ(parts.reconciler.failed(), (FailedSteps{{"m", {{"derived-services", "a bug in the store"}}}}));
    EXPECT_NE(metrics(parts).find("mesh_step_failed{mesh=\"m\",step=\"derived-services\"} 1\n"), std::string::npos);
    EXPECT_GE(parts.log.count("task failed"), 1);
    parts.store->trouble = nullptr;
    co_await sleep(parts.runtime.timers, 5s);
    derived = co_await parts.has(kind::mesh_service(), "m", "a");
    EXPECT_TRUE(derived) << "it is tried again though nothing has changed";
    EXPECT_TRUE(parts.reconciler.failed().empty());
    EXPECT_TRUE(parts.reconciler.idle());
    EXPECT_EQ(metrics(parts).find("mesh_step_failed{"), std::string::npos);
  });
}

TEST(ReconcilerFailures, PausesDouble) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    std::vector<MonotonicTime> tries;
    parts.store->trouble = [&](std::string_view operation, const Kind& kind,
                               const ResourceKey&) -> std::optional<Error> {
      if (operation != "create" || &kind != &kind::mesh_service()) return std::nullopt;
      tries.push_back(parts.runtime.timers.now());
      return Error{Code::unavailable, "not now", {}};
    };
    co_await parts.write({{"type", "Mesh"}, {"name", "m"}, {"meshServices", {{"mode", "Exclusive"}}}});
    co_await parts.write(dataplane("m", "a", 1));
    co_await start(parts);
    co_await sleep(parts.runtime.timers, 5min);
    EXPECT_GE(tries.size(), 9u);
    EXPECT_LE(tries.size(), 11u) << "1 2 4 8 16 32 60 60 60 s";
    parts.store->trouble = nullptr;  // it points into this frame
  });
}

TEST(ReconcilerFailures, ANewOneDoesNotWaitAsLongAsAnOldOne) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    auto left = std::make_shared<int>(1);
    parts.store->trouble = [left](std::string_view operation, const Kind& kind,
                                  const ResourceKey& key) -> std::optional<Error> {
      if (operation != "create" || &kind != &kind::mesh_service()) return std::nullopt;
      if (key.mesh != "m" && --*left < 0) return std::nullopt;
      return Error{Code::unavailable, "not now", {}};
    };
    for (const char* name : {"m", "n"})
      co_await parts.write({{"type", "Mesh"}, {"name", name}, {"meshServices", {{"mode", "Exclusive"}}}});
    co_await parts.write(dataplane("m", "a", 1));
    co_await start(parts);
    co_await sleep(parts.runtime.timers, 130s);  // by now it pauses for a minute, from 123 s on
    co_await parts.write(dataplane("n", "a", 1));
    co_await sleep(parts.runtime.timers, 500ms);
    EXPECT_EQ(parts.reconciler.failed().size(), 2u);
    EXPECT_FALSE(parts.reconciler.idle());
    co_await sleep(parts.runtime.timers, 1s);
    bool derived = co_await parts.has(kind::mesh_service(), "n", "a");
    EXPECT_TRUE(derived);
    EXPECT_EQ(parts.reconciler.failed().size(), 1u);
    EXPECT_FALSE(parts.reconciler.idle()) << "the old one is still to be done";
  });
}

TEST(ReconcilerFailures, ACaThatCouldNotBeMadeIsTriedAgain) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    auto left = std::make_shared<int>(2);
    parts.store->trouble = [left](std::string_view operation, const Kind&, const ResourceKey&) -> std::optional<Error> {
      if (operation != "commit" || *left == 0) return std::nullopt;
      --*left;
      return Error{Code::unavailable, "not now", {}};
    };
    co_await parts.write(mesh_with_ca("m"));
    co_await start(parts);
    co_await sleep(parts.runtime.timers, 100ms);
    EXPECT_EQ(parts.log.count("CA not made"), 1);
    EXPECT_EQ(parts.log.count("CA made"), 0) << "it is not stored";
    co_await sleep(parts.runtime.timers, 10s);
    bool there = co_await parts.has(kind::secret(), "m", builtin_certificate_secret("m", "ca-1"));
    EXPECT_TRUE(there);
    EXPECT_EQ(parts.log.count("CA made"), 1);
    EXPECT_TRUE(parts.reconciler.failed().empty());
  });
}

TEST(MeshAuthorities, ACaIsMadeOnceItIsStored) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    parts.store->trouble = [](std::string_view operation, const Kind&, const ResourceKey&) -> std::optional<Error> {
      if (operation == "commit") return Error{Code::unavailable, "not now", {}};
      return std::nullopt;
    };
    const Resource wanted = *resource_from_json(mesh_with_ca("m"));
    auto made = co_await parts.manager.create(wanted);
    EXPECT_FALSE(made);
    EXPECT_EQ(parts.log.count("CA made"), 0);
    parts.store->trouble = nullptr;
    made = co_await parts.manager.create(wanted);
    EXPECT_TRUE(made);
    EXPECT_EQ(parts.log.count("CA made"), 1);
  });
}

TEST(MeshAuthorities, AStoreThatDoesNotAnswerIsNotAMissingCa) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    co_await parts.write(mesh_with_ca("m"));
    parts.store->trouble = [](std::string_view operation, const Kind& kind,
                              const ResourceKey&) -> std::optional<Error> {
      if (operation == "get" && &kind == &kind::secret()) return Error{Code::unavailable, "not now", {}};
      return std::nullopt;
    };
    auto missing = co_await parts.authorities.missing(*resource_from_json(mesh_with_ca("m")));
    EXPECT_FALSE(missing);
    Resource fresh = *resource_from_json({{"type", "Mesh"}, {"name", "n"}});
    auto made = co_await parts.manager.create(std::move(fresh));
    EXPECT_FALSE(made) << "whether it has its signing key is not known";
  });
}

TEST(Insights, AWriteThatIsOvertakenComesAboutAllTheSame) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    co_await parts.write({{"type", "Mesh"}, {"name", "m"}});
    co_await parts.write(dataplane("m", "a", 1));
    auto proxy = parts.proxy("m", "a");
    proxy->subscription.id = "1";
    auto left = std::make_shared<int>(5);
    parts.store->trouble = [left](std::string_view, const Kind& kind, const ResourceKey&) -> std::optional<Error> {
      if (&kind != &kind::dataplane_insight() || *left == 0) return std::nullopt;
      --*left;
      return Error{Code::conflict, "overtaken", {}};
    };
    *left = 0;
    co_await parts.insights.flush(proxy);
    *left = 5;
    proxy->subscription.disconnected = parts.runtime.clock.wall_now();
    co_await parts.insights.flush(proxy);
    auto insight = co_await parts.store->get(kind::dataplane_insight(), {"m", "a"});
    EXPECT_TRUE(insight && (*insight)->spec["subscriptions"].back().contains("disconnectTime"));
    EXPECT_EQ(parts.log.count("insight not written"), 0);
    *left = 1000;
    proxy->subscription.disconnected = parts.runtime.clock.wall_now() + 1s;
    co_await parts.insights.flush(proxy);
    EXPECT_EQ(parts.log.count("insight not written"), 1) << "who gives up says so";
  });
}

TEST(Insights, WhateverAProxySaysOfItselfIsExportedAndImported) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    co_await parts.write({{"type", "Mesh"}, {"name", "m"}});
    co_await parts.write(dataplane("m", "a", 1));
    auto proxy = parts.proxy("m", "a");
    proxy->subscription.id = "1";
    proxy->metadata_json = R"({"version":{"kumaDp":{"version":7,"gitTag":{}},"envoy":[],"dependencies":"none","x":0}})";
    co_await parts.insights.flush(proxy);
    auto insight = co_await parts.store->get(kind::dataplane_insight(), {"m", "a"});
    EXPECT_TRUE(insight);
    if (!insight) co_return;
    EXPECT_EQ((*insight)->spec["subscriptions"][0]["version"]["envoy"], Json::array());
    auto text = print_export({**insight});
    auto read = parse_export(text.value_or(""), "x.jsonl");
    EXPECT_TRUE(read) << (read ? "" : read.error().message);
    EXPECT_TRUE(read && read->front().spec == (*insight)->spec);
  });
}

}  // namespace
}  // namespace kumasim::cp::testing
