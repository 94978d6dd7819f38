/// Two instances of one global control plane on one PostgreSQL server, and a zone under them: it loses the one that it
/// is connected to.
#include "store/postgres_server.hpp"
#include "tests/live/zones_bed.hpp"

namespace kumasim::live {
namespace {

using cp::testing::PostgresServer;

class Replicas : public ZonesBed {
 protected:
  /// All of a test share one database.
  void use_database(std::string name) {
    database_ = std::move(name);
    server_.create(database_);
    admin_ = server_.connect(database_);
  }

  Site instance(std::string name, std::string program = KUMA_CP) {
    Site out = site(std::move(name), std::move(program), "global");
    out.settings["KUMA_STORE_TYPE"] = "postgres";
    out.settings["KUMA_STORE_POSTGRES_HOST"] = "127.0.0.1";
    out.settings["KUMA_STORE_POSTGRES_PORT"] = std::to_string(server_.port());
    out.settings["KUMA_STORE_POSTGRES_USER"] = PostgresServer::user;
    out.settings["KUMA_STORE_POSTGRES_PASSWORD"] = PostgresServer::password;
    out.settings["KUMA_STORE_POSTGRES_DB_NAME"] = database_;
    out.settings["KUMA_INTER_CP_CATALOG_INSTANCE_ADDRESS"] = "127.0.0.1";
    out.settings["KUMA_INTER_CP_CATALOG_HEARTBEAT_INTERVAL"] = "300ms";
    out.settings["KUMA_INTER_CP_CATALOG_WRITER_INTERVAL"] = "1s";
    out.settings["KUMA_MULTIZONE_GLOBAL_KDS_GRPC_PORT"] = std::to_string(free_port());
    out.settings["KUMA_MULTIZONE_GLOBAL_KDS_ZONE_INSIGHT_FLUSH_INTERVAL"] = "500ms";
    return out;
  }
  static std::uint16_t port_of(const Site& site, const char* setting) {
    return static_cast<std::uint16_t>(std::stoi(site.settings.at(setting)));
  }
  static std::uint16_t inter_cp(const Site& site) { return port_of(site, "KUMA_INTER_CP_SERVER_PORT"); }
  static std::uint16_t kds(const Site& site) { return port_of(site, "KUMA_MULTIZONE_GLOBAL_KDS_GRPC_PORT"); }

  /// The zone finds either at one address, as behind a balancer: connections go to `target_`.
  asio::awaitable<void> balance(Listener& listener) {
    for (;;) {
      Stream from = co_await listener.accept();
      spawn(live.runtime().executor, live.log(), "balance", carry(std::move(from)));
    }
  }
  asio::awaitable<void> carry(Stream from) {
    auto near = std::make_shared<Stream>(std::move(from));
    auto far = std::make_shared<Stream>(co_await live.runtime().network.connect({"127.0.0.1", target_}));
    spawn(live.runtime().executor, live.log(), "balance", copy(far, near));
    co_await copy(near, far);
  }
  static asio::awaitable<void> copy(std::shared_ptr<Stream> from, std::shared_ptr<Stream> to) {
    std::array<char, 16384> bytes;
    try {
      for (;;) {
        auto got = co_await from->async_read_some(asio::buffer(bytes));
        for (std::size_t sent = 0; sent < got;)
          sent += co_await to->async_write_some(asio::buffer(bytes.data() + sent, got - sent));
      }
    } catch (const boost::system::system_error&) {
      // Processes that this one has started hold the sockets open too.
      to->shutdown_send();
      from->close();
      to->close();
    }
  }

  std::string sql(const std::string& statement) {
    auto rows = server_.run(admin_->run(statement));
    EXPECT_TRUE(rows) << rows.error().message;
    return rows && !rows->rows.empty() ? rows->text(0, 0) : "";
  }
  /// Ports of the instances in the catalog, the leader's with a star: "!4711 4712".
  std::string catalog() {
    Json spec =
        Json::parse(sql("SELECT spec FROM resources WHERE type = 'Config' AND name = 'cp-catalog'"), nullptr, false);
    if (!spec.is_object()) return "";
    std::vector<std::string> out;
    for (const Json& each : Json::parse(spec.value("config", "{}"))["instances"])
      out.push_back(fmt::format("{}{}", each["leader"] == true ? "!" : "", each["interCpPort"].get<int>()));
    std::ranges::sort(out);
    return fmt::format("{}", fmt::join(out, " "));
  }
  std::string expected(const Site& leader, const Site& other) {
    return fmt::format("!{} {}", inter_cp(leader), inter_cp(other));
  }

  asio::awaitable<bool> has_policy(const Site& zone, std::string name) {
    Json list = co_await get(zone, "/meshes/default/meshtimeouts");
    if (!list.is_object()) co_return false;
    for (const Json& each : list.value("items", Json::array()))
      if (each.contains("labels") && each["labels"].value("kuma.io/display-name", "") == name) co_return true;
    co_return false;
  }
  asio::awaitable<void> gives_policy(Site& global, Site& zone, std::string name) {
    Json body = Json::parse(R"({"type": "MeshTimeout", "mesh": "default", "spec": {"targetRef": {"kind": "Mesh"},
        "to": [{"targetRef": {"kind": "Mesh"}, "default": {"connectionTimeout": "7s"}}]}})");
    body["name"] = name;
    co_await put(global, "/meshes/default/meshtimeouts/" + name, std::move(body));
    co_await comes(name + " is in the zone", [&] { return has_policy(zone, name); });
  }

  asio::awaitable<void> start_proxy(const Site& global) {
    const std::string file = directory + "/backend-1.yaml";
    std::ofstream(file) << backend_text(free_port(), free_port(), free_port());
    auto variables = environment();
    variables["TMPDIR"] = directory;
    start(KUMA_DP,
          {"run", "--cp-address", fmt::format("https://localhost:{}", dp), "--ca-cert-file",
           directory + "/east/kuma-cp.crt", "--dataplane-file", file, "--binary-path", ENVOY, "--dns-enabled=false",
           "--drain-time", "1s"},
          "backend-1", std::move(variables));
    co_await comes("the proxy is at Global", [&]() -> asio::awaitable<bool> {
      proxy_ = co_await name_of(global, "backend-1");
      co_return !proxy_.empty();
    });
  }
  asio::awaitable<void> asks_envoy(const Site& global) {
    const std::string path = "/meshes/default/dataplanes/" + proxy_;
    std::string stats = co_await wait_for(url(global, path + "/stats"));
    EXPECT_NE(stats.find("server.uptime: "), std::string::npos) << stats.substr(0, 300);
    std::string clusters = co_await wait_for(url(global, path + "/clusters?format=json"));
    EXPECT_NE(clusters.find("\"cluster_statuses\""), std::string::npos) << clusters.substr(0, 300);
    Json dump = Json::parse(co_await wait_for(url(global, path + "/xds")), nullptr, false);
    EXPECT_TRUE(dump.is_object() && dump.contains("configs"));
  }

  asio::awaitable<void> migrate(const Site& site) {
    for (int i = 0; i < 2; ++i) {
      ChildProcess& child = start(KUMA_CP, {"migrate", "up"}, "migrate", site.settings);
      auto ended = co_await child.wait();
      EXPECT_TRUE(ended.success()) << to_string(ended);
    }
    std::string said = bytes_of(directory + "/migrate.log");
    EXPECT_NE(said.find("DB has been migrated"), std::string::npos) << said;
    EXPECT_NE(said.find("DB has already been migrated"), std::string::npos) << said;
  }

  PostgresServer& server_ = PostgresServer::get();
  std::unique_ptr<cp::Database> admin_;
  std::string database_;
  std::uint16_t target_ = 0;
  std::string proxy_;
};

TEST_F(Replicas, ZoneGoesOnWithTheOtherWhenOneIsKilled) {
  use_database("globals");
  Listener balancer = live.runtime().network.listen({"127.0.0.1", 0});
  spawn(live.runtime().executor, live.log(), "balancer", balance(balancer));
  run(
      [&]() -> asio::awaitable<void> {
        // Ports are taken soon after they were found free.
        Site one = instance("one");
        target_ = kds(one);
        co_await migrate(one);
        co_await begin(one);
        co_await comes("the first leads",
                       [&]() -> asio::awaitable<bool> { co_return catalog() == fmt::format("!{}", inter_cp(one)); });
        Site two = instance("two");
        co_await begin(two);
        co_await comes("both are known", [&]() -> asio::awaitable<bool> { co_return catalog() == expected(one, two); });
        Site zone = site("east", KUMA_CP, "zone");
        zone.settings["KUMA_MULTIZONE_ZONE_NAME"] = "east";
        zone.settings["KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS"] = fmt::format("grpcs://localhost:{}", balancer.port());
        zone.settings["KUMA_MULTIZONE_ZONE_KDS_TLS_SKIP_VERIFY"] = "true";
        co_await begin(zone);
        const auto zone_dp = dp;
        co_await comes("the zone is online, as the other tells", [&] { return online(two); });
        co_await wait_for(url(zone, "/meshes/default"));
        co_await gives_policy(two, zone, "by-two");
        rest = zone.rest;
        dp = zone_dp;
        co_await start_proxy(two);
        co_await asks_envoy(one);
        co_await asks_envoy(two);  // forwarded: the zone's streams are at the first

        target_ = kds(two);
        co_await kill(one);
        const auto killed = live.runtime().clock.now();
        co_await gives_policy(two, zone, "after");
        co_await asks_envoy(two);
        co_await comes("the second leads",
                       [&]() -> asio::awaitable<bool> { co_return catalog() == fmt::format("!{}", inter_cp(two)); });
        EXPECT_LT(live.runtime().clock.now() - killed, 30s);
        co_await begin(one);
        co_await comes("the first follows",
                       [&]() -> asio::awaitable<bool> { co_return catalog() == expected(two, one); });
        co_await asks_envoy(one);  // forwarded the other way
        zone.process->terminate();
        two.process->terminate();
        auto ended = co_await two.process->wait();
        EXPECT_TRUE(ended.success()) << to_string(ended);
        co_await comes("the first leads again",
                       [&]() -> asio::awaitable<bool> { co_return catalog() == fmt::format("!{}", inter_cp(one)); });
      },
      240s);
  admin_.reset();
}

/// On tables that the release has made; skipped without KUMASIM_PEER_KUMA_CP.
TEST_F(Replicas, ReleaseOfKumaAndOursElectOneLeader) {
  auto theirs = environment_variable("KUMASIM_PEER_KUMA_CP").value_or("");
  if (theirs.empty()) GTEST_SKIP() << "KUMASIM_PEER_KUMA_CP names no kuma-cp of Kuma 2.12";
  use_database("mixed");
  run(
      [&]() -> asio::awaitable<void> {
        Site one = instance("one", theirs);
        ChildProcess& migration = start(theirs, {"migrate", "up"}, "migrate", one.settings);
        auto migrated = co_await migration.wait();
        EXPECT_TRUE(migrated.success()) << to_string(migrated);
        co_await begin(one);
        co_await comes("theirs leads",
                       [&]() -> asio::awaitable<bool> { co_return catalog() == fmt::format("!{}", inter_cp(one)); });
        Site two = instance("two");
        co_await begin(two);
        co_await comes("theirs knows ours",
                       [&]() -> asio::awaitable<bool> { co_return catalog() == expected(one, two); });
        co_await kill(one);
        co_await comes("ours leads",
                       [&]() -> asio::awaitable<bool> { co_return catalog() == fmt::format("!{}", inter_cp(two)); });
        co_await put(two, "/meshes/default/meshtimeouts/t1",
                     Json::parse(R"({"type": "MeshTimeout", "mesh": "default", "name": "t1", "spec": {
                         "targetRef": {"kind": "Mesh"},
                         "to": [{"targetRef": {"kind": "Mesh"}, "default": {"connectionTimeout": "7s"}}]}})"));
        co_await begin(one);
        co_await comes("ours knows theirs",
                       [&]() -> asio::awaitable<bool> { co_return catalog() == expected(two, one); });
        Json policy = co_await get(one, "/meshes/default/meshtimeouts/t1");
        EXPECT_EQ(policy.value(Json::json_pointer("/spec/to/0/default/connectionTimeout"), ""), "7s") << policy.dump();
      },
      120s);
  admin_.reset();
}

}  // namespace
}  // namespace kumasim::live
