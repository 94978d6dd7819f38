/// What a store does because others share it: their changes, lost connections, rows that Kuma wrote, other schemas.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/postgres_world.hpp"

namespace kumasim::cp::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PostgresStores : public ::testing::Test {
 protected:
  void SetUp() override {
    a_ = std::move(*world_.open());
    b_ = std::move(*world_.open());
  }

  template <class T>
  T run(asio::awaitable<T> task) {
    return server_.run(std::move(task));
  }
  void sql(const std::string& text) {
    auto done = run(admin_->run_script(text));
    EXPECT_TRUE(done) << done.error().message;
  }
  Result<ResourcePtr> create(Store& store, const Kind& kind, std::string mesh, std::string name, int value = 0) {
    return run(store.create(make_resource(kind, std::move(mesh), std::move(name), {{"n", value}}), at_second(1)));
  }

  bool comes(const std::function<bool()>& holds) {
    for (int i = 0; i < 500; ++i) {
      if (holds()) return true;
      server_.pass(std::chrono::milliseconds(10));
    }
    return false;
  }
  std::uint64_t version(Store& store, const Kind& kind, ResourceKey key) {
    auto found = run(store.get(kind, std::move(key)));
    return found ? (*found)->meta.version : 0;
  }

  static std::vector<std::string>& heard_of(Store& store, std::vector<std::string>& heard) {
    store.subscribe([&heard](const Change& change) {
      heard.push_back(std::string(change.before ? (change.after ? "~" : "-") : "+") + change.key.name);
    });
    return heard;
  }

  PostgresServer& server_ = PostgresServer::get();
  PostgresWorld world_;
  std::unique_ptr<Database> admin_ = server_.connect(PostgresWorld::database);
  std::vector<std::string> heard_;
  std::unique_ptr<Store> a_, b_;
};

TEST_F(PostgresStores, EachHearsWhatTheOtherWritesOnce) {
  heard_of(*b_, heard_);
  ASSERT_TRUE(create(*a_, kind::mesh(), "", "m"));
  ASSERT_TRUE(create(*a_, kind::secret(), "m", "s", 1));
  EXPECT_TRUE(comes([&] { return heard_.size() == 2; }));
  Resource read = **run(b_->get(kind::secret(), {"m", "s"}));
  ASSERT_TRUE(run(b_->update(read, at_second(2))));
  ASSERT_TRUE(comes([&] { return heard_.size() == 3; }));
  EXPECT_TRUE(comes([&] { return version(*a_, kind::secret(), {"m", "s"}) == 2; }));
  ASSERT_TRUE(run(a_->remove(kind::mesh(), {"", "m"})));
  EXPECT_TRUE(comes([&] { return heard_.size() == 5; }));
  EXPECT_THAT(std::vector(heard_.begin(), heard_.begin() + 3), ElementsAre("+m", "+s", "~s"));
  EXPECT_EQ(version(*b_, kind::secret(), {"m", "s"}), 0u);
  server_.pass(std::chrono::milliseconds(100));
  EXPECT_EQ(heard_.size(), 5u) << "an echo";
}

TEST_F(PostgresStores, WhoIsRefusedSeesWhy) {
  ASSERT_TRUE(create(*a_, kind::secret(), "m", "s", 1));
  auto taken = create(*b_, kind::secret(), "m", "s", 2);
  EXPECT_EQ(taken.error().code, Code::already_exists);
  Resource read = **run(b_->get(kind::secret(), {"m", "s"}));
  Resource newer = read;
  newer.spec["n"] = 3;
  ASSERT_TRUE(run(a_->update(newer, at_second(2))));
  EXPECT_EQ(run(b_->update(read, at_second(3))).error().code, Code::conflict);
  Resource again = **run(b_->get(kind::secret(), {"m", "s"}));
  EXPECT_EQ(again.spec["n"], 3);
  EXPECT_TRUE(run(b_->update(again, at_second(4))));
}

TEST_F(PostgresStores, LostConnectionsComeBackWithWhatHappenedMeanwhile) {
  ASSERT_TRUE(create(*a_, kind::secret(), "m", "gone"));
  ASSERT_TRUE(comes([&] { return version(*b_, kind::secret(), {"m", "gone"}) == 1; }));
  heard_of(*b_, heard_);
  sql("BEGIN; DELETE FROM resources; INSERT INTO resources (name, mesh, type, version, spec) VALUES "
      "('new', 'm', 'Secret', 4, '{\"data\": \"YQ==\"}'); SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
      "WHERE datname = 'stores' AND pid <> pg_backend_pid(); COMMIT");
  EXPECT_TRUE(comes([&] { return heard_.size() == 2; }));
  EXPECT_EQ(version(*b_, kind::secret(), {"m", "new"}), 5u);
  EXPECT_TRUE(comes([&] { return create(*b_, kind::secret(), "m", "after").has_value(); }));
  EXPECT_TRUE(comes([&] { return version(*a_, kind::secret(), {"m", "after"}) == 1; }));
}

/// What Kuma's owners take along, and a change by hand, reach memory too.
TEST_F(PostgresStores, RowsOfKumaAreReadAndFollowed) {
  sql("INSERT INTO resources (name, mesh, type, version, spec, labels) VALUES ('default', '', 'Mesh', 0, '{}', "
      "'null'); "
      "INSERT INTO resources (name, mesh, type, version, spec, owner_name, owner_mesh, owner_type) VALUES "
      "('t', 'default', 'MeshTimeout', 2, '{\"targetRef\":{\"kind\":\"Mesh\"},\"to\":[{\"targetRef\":{\"kind\":"
      "\"Mesh\"},\"default\":{\"connectionTimeout\":\"7s\"}}]}', 'default', '', 'Mesh'), "
      "('x', 'default', 'UnheardOf', 0, '{}', NULL, NULL, NULL)");
  EXPECT_TRUE(comes([&] { return version(*a_, kind::mesh_timeout(), {"default", "t"}) == 3; }));
  auto read = run(a_->get(kind::mesh_timeout(), {"default", "t"}));
  EXPECT_EQ((*read)->spec["to"][0]["default"]["connectionTimeout"], "7s");
  sql("DELETE FROM resources WHERE type = 'Mesh'");
  EXPECT_TRUE(comes([&] { return version(*a_, kind::mesh_timeout(), {"default", "t"}) == 0; }));
}

TEST_F(PostgresStores, WordsThatNameNoChangeArePassedOver) {
  for (const char* said : {"no JSON", "7", R"({"action": 7})", R"({"action": 7, "data": {"type": 3, "name": null}})"})
    sql(std::string("SELECT pg_notify('resource_events', '") + said + "')");
  ASSERT_TRUE(create(*a_, kind::secret(), "m", "s"));
  EXPECT_TRUE(comes([&] { return version(*b_, kind::secret(), {"m", "s"}) == 1; }));
  ASSERT_TRUE(create(*b_, kind::secret(), "m", "t"));
  EXPECT_TRUE(comes([&] { return version(*a_, kind::secret(), {"m", "t"}) == 1; }));
}

TEST_F(PostgresStores, OwnersStandInTheRows) {
  ASSERT_TRUE(create(*a_, kind::mesh(), "", "m"));
  ASSERT_TRUE(create(*a_, kind::dataplane(), "m", "d"));
  ASSERT_TRUE(create(*a_, kind::dataplane_insight(), "m", "d"));
  ASSERT_TRUE(create(*a_, kind::dataplane_insight(), "m", "alone"));
  auto rows =
      run(admin_->run("SELECT type, name, owner_type, owner_mesh, owner_name FROM resources "
                      "ORDER BY type, name"));
  ASSERT_EQ(rows->rows.size(), 4u);
  auto line = [&](std::size_t row) {
    std::string out;
    for (std::size_t column = 0; column < 5; ++column) out += rows->text(row, column) + "|";
    return out;
  };
  EXPECT_EQ(line(0), "Dataplane|d|Mesh||m|");
  EXPECT_EQ(line(1), "DataplaneInsight|alone||||");
  EXPECT_EQ(line(2), "DataplaneInsight|d|Dataplane|m|d|");
  EXPECT_EQ(line(3), "Mesh|m||||");
}

TEST_F(PostgresStores, WritesAreRefusedWhileTheServerCannotBeReached) {
  admin_ = server_.connect("postgres");
  sql("ALTER DATABASE stores ALLOW_CONNECTIONS false");
  sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'stores'");
  Result<ResourcePtr> last = create(*a_, kind::secret(), "m", "s");
  EXPECT_EQ(last.error().code, Code::unavailable);
  EXPECT_TRUE(run(a_->list(kind::secret(), {}))) << "reads go on";
  sql("ALTER DATABASE stores ALLOW_CONNECTIONS true");
  EXPECT_TRUE(comes([&] { return create(*a_, kind::secret(), "m", "s").has_value(); }));
}

class PostgresSchema : public PostgresStores {};

TEST_F(PostgresSchema, IsMadeOnceAndTellsOthersApart) {
  server_.create("fresh");
  auto fresh = server_.connect("fresh");
  EXPECT_THAT(run(check_postgres(*fresh)).error().message, HasSubstr("kuma-cp migrate up"));
  EXPECT_EQ(run(migrate_postgres(*fresh)), Result<bool>(true));
  EXPECT_EQ(run(migrate_postgres(*fresh)), Result<bool>(false));
  EXPECT_TRUE(run(check_postgres(*fresh)));
  for (auto [version, said] : {std::pair("1701180642", "Kuma 2.7"), std::pair("9999999999", "newer version")}) {
    run(fresh->run(std::string("UPDATE schema_migrations SET version = ") + version));
    EXPECT_THAT(run(check_postgres(*fresh)).error().message, HasSubstr(said));
    EXPECT_EQ(run(migrate_postgres(*fresh)).error().code, Code::unsupported);
  }
  run(fresh->run("UPDATE schema_migrations SET dirty = true"));
  EXPECT_EQ(run(migrate_postgres(*fresh)).error().code, Code::data_loss);
}

TEST_F(PostgresSchema, ConnectionErrorsSayWhereAndWhy) {
  auto& runtime = server_.live().runtime();
  auto options = server_.options("stores");
  options.host = "127.0.0.1";
  auto by_password = live::make_postgres(runtime.executor, runtime.timers, options);
  EXPECT_TRUE(run(by_password->connect()));
  options.password = "wrong";
  auto wrong = live::make_postgres(runtime.executor, runtime.timers, options);
  auto refused = run(wrong->connect());
  EXPECT_THAT(refused.error().message, HasSubstr("password authentication failed"));
  EXPECT_THAT(refused.error().message, HasSubstr("127.0.0.1:"));
}

TEST_F(PostgresSchema, TlsJudgesTheServerAsItsModeSays) {
  auto& runtime = server_.live().runtime();
  /// "" where it connects, with TLS.
  auto connect = [&](std::string mode, std::string host, std::string authority) -> std::string {
    auto options = server_.options("stores");
    options.host = std::move(host);
    options.tls_mode = std::move(mode);
    options.authority_path = std::move(authority);
    auto database = live::make_postgres(runtime.executor, runtime.timers, options);
    if (auto up = run(database->connect()); !up) return up.error().message;
    auto rows = run(database->run("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"));
    return rows && rows->text(0, 0) == "t" ? "" : "not by TLS";
  };
  const std::string trusted = server_.certificate();
  EXPECT_EQ(connect("disable", "127.0.0.1", ""), "not by TLS");
  EXPECT_EQ(connect("require", "127.0.0.1", ""), "");
  EXPECT_EQ(connect("verify-ca", "127.0.0.1", trusted), "");
  EXPECT_EQ(connect("verify-full", "localhost", trusted), "");
  EXPECT_THAT(connect("verify-full", "127.0.0.1", trusted), HasSubstr("does not match host name"));
  EXPECT_THAT(connect("verify-ca", "127.0.0.1", server_.folder() + "/none.crt"), HasSubstr("does not exist"));
  const std::string other = server_.folder() + "/other.crt";
  auto pair = make_server({.hosts = {"localhost"}, .key = {}, .now = runtime.clock.wall_now()}, runtime.random);
  ASSERT_TRUE(live::write_file(other, pair->certificate_pem, {}));
  EXPECT_THAT(connect("verify-ca", "127.0.0.1", other), HasSubstr("certificate verify failed"));
}

}  // namespace
}  // namespace kumasim::cp::testing
