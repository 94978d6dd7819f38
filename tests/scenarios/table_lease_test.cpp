/// Who leads by the lease in a shared store's table, on virtual time.
#include "scenarios/engine/table_lease.hpp"

#include <gtest/gtest.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/sim/world.hpp"
#include "scenarios/engine/store_table.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

struct Candidate {
  Candidate(Runtime& runtime, const std::string& name)
      : leadership(runtime.executor), election(make_table_election(runtime, "store")) {
    spawn(runtime.executor, runtime.log, "election", election->run(name, leadership));
  }
  cp::Leadership leadership;
  std::unique_ptr<cp::Election> election;
};

class TableLease : public ::testing::Test {
 protected:
  void SetUp() override {
    for (sim::Process* process : {&a_, &b_})
      process->start([this, process](Runtime& runtime) {
        auto candidate = std::make_shared<Candidate>(runtime, process->name());
        process->keep(candidate);
        candidates_[process] = candidate;
      });
    world_.run_for(1s);
  }

  bool leads(sim::Process& process) {
    auto candidate = candidates_[&process].lock();
    return process.up() && candidate && candidate->leadership.held();
  }
  /// Runs for so long, and counts the steps in which both led, or nobody.
  void watch(Duration length) {
    for (MonotonicTime end = world_.now() + length; world_.now() < end;) {
      world_.run_for(10ms);
      both_ += leads(a_) && leads(b_) ? 1 : 0;
      nobody_ += leads(a_) || leads(b_) ? 0 : 1;
    }
  }
  sim::Process& leader() { return leads(a_) ? a_ : b_; }
  sim::Process& other() { return leads(a_) ? b_ : a_; }

  sim::World world_{{.seed = 5}};
  sim::Process& table_ = world_.add_process("store");
  sim::Process &a_ = world_.add_process("a"), &b_ = world_.add_process("b");
  StoreTable handle_ = start_store_table(table_, [](const std::string& what) { ADD_FAILURE() << what; });
  std::map<sim::Process*, std::weak_ptr<Candidate>> candidates_;
  int both_ = 0, nobody_ = 0;
};

TEST_F(TableLease, OneLeadsAsLongAsItLives) {
  watch(10s);
  both_ = nobody_ = 0;
  sim::Process& first = leader();
  watch(1min);
  EXPECT_TRUE(leads(first));
  EXPECT_EQ(both_ + nobody_, 0);
  sim::Process& next = other();
  first.kill();
  watch(11s);
  EXPECT_TRUE(leads(next)) << "two leases at most";
  EXPECT_GE(nobody_, 400) << "the lease is awaited";
}

TEST_F(TableLease, ALeaderThatIsCutOffKnowsBeforeAnotherLeads) {
  watch(10s);
  both_ = 0;
  sim::Process &first = leader(), &next = other();
  world_.network().partition(first, table_);
  watch(12s);
  EXPECT_TRUE(leads(next));
  EXPECT_FALSE(leads(first));
  world_.network().heal(first, table_);
  watch(20s);
  EXPECT_EQ(both_, 0);
  EXPECT_TRUE(leads(next));
}

TEST_F(TableLease, StandsOverALifeOfTheTable) {
  watch(10s);
  both_ = 0;
  table_.kill();
  world_.run_for(500ms);
  table_.restart();
  watch(30s);
  EXPECT_EQ(both_, 0);
  EXPECT_TRUE(leads(a_) || leads(b_));
}

TEST_F(TableLease, WhoLosesItLeadsNoMoreAndAnotherTakesIt) {
  watch(10s);
  both_ = nobody_ = 0;
  sim::Process& first = leader();
  handle_.take_lease();
  watch(1500ms);
  EXPECT_FALSE(leads(first));
  watch(10s);
  EXPECT_TRUE(leads(a_) || leads(b_));
  EXPECT_EQ(both_, 0);
}

TEST_F(TableLease, WhoResignsLeavesItToTheNext) {
  watch(10s);
  sim::Process& next = other();
  auto candidate = candidates_[&leader()].lock();
  spawn(leader().runtime().executor, leader().runtime().log, "resign", candidate->election->resign());
  watch(6s);
  EXPECT_TRUE(leads(next));
}

}  // namespace
}  // namespace kumasim::scenario
