/// What a store of the simulated world does because others share it: their changes, cut connections, a table that dies.
#include "scenarios/engine/shared_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kumasim/sim/world.hpp"
#include "scenarios/engine/store_table.hpp"
#include "store/store_world.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;
using cp::testing::at_second;
using cp::testing::make_resource;
using cp::testing::run_by;
using ::testing::ElementsAre;

class SharedStores : public ::testing::Test {
 protected:
  void SetUp() override {
    for (sim::Process* process : {&process_a_, &process_b_}) process->start([](Runtime&) {});
    world_.run_for(1s);
    a_ = open(process_a_);
    b_ = open(process_b_);
  }

  template <class T>
  T run(sim::Process& in, asio::awaitable<T> task) {
    return run_by(in.runtime().executor, [this] { return world_.step(world_.now() + 1h); }, std::move(task));
  }
  std::unique_ptr<SharedStore> open(sim::Process& in) {
    auto opened = run(in, SharedStore::open(in.runtime(), "store"));
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    return std::move(*opened);
  }
  Result<cp::ResourcePtr> create(SharedStore& store, const std::string& name, int value = 0) {
    return run(process_of(store),
               store.create(make_resource(cp::kind::secret(), "m", name, {{"n", value}}), at_second(1)));
  }
  Result<cp::ResourcePtr> get(SharedStore& store, const std::string& name) {
    return run(process_of(store), store.get(cp::kind::secret(), {"m", name}));
  }
  std::uint64_t version(SharedStore& store, const std::string& name) {
    auto found = get(store, name);
    return found ? (*found)->meta.version : 0;
  }
  sim::Process& process_of(const SharedStore& store) { return &store == a_.get() ? process_a_ : process_b_; }

  void listen(SharedStore& store) {
    store.subscribe([this](const cp::Change& change) {
      heard_.push_back(std::string(change.before ? (change.after ? "~" : "-") : "+") + change.key.name);
    });
  }

  sim::World world_{{.seed = 3}};
  sim::Process& table_ = world_.add_process("store");
  sim::Process &process_a_ = world_.add_process("a"), &process_b_ = world_.add_process("b");
  std::vector<std::string> failed_;
  StoreTable handle_ = start_store_table(table_, [this](std::string what) { failed_.push_back(std::move(what)); });
  std::vector<std::string> heard_;
  std::unique_ptr<SharedStore> a_, b_;
};

TEST_F(SharedStores, EachHearsWhatTheOtherWritesOnceAndInOrder) {
  listen(*b_);
  ASSERT_TRUE(run(process_a_, a_->create(make_resource(cp::kind::mesh(), "", "m"), at_second(1))));
  ASSERT_TRUE(create(*a_, "s", 1));
  world_.run_for(10ms);
  EXPECT_THAT(heard_, ElementsAre("+m", "+s"));
  cp::Resource read = **get(*b_, "s");
  ASSERT_TRUE(run(process_b_, b_->update(read, at_second(2))));
  EXPECT_EQ(version(*b_, "s"), 2u) << "who wrote it has it";
  world_.run_for(10ms);
  EXPECT_EQ(version(*a_, "s"), 2u);
  ASSERT_TRUE(run(process_a_, a_->remove(cp::kind::mesh(), {"", "m"})));
  world_.run_for(1s);
  EXPECT_THAT(heard_, ElementsAre("+m", "+s", "~s", "-s", "-m"));
}

TEST_F(SharedStores, WhoIsRefusedSeesWhy) {
  ASSERT_TRUE(create(*a_, "s", 1));
  // The word of it is still under way.
  EXPECT_EQ(version(*b_, "s"), 0u);
  EXPECT_EQ(create(*b_, "s", 2).error().code, Code::already_exists);
  cp::Resource read = **get(*b_, "s");
  cp::Resource newer = read;
  newer.spec["n"] = 3;
  ASSERT_TRUE(run(process_a_, a_->update(newer, at_second(2))));
  EXPECT_EQ(run(process_b_, b_->update(read, at_second(3))).error().code, Code::conflict);
  cp::Resource again = **get(*b_, "s");
  EXPECT_EQ(again.spec["n"], 3);
  EXPECT_TRUE(run(process_b_, b_->update(again, at_second(4))));
}

TEST_F(SharedStores, ADeadTableRefusesWritesAndComesBackWithAllThatWasCommitted) {
  ASSERT_TRUE(create(*a_, "kept"));
  world_.run_for(10ms);
  table_.kill();
  world_.run_for(1s);
  EXPECT_FALSE(a_->connected());
  EXPECT_EQ(create(*a_, "refused").error().code, Code::unavailable);
  EXPECT_EQ(version(*b_, "kept"), 1u) << "reads go on";
  listen(*b_);
  table_.restart();
  world_.run_for(11s);
  EXPECT_TRUE(a_->connected() && b_->connected());
  EXPECT_TRUE(heard_.empty()) << "nothing has changed";
  ASSERT_TRUE(create(*a_, "after"));
  world_.run_for(10ms);
  EXPECT_EQ(version(*b_, "after"), 1u);
  EXPECT_EQ(version(*b_, "refused"), 0u);
  EXPECT_TRUE(failed_.empty());
}

TEST_F(SharedStores, WhoIsCutOffReadsAllAgain) {
  for (const char* name : {"gone", "changed"}) ASSERT_TRUE(create(*a_, name));
  world_.run_for(10ms);
  listen(*b_);
  world_.network().partition(process_b_, table_);
  ASSERT_TRUE(run(process_a_, a_->remove(cp::kind::secret(), {"m", "gone"})));
  ASSERT_TRUE(run(process_a_, a_->update(**get(*a_, "changed"), at_second(2))));
  ASSERT_TRUE(create(*a_, "new"));
  MonotonicTime asked = world_.now();
  EXPECT_EQ(create(*b_, "lost").error().code, Code::unavailable);
  EXPECT_LE(world_.now() - asked, 16s);
  EXPECT_EQ(version(*b_, "gone"), 1u) << "as it was";
  asked = world_.now();
  EXPECT_EQ(create(*b_, "lost").error().code, Code::unavailable);
  EXPECT_EQ(world_.now(), asked) << "it is known to be away";
  world_.network().heal(process_b_, table_);
  world_.run_for(15s);
  EXPECT_THAT(heard_, ::testing::UnorderedElementsAre("-gone", "~changed", "+new"));
  EXPECT_TRUE(create(*b_, "after"));
}

TEST_F(SharedStores, WhatABrokenCommitDidShowsAfterwards) {
  world_.network().partition_one_way(table_, process_b_);
  EXPECT_EQ(create(*b_, "s").error().code, Code::unavailable);
  EXPECT_EQ(version(*b_, "s"), 0u);
  EXPECT_EQ(version(*a_, "s"), 1u);
  world_.network().heal_one_way(table_, process_b_);
  world_.run_for(15s);
  EXPECT_EQ(version(*b_, "s"), 1u);
}

TEST_F(SharedStores, AReplicaThatDiesLeavesNothingBehind) {
  ASSERT_TRUE(create(*b_, "s"));
  process_b_.kill();
  ASSERT_TRUE(create(*a_, "t"));
  process_b_.restart();
  world_.run_for(1s);
  b_ = open(process_b_);
  EXPECT_EQ(version(*b_, "s") + version(*b_, "t"), 2u);
}

}  // namespace
}  // namespace kumasim::scenario
