/// What a response does to the store of a zone and of Global.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kds/delta_bed.hpp"
#include "reference-cp/kds/refusal_text.hpp"
#include "reference-cp/kds/store_sync.hpp"
#include "store/store_world.hpp"

namespace kumasim::cp::kds::testing {
namespace {

using cp::testing::make_world;
using cp::testing::run_now;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FixedClock : public Clock {
 public:
  WallTime wall_now() const override { return WallTime(std::chrono::seconds(1'800'000'000)); }
  MonotonicTime now() const override { return MonotonicTime{}; }
};

Resource labelled(Resource resource, std::map<std::string, std::string> labels) {
  resource.meta.labels = std::move(labels);
  return resource;
}

const std::map<std::string, std::string> from_zone = {{"kuma.io/origin", "zone"}, {"kuma.io/zone", "zone-1"}};
const std::map<std::string, std::string> from_other = {{"kuma.io/origin", "zone"}, {"kuma.io/zone", "zone-2"}};

Received initial(const Kind& kind, std::vector<Resource> added) {
  Received out;
  out.kind = &kind;
  out.added = std::move(added);
  out.is_initial = true;
  return out;
}

Received later(const Kind& kind, std::vector<Resource> added, std::vector<ResourceKey> removed = {}) {
  Received out = initial(kind, std::move(added));
  out.removed = std::move(removed);
  out.is_initial = false;
  return out;
}

class StoreSyncTest : public ::testing::TestWithParam<std::string> {
 protected:
  StoreSyncTest() : world(make_world(GetParam())) {
    auto opened = world->open();
    if (!opened) throw std::runtime_error(opened.error().message);
    store = std::move(*opened);
    store->subscribe([this](const Change&) { ++changes; });
  }

  void put(Resource resource) { ASSERT_TRUE(run_now(store->create(std::move(resource), clock.wall_now()))); }
  ResourcePtr get(const Kind& kind, const std::string& name, const std::string& mesh = "m") {
    auto found = run_now(store->get(kind, {mesh, name}));
    return found ? *found : nullptr;
  }
  SyncReport apply(StoreSync& sync, Received received) {
    auto report = run_now(sync.apply(std::move(received)));
    if (!report) throw std::runtime_error(report.error().message);
    return *report;
  }

  FixedClock clock;
  std::unique_ptr<cp::testing::StoreWorld> world;
  std::unique_ptr<Store> store;
  int changes = 0;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreSyncTest, ::testing::Values("memory", "sqlite_file"),
                         [](const auto& info) { return info.param; });

TEST_P(StoreSyncTest, FirstResponseIsAllThatThereIs) {
  put(secret("same"));
  put(secret("other"));
  put(secret("gone"));
  changes = 0;
  StoreSync sync = StoreSync::of_zone(*store, clock);
  auto report = apply(sync, initial(kind::secret(), {secret("same"), secret("other", "YmFy"), secret("new")}));
  EXPECT_EQ(report.created, 1u);
  EXPECT_EQ(report.updated, 1u);
  EXPECT_EQ(report.removed, 1u);
  EXPECT_EQ(report.refusal, "");
  EXPECT_EQ(changes, 3);
  EXPECT_EQ(get(kind::secret(), "same")->meta.version, 1u);
  EXPECT_EQ(get(kind::secret(), "other")->spec, secret("other", "YmFy").spec);
  EXPECT_EQ(get(kind::secret(), "gone"), nullptr);
  EXPECT_NE(get(kind::secret(), "new"), nullptr);
}

TEST_P(StoreSyncTest, LaterResponseIsWhatDiffers) {
  StoreSync sync = StoreSync::of_zone(*store, clock);
  apply(sync, initial(kind::secret(), {secret("a"), secret("b"), secret("c")}));
  changes = 0;
  auto report =
      apply(sync, later(kind::secret(), {secret("a", "YmFy"), secret("b")}, {{"m", "b"}, {"m", "c"}, {"m", "none"}}));
  EXPECT_EQ(changes, 2) << "a has changed, c has gone; b came and went: it is there";
  EXPECT_EQ(report.created + report.updated + report.removed, 2u);
  EXPECT_EQ(get(kind::secret(), "a")->spec, secret("a", "YmFy").spec);
  EXPECT_NE(get(kind::secret(), "b"), nullptr);
  EXPECT_EQ(get(kind::secret(), "c"), nullptr);
  apply(sync, later(kind::secret(), {labelled(secret("a", "YmFy"), {{"kuma.io/origin", "global"}, {"l", "1"}})}));
  EXPECT_EQ(get(kind::secret(), "a")->meta.label("l"), "1");
}

TEST_P(StoreSyncTest, WhatIsNotUsableStaysAsItIs) {
  put(secret("bad"));
  StoreSync sync = StoreSync::of_zone(*store, clock);
  Received received = initial(kind::secret(), {secret("good")});
  received.invalid = {{"m", "bad"}};
  received.refusal = "data: no";
  auto report = apply(sync, received);
  EXPECT_EQ(report.refusal, "data: no");
  EXPECT_NE(get(kind::secret(), "bad"), nullptr);
  EXPECT_NE(get(kind::secret(), "good"), nullptr) << "the rest is stored";
  received = later(kind::secret(), {}, {{"m", "bad"}});
  received.invalid = {{"m", "bad"}};
  apply(sync, received);
  EXPECT_NE(get(kind::secret(), "bad"), nullptr);
}

TEST_P(StoreSyncTest, ZoneKeepsWhatItMadeAndSaysWhatIsInTheWay) {
  put(labelled(timeout("own"), from_zone));
  put(timeout("old"));
  StoreSync sync = StoreSync::of_zone(*store, clock);
  auto report = apply(sync, initial(kind::mesh_timeout(), {timeout("own", "9s"), timeout("new")}));
  EXPECT_EQ(report.refusal, "user error\nresource already exists: type=\"MeshTimeout\" name=\"own\" mesh=\"m\"");
  EXPECT_THAT(report.refused, ElementsAre(ResourceKey{"m", "own"}));
  EXPECT_EQ(get(kind::mesh_timeout(), "own")->spec, timeout("own").spec);
  EXPECT_NE(get(kind::mesh_timeout(), "new"), nullptr) << "the rest is stored";
  EXPECT_EQ(get(kind::mesh_timeout(), "old"), nullptr);
  report = apply(sync, later(kind::mesh_timeout(), {}, {{"m", "own"}}));
  EXPECT_NE(get(kind::mesh_timeout(), "own"), nullptr) << "it is not Global's to remove";
}

TEST_P(StoreSyncTest, ZoneTakesNothingThatClaimsToBeItsOwn) {
  StoreSync sync = StoreSync::of_zone(*store, clock);
  auto report = apply(sync, initial(kind::mesh_timeout(), {labelled(timeout("own"), from_zone),
                                                           labelled(timeout("bare"), {}), timeout("given")}));
  EXPECT_EQ(report.created, 1u);
  EXPECT_NE(get(kind::mesh_timeout(), "given"), nullptr);
}

TEST_P(StoreSyncTest, ZoneTakesOverWhatOnlyGlobalMakes) {
  put(mesh("default"));
  put(mesh("own"));
  put(cp::testing::make_resource(kind::secret(), "own", "s", {{"data", "Zm9v"}}));
  StoreSync sync = StoreSync::of_zone(*store, clock);
  apply(sync, initial(kind::mesh(), {mesh("default"), mesh("global")}));
  EXPECT_NE(get(kind::mesh(), "default", ""), nullptr);
  EXPECT_NE(get(kind::mesh(), "global", ""), nullptr);
  EXPECT_EQ(get(kind::mesh(), "own", ""), nullptr);
  EXPECT_EQ(get(kind::secret(), "s", "own"), nullptr) << "it went with its mesh";
}

TEST_P(StoreSyncTest, ZoneKeepsTheStatusThatItWrote) {
  Resource stored = resource_of({{"type", "MeshService"},
                                 {"mesh", "m"},
                                 {"name", "s"},
                                 {"labels", from_global},
                                 {"spec", {{"selector", {{"dataplaneTags", {{"app", "a"}}}}}}}});
  stored.status = {{"vips", nlohmann::json::array({{{"ip", "241.0.0.1"}}})}};
  put(stored);
  changes = 0;
  StoreSync sync = StoreSync::of_zone(*store, clock);
  Resource sent = stored;
  sent.status = nullptr;
  apply(sync, initial(kind::mesh_service(), {sent}));
  EXPECT_EQ(changes, 0);
  sent.meta.labels["l"] = "1";
  apply(sync, later(kind::mesh_service(), {sent}));
  EXPECT_EQ(get(kind::mesh_service(), "s")->meta.label("l"), "1");
  EXPECT_EQ(get(kind::mesh_service(), "s")->status, stored.status);
}

TEST_P(StoreSyncTest, GlobalTouchesOnlyWhatIsTheZones) {
  put(cp::testing::make_resource(kind::zone(), "", "zone-1"));
  put(labelled(timeout("mine"), from_zone));
  put(labelled(timeout("of-other"), from_other));
  put(timeout("globals"));
  put(labelled(timeout("zone-1.globals"), {}));
  StoreSync sync = StoreSync::of_global(*store, clock, {.zone = "zone-1"});
  auto report =
      apply(sync, initial(kind::mesh_timeout(), {timeout("new"), labelled(timeout("of-other", "9s"), from_other)}));
  EXPECT_THAT(report.refused, ElementsAre(ResourceKey{"m", "of-other"}));
  EXPECT_EQ(report.refusal, "user error\nresource already exists: type=\"MeshTimeout\" name=\"of-other\" mesh=\"m\"");
  EXPECT_EQ(get(kind::mesh_timeout(), "mine"), nullptr);
  EXPECT_EQ(get(kind::mesh_timeout(), "of-other")->spec, timeout("of-other").spec);
  EXPECT_NE(get(kind::mesh_timeout(), "globals"), nullptr);
  EXPECT_NE(get(kind::mesh_timeout(), "zone-1.globals"), nullptr) << "a name is no mark";
  EXPECT_EQ(get(kind::mesh_timeout(), "new")->meta.labels, from_zone) << "whatever it said itself";
}

TEST_P(StoreSyncTest, GlobalTakesTheStatusToo) {
  put(cp::testing::make_resource(kind::zone(), "", "zone-1"));
  StoreSync sync = StoreSync::of_global(*store, clock, {.zone = "zone-1"});
  Resource service = resource_of({{"type", "MeshService"},
                                  {"mesh", "m"},
                                  {"name", "s"},
                                  {"spec", {{"selector", {{"dataplaneTags", {{"app", "a"}}}}}}}});
  apply(sync, initial(kind::mesh_service(), {service}));
  service.status = {{"vips", nlohmann::json::array({{{"ip", "241.0.0.1"}}})}};
  EXPECT_EQ(apply(sync, later(kind::mesh_service(), {service})).updated, 1u);
  EXPECT_EQ(get(kind::mesh_service(), "s")->status, service.status);
}

TEST_P(StoreSyncTest, GlobalNeedsTheZone) {
  StoreSync sync = StoreSync::of_global(*store, clock, {.zone = "zone-1"});
  EXPECT_TRUE(run_now(sync.apply(initial(kind::mesh_timeout(), {}))));
  auto report = run_now(sync.apply(later(kind::mesh_timeout(), {timeout("a")})));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::not_found);
  EXPECT_EQ(get(kind::mesh_timeout(), "a"), nullptr);
}

TEST_P(StoreSyncTest, GlobalPrefixesNamesOfOldZones) {
  put(cp::testing::make_resource(kind::zone(), "", "zone-1"));
  StoreSync sync = StoreSync::of_global(*store, clock, {.zone = "zone-1", .prefixes_names = true});
  apply(sync, initial(kind::mesh_timeout(), {timeout("a"), timeout("b")}));
  EXPECT_NE(get(kind::mesh_timeout(), "zone-1.a"), nullptr);
  apply(sync, later(kind::mesh_timeout(), {}, {{"m", "a"}}));
  EXPECT_EQ(get(kind::mesh_timeout(), "zone-1.a"), nullptr);
  EXPECT_NE(get(kind::mesh_timeout(), "zone-1.b"), nullptr);
}

/// Somebody else writes this resource between the reading and the writing, a number of times.
class Overtaken : public Store {
 public:
  Overtaken(Store& store, int times, Resource other) : store_(store), times_(times), other_(std::move(other)) {}
  asio::awaitable<Result<ResourcePtr>> get(const Kind& kind, ResourceKey key) override {
    return store_.get(kind, std::move(key));
  }
  asio::awaitable<Result<ResourcePtr>> create(Resource resource, WallTime now) override {
    return store_.create(std::move(resource), now);
  }
  asio::awaitable<Result<ResourcePtr>> update(Resource resource, WallTime now) override {
    return store_.update(std::move(resource), now);
  }
  asio::awaitable<Result<>> remove(const Kind& kind, ResourceKey key) override {
    return store_.remove(kind, std::move(key));
  }
  asio::awaitable<Result<std::vector<ResourcePtr>>> commit(std::vector<Write> writes, WallTime now) override {
    if (times_-- > 0) {
      auto found = co_await store_.get(*other_.kind, other_.key());
      if (!found) co_return fail(found.error());
      Resource other = other_;
      other.meta.version = (*found)->meta.version;
      auto written = co_await store_.update(std::move(other), now);
      if (!written) co_return fail(written.error());
    }
    co_return co_await store_.commit(std::move(writes), now);
  }
  asio::awaitable<Result<List>> list(const Kind& kind, ListOptions options) override {
    return store_.list(kind, std::move(options));
  }
  void subscribe(std::function<void(const Change&)> on_change) override { store_.subscribe(std::move(on_change)); }
  Result<> close() override { return store_.close(); }

 private:
  Store& store_;
  int times_;
  Resource other_;
};

TEST_P(StoreSyncTest, WriteThatOvertakesIsMadeUpFor) {
  put(secret("a"));
  Overtaken sometimes(*store, 2, secret("a", "eA=="));
  StoreSync sync = StoreSync::of_zone(sometimes, clock);
  EXPECT_EQ(apply(sync, later(kind::secret(), {secret("a", "YmFy"), secret("b")})).updated, 1u);
  EXPECT_EQ(get(kind::secret(), "a")->spec, secret("a", "YmFy").spec);
  EXPECT_NE(get(kind::secret(), "b"), nullptr);
  Overtaken always(*store, 1000, secret("a", "eQ=="));
  StoreSync hopeless = StoreSync::of_zone(always, clock);
  auto report = run_now(hopeless.apply(later(kind::secret(), {secret("a", "YmF6"), secret("c")})));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::conflict);
  EXPECT_EQ(get(kind::secret(), "c"), nullptr) << "all or nothing";
}

TEST_P(StoreSyncTest, RemovalTakesNothingThatCameMeanwhile) {
  put(timeout("own"));
  put(timeout("gone"));
  Overtaken once(*store, 1, labelled(timeout("own", "7s"), from_zone));
  StoreSync sync = StoreSync::of_zone(once, clock);
  EXPECT_EQ(apply(sync, later(kind::mesh_timeout(), {}, {{"m", "own"}, {"m", "gone"}})).removed, 1u);
  ASSERT_NE(get(kind::mesh_timeout(), "own"), nullptr) << "the zone made it its own before the removal was written";
  EXPECT_EQ(get(kind::mesh_timeout(), "own")->spec, timeout("own", "7s").spec);
  EXPECT_EQ(get(kind::mesh_timeout(), "gone"), nullptr);
}

TEST_P(StoreSyncTest, RefusalIsNoLongerThanItsLimits) {
  std::vector<Resource> wanted;
  for (std::size_t i = 0; i < RefusalText::lines_max + 5; ++i) {
    const std::string name = "own" + std::to_string(i);
    put(labelled(timeout(name), from_zone));
    wanted.push_back(timeout(name, "9s"));
  }
  StoreSync sync = StoreSync::of_zone(*store, clock);
  auto report = apply(sync, initial(kind::mesh_timeout(), wanted));
  EXPECT_EQ(report.refused.size(), wanted.size());
  EXPECT_THAT(report.refusal, ::testing::EndsWith("\nand 5 more"));
  EXPECT_EQ(std::ranges::count(report.refusal, '\n'), RefusalText::lines_max + 1);
}

TEST_P(StoreSyncTest, ErrorOfTheStoreIsOne) {
  StoreSync sync = StoreSync::of_zone(*store, clock);
  ASSERT_TRUE(store->close());
  auto report = run_now(sync.apply(initial(kind::secret(), {secret("a")})));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Code::unavailable);
}

}  // namespace
}  // namespace kumasim::cp::kds::testing
