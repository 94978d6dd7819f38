/// Who leads by the table of locks, with the times of a test.
#include "reference-cp/leader/postgres_election.hpp"

#include <gtest/gtest.h>

#include "store/postgres_world.hpp"

namespace kumasim::cp::testing {
namespace {

using namespace std::chrono_literals;

class PostgresElections : public ::testing::Test {
 protected:
  struct Candidate {
    explicit Candidate(PostgresServer& server) : leadership(server.live().runtime().executor) {
      auto& runtime = server.live().runtime();
      auto options = server.options(PostgresWorld::database);
      // Longer than it should be: a machine that is busy is no server that is away.
      options.statement_timeout = 10s;
      election = make_postgres_election(runtime.executor, runtime.timers, runtime.log,
                                        live::make_postgres(runtime.executor, runtime.timers, options),
                                        {.lease = 2s, .heartbeat = 100ms});
    }
    Leadership leadership;
    std::unique_ptr<Election> election;
  };

  void SetUp() override {
    auto done = server_.run(admin_->run("DELETE FROM locks"));
    ASSERT_TRUE(done) << done.error().message;
  }
  std::unique_ptr<Candidate> stand(std::string name) {
    auto out = std::make_unique<Candidate>(server_);
    spawn(server_.live().runtime().executor, server_.live().log(), "election",
          out->election->run(std::move(name), out->leadership));
    return out;
  }
  void resign(Candidate& candidate) {
    auto task = [](Election& election) -> asio::awaitable<bool> {
      co_await election.resign();
      co_return true;
    };
    server_.run(task(*candidate.election));
  }
  bool comes(const std::function<bool()>& holds) {
    for (int i = 0; i < 3000; ++i) {
      if (holds()) return true;
      server_.pass(10ms);
    }
    return false;
  }
  std::string owner() {
    auto rows = server_.run(admin_->run("SELECT owner FROM locks WHERE name = 'kuma-cp-lock'"));
    return rows && !rows->rows.empty() ? rows->text(0, 0) : "";
  }

  PostgresServer& server_ = PostgresServer::get();
  PostgresWorld world_;
  std::unique_ptr<Database> admin_ = server_.connect(PostgresWorld::database);
};

TEST_F(PostgresElections, OneLeadsAndAnotherAfterIt) {
  auto a = stand("a");
  ASSERT_TRUE(comes([&] { return a->leadership.held(); }));
  EXPECT_EQ(owner(), "a");
  auto b = stand("b");
  server_.pass(2500ms);
  EXPECT_TRUE(a->leadership.held()) << "who counts on keeps it";
  EXPECT_FALSE(b->leadership.held());
  resign(*a);
  EXPECT_FALSE(a->leadership.held());
  EXPECT_TRUE(comes([&] { return b->leadership.held(); }));
  EXPECT_EQ(owner(), "b");
  resign(*b);
  EXPECT_EQ(owner(), "") << "given back";
}

TEST_F(PostgresElections, WhoStandsStillLosesIt) {
  auto insert =
      server_.run(admin_->run("INSERT INTO locks VALUES ('kuma-cp-lock', nextval('locks_rvn'), NULL, 'dead')"));
  ASSERT_TRUE(insert) << insert.error().message;
  auto a = stand("a");
  server_.pass(100ms);
  EXPECT_FALSE(a->leadership.held()) << "it may live";
  EXPECT_TRUE(comes([&] { return a->leadership.held(); }));
  EXPECT_EQ(owner(), "a");
  resign(*a);
}

TEST_F(PostgresElections, WhoLosesItsConnectionLeadsNoMoreAndTakesTheLockBack) {
  auto a = stand("a");
  ASSERT_TRUE(comes([&] { return a->leadership.held(); }));
  auto ended =
      server_.run(admin_->run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> "
                              "pg_backend_pid()",
                              {PostgresWorld::database}));
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_TRUE(comes([&] { return !a->leadership.held(); }));
  EXPECT_EQ(owner(), "a") << "nobody else has it";
  EXPECT_TRUE(comes([&] { return a->leadership.held(); }));
  resign(*a);
}

TEST_F(PostgresElections, WhatTheLeaderRunsStopsWhenItLosesTheLock) {
  auto a = stand("a");
  int begun = 0, ended = 0;
  auto work = [&]() -> asio::awaitable<void> {
    ++begun;
    struct Count {
      int& to;
      ~Count() { ++to; }
    } count{ended};
    co_await sleep(server_.live().runtime().timers, 1h);
  };
  spawn(server_.live().runtime().executor, server_.live().log(), "work", a->leadership.while_held(work));
  ASSERT_TRUE(comes([&] { return begun == 1; }));
  server_.run(admin_->run("UPDATE locks SET record_version_number = nextval('locks_rvn'), owner = 'other'"));
  EXPECT_TRUE(comes([&] { return ended == 1; }));
  EXPECT_FALSE(a->leadership.held());
  EXPECT_TRUE(comes([&] { return begun == 2; })) << "the other does not count on";
  resign(*a);
  EXPECT_TRUE(comes([&] { return ended == 2; }));
}

}  // namespace
}  // namespace kumasim::cp::testing
