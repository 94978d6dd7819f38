/// kuma-cp as a process with real Envoys: they start from /bootstrap, take every type, and a request passes through
/// mutual TLS.
#include <sys/stat.h>
#include <unistd.h>

#include "tests/live/kuma_cp_bed.hpp"

namespace kumasim::live {
namespace {

TEST_F(KumaCp, EnvoysTakeEveryTypeAndTalkByMutualTls) {
  start_cp(settings());
  std::uint16_t app = free_port(), inbound = free_port(), outbound = free_port(), backend_admin = free_port(),
                client_admin = free_port();
  Listener listener = live.runtime().network.listen({"127.0.0.1", app});
  HttpHandler hello = [](HttpRequest) -> asio::awaitable<HttpResponse> {
    co_return HttpResponse{.status = 200, .headers = {}, .body = "hello from backend"};
  };
  spawn(live.runtime().executor, live.log(), "app", serve_listener(live.runtime(), listener, nullptr, hello, nullptr));
  run([&]() -> asio::awaitable<void> {
    co_await wait_for(fmt::format("http://127.0.0.1:{}/ready", diagnostics));
    Json mesh = {{"type", "Mesh"}, {"name", "default"}};
    mesh["mtls"] = {{"enabledBackend", "ca-1"}, {"backends", Json::array({{{"name", "ca-1"}, {"type", "builtin"}}})}};
    co_await put("/meshes/default", mesh);
    Json from = {{"targetRef", {{"kind", "Mesh"}}}, {"default", {{"action", "Allow"}}}};
    Json permission = {{"type", "MeshTrafficPermission"}, {"mesh", "default"}, {"name", "all"}};
    permission["spec"] = {{"targetRef", {{"kind", "Mesh"}}}, {"from", Json::array({from})}};
    co_await put("/meshes/default/meshtrafficpermissions/all", permission);
    co_await start_envoy("backend-1", backend_text(backend_admin, inbound, app), backend_admin, Json::array());
    co_await start_envoy("client-1", client_text(client_admin, inbound, app, outbound), client_admin,
                         Json::array({"feature-delta-grpc"}));
    std::string body = co_await wait_for(fmt::format("http://127.0.0.1:{}/", outbound));
    EXPECT_EQ(body, "hello from backend");
    co_await sleep(live.runtime().timers, 3s);
    auto backend = co_await stats(backend_admin);
    auto client = co_await stats(client_admin);
    for (const auto& each : {backend, client}) {
      std::uint64_t rejected = 0;
      for (const auto& [name, value] : each)
        if (name.ends_with("update_rejected")) rejected += value;
      EXPECT_EQ(rejected, 0u);
      for (const char* type : {"cluster_manager.cds", "listener_manager.lds"})
        EXPECT_GT(each.at(std::string(type) + ".update_success"), 0u) << type;
      EXPECT_EQ(each.at("control_plane.connected_state"), 1u);
      EXPECT_EQ(each.at("cluster.ads_cluster.upstream_cx_total"), 1u) << "the pings cost the connection";
      EXPECT_EQ(each.at("cluster_manager.warming_clusters"), 0u);
    }
    std::uint64_t handshakes = 0;
    for (const auto& [name, value] : client)
      if (name.starts_with("cluster.backend") && name.ends_with("ssl.handshake")) handshakes += value;
    EXPECT_GT(handshakes, 0u) << "the request did not go by TLS";
    Json insight = Json::parse(
        (co_await call("GET", fmt::format("http://127.0.0.1:{}/meshes/default/dataplane-insights/client-1", rest)))
            .body,
        nullptr, false);
    if (!insight.contains("mTLS") || !insight.contains("subscriptions")) {
      ADD_FAILURE() << insight.dump();
      co_return;
    }
    EXPECT_EQ(insight["mTLS"]["issuedBackend"], "ca-1");
    const Json& total = insight["subscriptions"].back()["status"]["total"];
    EXPECT_FALSE(total.contains("responsesRejected")) << total.dump();
    EXPECT_EQ(total["responsesSent"], total["responsesAcknowledged"]) << total.dump();
    // Without a permission the next request is refused: the change has reached the other end.
    auto gone =
        co_await call("DELETE", fmt::format("http://127.0.0.1:{}/meshes/default/meshtrafficpermissions/all", rest));
    EXPECT_EQ(gone.status, 200) << gone.body;
    int status = 200;
    for (int i = 0; i < 50 && status != 403; ++i) {
      co_await sleep(live.runtime().timers, 100ms);
      status = (co_await call("GET", fmt::format("http://127.0.0.1:{}/", outbound))).status;
    }
    EXPECT_EQ(status, 403);
  });
}

TEST_F(KumaCp, BadStartsSayWhatIsWrong) {
  auto ends_with = [&](std::map<std::string, std::string> environment, std::vector<std::string> arguments,
                       std::string name, std::string message) -> asio::awaitable<void> {
    ChildProcess& child = start(KUMA_CP, std::move(arguments), name, std::move(environment));
    auto ended = co_await child.wait();
    EXPECT_EQ(ended.code, 1) << name;
    EXPECT_NE(tail(directory + "/" + name + ".log").find(message), std::string::npos)
        << name << ": " << tail(directory + "/" + name + ".log");
  };
  start_cp(settings());
  run([&]() -> asio::awaitable<void> {
    co_await wait_for(fmt::format("http://127.0.0.1:{}/ready", diagnostics));
    auto other = settings();
    other["KUMA_GENERAL_WORK_DIR"] = directory + "/other";
    co_await ends_with(other, {"run"}, "second", fmt::format("cannot listen on port {} (dpServer.port)", dp));
    co_await ends_with(settings(), {"run"}, "same-store", "kuma.db");
    // No database, and one whose pages are damaged: neither is changed by a byte.
    std::filesystem::create_directories(directory + "/corrupt");
    other["KUMA_GENERAL_WORK_DIR"] = directory + "/corrupt";
    std::string damaged = bytes_of(directory + "/other/kuma.db");
    EXPECT_GE(damaged.size(), 4096u);
    for (std::size_t i = 100; i < damaged.size(); i += 7) damaged[i] = 'X';
    for (const std::string& bytes : {std::string(5000, 'x'), damaged}) {
      std::ofstream(directory + "/corrupt/kuma.db", std::ios::binary) << bytes;
      co_await ends_with(other, {"run"}, "corrupt", "/corrupt/kuma.db\" is damaged");
      EXPECT_EQ(bytes_of(directory + "/corrupt/kuma.db"), bytes) << "the damaged file was touched";
    }
    std::ofstream(directory + "/bad.yaml") << "dpServer:\n  prot: 1\n  port: many\n";
    co_await ends_with(other, {"run", "-c", directory + "/bad.yaml"}, "field",
                       "bad.yaml:3: dpServer.port: expected a whole number, found \"many\"");
    co_await ends_with(other, {"run", "-c", directory + "/none.yaml"}, "no-file", "none.yaml: No such file");
    // A work directory that cannot be made, and, where the rights count, one that cannot be written.
    std::ofstream(directory + "/file") << "no directory";
    for (const char* work : {"/file", "/file/work"}) {
      other["KUMA_GENERAL_WORK_DIR"] = directory + work;
      co_await ends_with(other, {"run"}, "work-dir",
                         "general.workDir: cannot make the directory " + directory + "/file");
    }
    if (::geteuid() != 0) {
      std::filesystem::create_directories(directory + "/locked");
      std::filesystem::permissions(directory + "/locked",
                                   std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
      other["KUMA_GENERAL_WORK_DIR"] = directory + "/locked";
      co_await ends_with(other, {"run"}, "locked", "cannot make " + directory + "/locked/kuma.db: Permission denied");
    }
    other["KUMA_GENERAL_WORK_DIR"] = directory + "/other";
    other["KUMASIM_PLANTED_BUG"] = "rbac-rule-dropped";
    co_await ends_with(other, {"run"}, "planted", "KUMASIM_PLANTED_BUG: this program has no planted bugs");
    other.erase("KUMASIM_PLANTED_BUG");
    other["KUMA_DP_SERVER_PORT"] = "many";
    co_await ends_with(other, {"run"}, "variable", "KUMA_DP_SERVER_PORT: expected a whole number, found \"many\"");
    other = settings();
    other["KUMA_GENERAL_WORK_DIR"] = directory + "/tls";
    other["KUMA_GENERAL_TLS_CERT_FILE"] = directory + "/none.crt";
    other["KUMA_GENERAL_TLS_KEY_FILE"] = directory + "/none.key";
    co_await ends_with(other, {"run"}, "tls",
                       "general.tlsCertFile: cannot open " + directory + "/none.crt: No such file or directory");
  });
}

TEST_F(KumaCp, CleanStopLeavesOnePrivateFileAndTheNextStartIsTheSameCluster) {
  const auto work = std::filesystem::path(directory) / "work";
  auto mode = [](const std::filesystem::path& path) {
    return static_cast<unsigned>(std::filesystem::status(path).permissions() & std::filesystem::perms::all);
  };
  std::string cluster;
  for (int start = 0; start < 3; ++start) {
    ChildProcess& cp = start_cp(settings());
    run([&]() -> asio::awaitable<void> {
      co_await wait_for(fmt::format("http://127.0.0.1:{}/ready", diagnostics));
      EXPECT_EQ(mode(work), 0700u);
      EXPECT_EQ(mode(work / "kuma.db"), 0600u);
      EXPECT_EQ(mode(work / "kuma.db-wal"), 0600u);
      EXPECT_EQ(mode(work / "kuma-cp.key"), 0600u);
      Json index = Json::parse(co_await wait_for(fmt::format("http://127.0.0.1:{}/", rest)), nullptr, false);
      std::string id = index.value("clusterId", "");
      EXPECT_EQ(id.size(), 36u) << index.dump();
      if (start > 0) EXPECT_EQ(id, cluster);
      cluster = id;
      // Once killed, once stopped.
      if (start == 0) {
        cp.kill();
        co_await cp.wait();
        EXPECT_TRUE(std::filesystem::exists(work / "kuma.db-wal"));
        // As an older version left it.
        std::filesystem::permissions(work / "kuma.db", std::filesystem::perms(0644));
      } else {
        cp.terminate();
        auto ended = co_await cp.wait();
        EXPECT_EQ(ended.code, 0);
        EXPECT_FALSE(std::filesystem::exists(work / "kuma.db-wal"));
      }
    });
  }
}

/// Such a key takes a core for seconds, and there is one thread that answers.
TEST_F(KumaCp, AnswersWhileAKeyOf4096BitsIsMade) {
  start_cp(settings());
  run([&]() -> asio::awaitable<void> {
    co_await wait_for(fmt::format("http://127.0.0.1:{}/ready", diagnostics));
    Json mesh = {{"type", "Mesh"}, {"name", "slow"}};
    Json backend = {{"name", "ca-1"}, {"type", "builtin"}, {"conf", {{"caCert", {{"RSAbits", 4096}}}}}};
    mesh["mtls"] = {{"enabledBackend", "ca-1"}, {"backends", Json::array({backend})}};
    int status = 0;
    const Clock& now = live.runtime().clock;
    MonotonicTime begin = now.now(), end{};
    auto make = [](Runtime& runtime, std::uint16_t port, std::string body, int& out,
                   MonotonicTime& at) -> asio::awaitable<void> {
      HttpRequest request{
          .method = "PUT", .target = "/", .headers = {{"content-type", "application/json"}}, .body = std::move(body)};
      auto answer =
          co_await http_call(runtime.network, runtime.timers, fmt::format("http://127.0.0.1:{}/meshes/slow", port),
                             std::move(request), nullptr, 80s);
      out = answer ? answer->status : -1;
      at = runtime.clock.now();
    };
    spawn(live.runtime().executor, live.log(), "put", make(live.runtime(), rest, mesh.dump(), status, end));
    co_await sleep(live.runtime().timers, 20ms);  // it is there
    Duration longest{};
    while (status == 0) {
      MonotonicTime asked = now.now();
      auto answer = co_await call("GET", fmt::format("http://127.0.0.1:{}/meshes/default", rest));
      EXPECT_EQ(answer.status, 200) << answer.body;
      longest = std::max(longest, Duration(now.now() - asked));
      co_await sleep(live.runtime().timers, 5ms);
    }
    EXPECT_EQ(status, 201);
    // How long a key takes is chance; one request that waits for it takes nearly all of that.
    EXPECT_LT(longest * 2, end - begin) << "ms: " << longest / 1ms << " of " << (end - begin) / 1ms;
  });
}

/// What a client is asked for, and what it is offered.
TEST_F(KumaCp, TlsSettingsHold) {
  auto environment = settings();
  environment["KUMA_GENERAL_TLS_MIN_VERSION"] = "TLSv1_3";
  start_cp(environment);
  run([&]() -> asio::awaitable<void> {
    co_await wait_for(fmt::format("http://127.0.0.1:{}/ready", diagnostics));
    for (TlsVersion version : {TlsVersion::v1_2, TlsVersion::v1_3}) {
      auto context = TlsContext::create(
          {.role = TlsRole::client, .peer = TlsPeerCheck::none, .version_max = version, .clock = clock()});
      for (std::uint16_t port : {https, dp}) {
        HttpRequest request{.method = "GET", .target = "/"};
        auto answer = co_await http_call(live.runtime().network, live.runtime().timers,
                                         fmt::format("https://localhost:{}/", port), std::move(request), &*context, 5s);
        EXPECT_EQ(answer.has_value(), version == TlsVersion::v1_3) << port;
      }
    }
  });
}

}  // namespace
}  // namespace kumasim::live
