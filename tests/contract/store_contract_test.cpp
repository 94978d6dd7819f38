/// What every store must do: the suite runs against the stores of embedded_stores.cpp and of postgres_stores.cpp.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

#include "contract/contract_stores.hpp"

namespace kumasim::cp::testing {
namespace {

using nlohmann::json;

class StoreContract : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    world_ = make_contract_world(GetParam());
    open();
  }

  void open() {
    store_.reset();
    auto opened = world_->open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = std::move(*opened);
  }

  template <class T>
  static T run_now(asio::awaitable<T> task) {
    return run_by(contract_executor(), contract_step, std::move(task));
  }

  Result<ResourcePtr> create(const Kind& kind, std::string mesh, std::string name, json spec = json::object()) {
    return run_now(
        store_->create(make_resource(kind, std::move(mesh), std::move(name), std::move(spec)), at_second(1)));
  }

  std::vector<std::string> names(const Kind& kind, ListOptions options = {}) {
    auto list = run_now(store_->list(kind, std::move(options)));
    EXPECT_TRUE(list.has_value());
    std::vector<std::string> out;
    for (const auto& item : list->items) out.push_back(item->meta.mesh + "/" + item->meta.name);
    return out;
  }

  std::unique_ptr<StoreWorld> world_;
  std::unique_ptr<Store> store_;
};

TEST_P(StoreContract, CreatedResourceIsThereWithVersionOneAndItsTimes) {
  Resource resource = make_resource(kind::mesh_timeout(), "m", "t", {{"to", json::array()}});
  resource.meta.labels = {{"a", "b"}};
  ASSERT_TRUE(run_now(store_->create(resource, at_second(5))).has_value());
  auto found = run_now(store_->get(kind::mesh_timeout(), {"m", "t"}));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ((*found)->meta.version, 1u);
  EXPECT_EQ((*found)->meta.creation, at_second(5));
  EXPECT_EQ((*found)->meta.modification, at_second(5));
  EXPECT_EQ((*found)->meta.labels, resource.meta.labels);
  EXPECT_EQ((*found)->spec, resource.spec);
}

TEST_P(StoreContract, MissingResourceIsNotFoundWithItsName) {
  auto found = run_now(store_->get(kind::dataplane(), {"m", "d"}));
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, Code::not_found);
  EXPECT_EQ(found.error().message, "resource not found: type=\"Dataplane\" name=\"d\" mesh=\"m\"");
}

TEST_P(StoreContract, NameIsTakenOnce) {
  ASSERT_TRUE(create(kind::dataplane(), "m", "d").has_value());
  EXPECT_EQ(create(kind::dataplane(), "m", "d").error().code, Code::already_exists);
  EXPECT_TRUE(create(kind::dataplane(), "other", "d").has_value());
  EXPECT_TRUE(create(kind::mesh_timeout(), "m", "d").has_value());
}

TEST_P(StoreContract, UpdateNeedsTheVersionThatWasRead) {
  ASSERT_TRUE(create(kind::dataplane(), "m", "d").has_value());
  Resource read = **run_now(store_->get(kind::dataplane(), {"m", "d"}));
  Resource first = read, second = read;
  first.spec = {{"n", 1}};
  second.spec = {{"n", 2}};
  auto updated = run_now(store_->update(first, at_second(2)));
  ASSERT_TRUE(updated.has_value());
  EXPECT_EQ((*updated)->meta.version, 2u);
  EXPECT_EQ((*updated)->meta.creation, at_second(1));
  EXPECT_EQ((*updated)->meta.modification, at_second(2));
  EXPECT_EQ(run_now(store_->update(second, at_second(3))).error().code, Code::conflict);
  EXPECT_EQ((*run_now(store_->get(kind::dataplane(), {"m", "d"})))->spec, json({{"n", 1}}));
}

TEST_P(StoreContract, UpdateOfWhatIsGoneIsNotFound) {
  auto updated = run_now(store_->update(make_resource(kind::dataplane(), "m", "d"), at_second(2)));
  EXPECT_EQ(updated.error().code, Code::not_found);
  EXPECT_EQ(run_now(store_->remove(kind::dataplane(), {"m", "d"})).error().code, Code::not_found);
}

TEST_P(StoreContract, MeshTakesWhatItOwnsAlong) {
  ASSERT_TRUE(create(kind::mesh(), "", "a").has_value());
  ASSERT_TRUE(create(kind::mesh(), "", "b").has_value());
  ASSERT_TRUE(create(kind::mesh_timeout(), "a", "t").has_value());
  ASSERT_TRUE(create(kind::secret(), "a", "s").has_value());
  ASSERT_TRUE(create(kind::secret(), "b", "s").has_value());
  ASSERT_TRUE(create(kind::zone(), "", "a").has_value());
  ASSERT_TRUE(run_now(store_->remove(kind::mesh(), {"", "a"})).has_value());
  EXPECT_TRUE(names(kind::mesh_timeout()).empty());
  EXPECT_EQ(names(kind::secret()), (std::vector<std::string>{"b/s"}));
  EXPECT_EQ(names(kind::mesh()), (std::vector<std::string>{"/b"}));
  EXPECT_EQ(names(kind::zone()), (std::vector<std::string>{"/a"}));
}

TEST_P(StoreContract, DataplaneTakesItsInsightAlong) {
  ASSERT_TRUE(create(kind::dataplane(), "m", "d").has_value());
  ASSERT_TRUE(create(kind::dataplane_insight(), "m", "d").has_value());
  ASSERT_TRUE(create(kind::dataplane_insight(), "m", "e").has_value());
  ASSERT_TRUE(run_now(store_->remove(kind::dataplane(), {"m", "d"})).has_value());
  EXPECT_EQ(names(kind::dataplane_insight()), (std::vector<std::string>{"m/e"}));
}

TEST_P(StoreContract, ListsAreOrderedFilteredAndInPages) {
  for (const char* name : {"c", "a", "bb", "ab"}) ASSERT_TRUE(create(kind::dataplane(), "m2", name).has_value());
  ASSERT_TRUE(create(kind::dataplane(), "m1", "z").has_value());
  EXPECT_EQ(names(kind::dataplane()), (std::vector<std::string>{"m1/z", "m2/a", "m2/ab", "m2/bb", "m2/c"}));
  EXPECT_EQ(names(kind::dataplane(), {.mesh = "m2", .name_contains = "b"}),
            (std::vector<std::string>{"m2/ab", "m2/bb"}));
  ListOptions not_c{.mesh = "m2", .filter = [](const Resource& one) { return one.meta.name != "c"; }};
  EXPECT_EQ(names(kind::dataplane(), not_c), (std::vector<std::string>{"m2/a", "m2/ab", "m2/bb"}));
  auto page = run_now(store_->list(kind::dataplane(), {.mesh = "m2", .size = 3, .offset = 0}));
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->items.size(), 3u);
  EXPECT_EQ(page->total, 4u);
  EXPECT_EQ(page->next, std::optional<std::size_t>(3));
  page = run_now(store_->list(kind::dataplane(), {.mesh = "m2", .size = 3, .offset = 3}));
  EXPECT_EQ(page->items.size(), 1u);
  EXPECT_FALSE(page->next.has_value());
  page = run_now(store_->list(kind::dataplane(), {.mesh = "m2", .size = 3, .offset = 99}));
  EXPECT_TRUE(page->items.empty());
  EXPECT_EQ(page->total, 4u);
}

TEST_P(StoreContract, SubscribersHearEveryCommitInOrder) {
  std::vector<std::string> heard;
  store_->subscribe([&](const Change& change) {
    heard.push_back(std::string(change.before ? (change.after ? "~" : "-") : "+") + change.kind->type() + " " +
                    change.key.name);
  });
  ASSERT_TRUE(create(kind::mesh(), "", "m").has_value());
  ASSERT_TRUE(create(kind::secret(), "m", "s").has_value());
  ASSERT_FALSE(create(kind::secret(), "m", "s").has_value());
  Resource read = **run_now(store_->get(kind::secret(), {"m", "s"}));
  ASSERT_TRUE(run_now(store_->update(read, at_second(2))).has_value());
  ASSERT_TRUE(run_now(store_->remove(kind::mesh(), {"", "m"})).has_value());
  EXPECT_EQ(heard, (std::vector<std::string>{"+Mesh m", "+Secret s", "~Secret s", "-Secret s", "-Mesh m"}));
}

TEST_P(StoreContract, DurableStoreComesBackAsItWas) {
  if (!world_->is_durable()) GTEST_SKIP() << "a store in memory ends with its process";
  Resource resource = make_resource(kind::mesh_service(), "m", "s", {{"text", "\u00e4\n\"x\""}});
  resource.status = {{"vips", json::array({{{"ip", "241.0.0.1"}}})}};
  resource.meta.labels = {{"kuma.io/zone", "default"}};
  ASSERT_TRUE(run_now(store_->create(resource, at_second(9))).has_value());
  ASSERT_TRUE(create(kind::secret(), "m", "gone").has_value());
  ASSERT_TRUE(run_now(store_->remove(kind::secret(), {"m", "gone"})).has_value());
  Resource before = **run_now(store_->get(kind::mesh_service(), {"m", "s"}));
  open();
  Resource after = **run_now(store_->get(kind::mesh_service(), {"m", "s"}));
  EXPECT_EQ(after.spec, before.spec);
  EXPECT_EQ(after.status, before.status);
  EXPECT_EQ(after.meta.labels, before.meta.labels);
  EXPECT_EQ(after.meta.version, before.meta.version);
  EXPECT_EQ(after.meta.creation, before.meta.creation);
  EXPECT_TRUE(names(kind::secret()).empty());
}

Write writing(Write::What what, Resource resource) { return {what, std::move(resource)}; }

TEST_P(StoreContract, CommitDoesAllOfItsWritesInOrder) {
  ASSERT_TRUE(create(kind::secret(), "m", "old").has_value());
  std::vector<std::string> heard;
  store_->subscribe([&](const Change& change) {
    heard.push_back(std::string(change.before ? (change.after ? "~" : "-") : "+") + change.key.name);
  });
  Resource again = make_resource(kind::secret(), "m", "new", {{"n", 2}});
  again.meta.version = 1;
  auto done = run_now(store_->commit(
      {writing(Write::What::create, make_resource(kind::secret(), "m", "new")), writing(Write::What::update, again),
       writing(Write::What::remove, make_resource(kind::secret(), "m", "old"))},
      at_second(3)));
  ASSERT_TRUE(done.has_value()) << done.error().message;
  ASSERT_EQ(done->size(), 3u);
  EXPECT_EQ((*done)[0]->meta.version, 1u);
  EXPECT_EQ((*done)[1]->meta.version, 2u);
  EXPECT_EQ((*done)[2], nullptr);
  EXPECT_EQ(names(kind::secret()), std::vector<std::string>{"m/new"});
  EXPECT_EQ(heard, (std::vector<std::string>{"+new", "~new", "-old"}));
  if (world_->is_durable()) open();
  auto found = run_now(store_->get(kind::secret(), {"m", "new"}));
  if (world_->is_durable()) EXPECT_EQ((*found)->meta.version, 2u);
}

TEST_P(StoreContract, CommitWithAWriteThatCannotBeDoesNothing) {
  ASSERT_TRUE(create(kind::secret(), "m", "taken", {{"n", 1}}).has_value());
  ASSERT_TRUE(create(kind::secret(), "m", "other", {{"n", 1}}).has_value());
  int heard = 0;
  store_->subscribe([&](const Change&) { ++heard; });
  Resource stale = make_resource(kind::secret(), "m", "other", {{"n", 2}});
  stale.meta.version = 9;
  struct Case {
    Write last;
    Code code;
  };
  for (const Case& each :
       {Case{writing(Write::What::create, make_resource(kind::secret(), "m", "taken")), Code::already_exists},
        Case{writing(Write::What::update, stale), Code::conflict},
        Case{writing(Write::What::remove, make_resource(kind::secret(), "m", "none")), Code::not_found}}) {
    Resource changed = make_resource(kind::secret(), "m", "taken", {{"n", 5}});
    changed.meta.version = 1;
    auto done = run_now(store_->commit(
        {writing(Write::What::create, make_resource(kind::mesh(), "", "m")), writing(Write::What::update, changed),
         writing(Write::What::remove, make_resource(kind::secret(), "m", "other")),
         writing(Write::What::create, make_resource(kind::secret(), "m", "other")), each.last},
        at_second(3)));
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, each.code);
    EXPECT_EQ(heard, 0);
    EXPECT_TRUE(names(kind::mesh()).empty());
    EXPECT_EQ(names(kind::secret()), (std::vector<std::string>{"m/other", "m/taken"}));
    EXPECT_EQ((*run_now(store_->get(kind::secret(), {"m", "taken"})))->spec["n"], 1);
    EXPECT_EQ((*run_now(store_->get(kind::secret(), {"m", "other"})))->meta.version, 1u);
  }
  EXPECT_TRUE(run_now(store_->commit({}, at_second(3))).has_value());
}

TEST_P(StoreContract, RemovalInACommitMayNameTheVersionThatWasRead) {
  ASSERT_TRUE(create(kind::secret(), "m", "s").has_value());
  Resource read = **run_now(store_->get(kind::secret(), {"m", "s"}));
  ASSERT_TRUE(run_now(store_->update(read, at_second(2))).has_value());
  auto done = run_now(store_->commit({writing(Write::What::remove, read)}, at_second(3)));
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, Code::conflict);
  EXPECT_EQ(names(kind::secret()), std::vector<std::string>{"m/s"});
  read.meta.version = 2;
  EXPECT_TRUE(run_now(store_->commit({writing(Write::What::remove, read)}, at_second(3))).has_value());
  EXPECT_TRUE(names(kind::secret()).empty());
}

TEST_P(StoreContract, RemovalInACommitTakesAlongWhatTheCommitMade) {
  auto done = run_now(store_->commit({writing(Write::What::create, make_resource(kind::mesh(), "", "m")),
                                      writing(Write::What::create, make_resource(kind::secret(), "m", "s")),
                                      writing(Write::What::remove, make_resource(kind::mesh(), "", "m"))},
                                     at_second(3)));
  ASSERT_TRUE(done.has_value());
  EXPECT_TRUE(names(kind::secret()).empty());
}

TEST_P(StoreContract, ClosedStoreIsAsItWasAndTakesNoMore) {
  ASSERT_TRUE(create(kind::secret(), "m", "s").has_value());
  ASSERT_TRUE(store_->close().has_value());
  EXPECT_EQ(create(kind::secret(), "m", "t").error().code, Code::unavailable);
  if (!world_->is_durable()) return;
  open();
  EXPECT_EQ(names(kind::secret()), std::vector<std::string>{"m/s"});
}

/// Random operations against a map; the store is opened anew at the end where it is durable.
TEST_P(StoreContract, BehavesAsAMap) {
  const bool ok = rc::check("a store behaves as a map from keys to versions and specifications", [&] {
    auto world = make_contract_world(GetParam());
    auto store = std::move(*world->open());
    std::map<ResourceKey, std::pair<std::uint64_t, int>> model;
    const int steps = *rc::gen::inRange(1, 30);
    for (int step = 0; step < steps; ++step) {
      const int action = *rc::gen::inRange(0, 4);
      const std::string name = *rc::gen::element<std::string>("a", "b", "c");
      const int value = *rc::gen::inRange(0, 100);
      const ResourceKey key{"m", name};
      auto known = model.find(key);
      Resource resource = make_resource(kind::dataplane(), "m", name, {{"value", value}});
      if (action == 0) {
        auto done = run_now(store->create(resource, at_second(step)));
        RC_ASSERT(done.has_value() == (known == model.end()));
        if (done) model[key] = {1, value};
      } else if (action == 1) {
        const bool stale = *rc::gen::inRange(0, 3) == 0;
        resource.meta.version = known == model.end() ? 1 : known->second.first - (stale ? 1 : 0);
        auto done = run_now(store->update(resource, at_second(step)));
        RC_ASSERT(done.has_value() == (known != model.end() && !stale));
        if (done) known->second = {known->second.first + 1, value};
      } else if (action == 2) {
        auto done = run_now(store->remove(kind::dataplane(), key));
        RC_ASSERT(done.has_value() == (known != model.end()));
        if (done) model.erase(known);
      } else if (world->is_durable()) {
        store.reset();
        auto again = world->open();
        RC_ASSERT(again.has_value());
        store = std::move(*again);
      }
      auto list = run_now(store->list(kind::dataplane(), {}));
      RC_ASSERT(list.has_value());
      RC_ASSERT(list->total == model.size());
      for (const auto& item : list->items) {
        auto expected = model.find(item->key());
        RC_ASSERT(expected != model.end());
        RC_ASSERT(item->meta.version == expected->second.first);
        RC_ASSERT(item->spec["value"] == expected->second.second);
      }
    }
  });
  EXPECT_TRUE(ok);
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, ::testing::ValuesIn(contract_stores()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace kumasim::cp::testing
