/// kuma-cp as a process with real Envoys: they start from /bootstrap, take every type, and a request passes through
/// mutual TLS.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/serve.hpp"
#include "reference-cp/live/child_process.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/live/system.hpp"

namespace kumasim::live {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

class KumaCp : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pattern = (std::filesystem::temp_directory_path() / "kumasim-cp-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    for (auto* port : {&rest, &https, &dp, &diagnostics}) *port = free_port();
  }
  void TearDown() override {
    children.clear();
    if (HasFailure()) {
      for (const auto& entry : std::filesystem::directory_iterator(directory))
        if (entry.path().extension() == ".log")
          std::fputs((entry.path().string() + ":\n" + tail(entry.path())).c_str(), stderr);
    }
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }

  static std::string tail(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    std::string all = text.str();
    return all.size() > 4000 ? all.substr(all.size() - 4000) : all;
  }

  static std::string bytes_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }

  std::uint16_t free_port() {
    Listener listener = live.runtime().network.listen({"127.0.0.1", 0});
    return listener.port();
  }

  std::map<std::string, std::string> settings() const {
    auto out = environment();
    out["KUMA_API_SERVER_HTTP_PORT"] = std::to_string(rest);
    out["KUMA_API_SERVER_HTTPS_PORT"] = std::to_string(https);
    out["KUMA_DP_SERVER_PORT"] = std::to_string(dp);
    out["KUMA_DIAGNOSTICS_SERVER_PORT"] = std::to_string(diagnostics);
    out["KUMA_DP_SERVER_HDS_ENABLED"] = "false";
    out["KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE"] = "none";
    out["KUMA_XDS_SERVER_DATAPLANE_STATUS_FLUSH_INTERVAL"] = "500ms";
    out["KUMA_GENERAL_WORK_DIR"] = directory + "/work";
    return out;
  }

  /// `name` is that of the log.
  ChildProcess& start(std::string program, std::vector<std::string> arguments, std::string name,
                      std::map<std::string, std::string> environment) {
    auto child = ChildProcess::start(live.runtime().executor, {.program = std::move(program),
                                                               .arguments = std::move(arguments),
                                                               .environment = std::move(environment),
                                                               .output_path = directory + "/" + name + ".log"});
    EXPECT_TRUE(child) << child.error().message;
    return *children.emplace_back(std::make_unique<ChildProcess>(std::move(*child)));
  }
  ChildProcess& start_cp(std::map<std::string, std::string> environment) {
    return start(KUMA_CP, {"run"}, "cp", std::move(environment));
  }

  void run(std::function<asio::awaitable<void>()> body, Duration limit = 90s) {
    bool done = false;
    auto task = [](std::function<asio::awaitable<void>()>& call, bool& ended) -> asio::awaitable<void> {
      co_await call();
      ended = true;
    };
    spawn(live.runtime().executor, live.log(), "test", task(body, done));
    auto end = std::chrono::steady_clock::now() + limit;
    while (!done && std::chrono::steady_clock::now() < end) live.context().run_one_for(100ms);
    EXPECT_TRUE(done) << "not done in time";
  }

  asio::awaitable<HttpResponse> call(std::string method, std::string url, std::string body = {}, Headers headers = {}) {
    static const TlsContext any =
        *TlsContext::create({.role = TlsRole::client, .peer = TlsPeerCheck::none, .clock = clock()});
    HttpRequest request{
        .method = std::move(method), .target = "/", .headers = std::move(headers), .body = std::move(body)};
    auto answer =
        co_await http_call(live.runtime().network, live.runtime().timers, std::move(url), std::move(request), &any, 5s);
    co_return answer ? *answer : HttpResponse{.status = 0, .headers = {}, .body = answer.error().message};
  }
  static const Clock* clock() {
    static const SystemClock clock;
    return &clock;
  }

  /// Until it answers 200 (the body), for at most 30 s.
  asio::awaitable<std::string> wait_for(std::string url, Headers headers = {}) {
    HttpResponse last;
    for (int i = 0; i < 150; ++i) {
      last = co_await call("GET", url, {}, headers);
      if (last.status == 200) co_return last.body;
      co_await sleep(live.runtime().timers, 200ms);
    }
    ADD_FAILURE() << url << " never answered 200; last: " << last.status << " " << last.body;
    co_return "";
  }

  asio::awaitable<void> put(std::string path, Json body) {
    auto answer = co_await call("PUT", fmt::format("http://127.0.0.1:{}{}", rest, path), body.dump(),
                                {{"content-type", "application/json"}});
    EXPECT_TRUE(answer.status == 200 || answer.status == 201) << path << ": " << answer.status << " " << answer.body;
  }

  /// Envoy of a Dataplane, from what /bootstrap says. It pings its control plane five times a second.
  asio::awaitable<void> start_envoy(std::string name, std::string dataplane, std::uint16_t admin, Json features) {
    Json wanted{{"mesh", "default"}, {"name", name}, {"validFor", "1h"}};
    auto token = co_await call("POST", fmt::format("http://127.0.0.1:{}/tokens/dataplane", rest), wanted.dump(),
                               {{"content-type", "application/json"}});
    EXPECT_EQ(token.status, 200) << token.body;
    Json request{{"mesh", "default"},
                 {"name", name},
                 {"dataplaneToken", token.body},
                 {"proxyType", "dataplane"},
                 {"dataplaneResource", dataplane},
                 {"features", features},
                 {"workdir", directory},
                 {"readinessPort", free_port()},
                 {"version", {{"kumaDp", {{"version", "2.12.14"}}}, {"envoy", {{"version", "1.40.0"}}}}}};
    auto answer = co_await call("POST", fmt::format("https://localhost:{}/bootstrap", dp), request.dump(),
                                {{"content-type", "application/json"}});
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::string text = answer.body;
    const std::string plain = "\"http2ProtocolOptions\": {}";
    EXPECT_NE(text.find(plain), std::string::npos);
    for (std::size_t at; (at = text.find(plain)) != std::string::npos;)
      text.replace(
          at, plain.size(),
          "\"http2ProtocolOptions\": {\"connectionKeepalive\": {\"interval\": \"0.2s\", \"timeout\": \"5s\"}}");
    std::string file = directory + "/" + name + ".yaml";
    std::ofstream(file) << text;
    start(ENVOY, {"-c", file, "--disable-hot-restart", "--concurrency", "1", "-l", "warning", "--drain-time-s", "1"},
          name, environment());
    co_await wait_for(fmt::format("http://127.0.0.1:{}/ready", admin));
  }

  asio::awaitable<std::map<std::string, std::uint64_t>> stats(std::uint16_t admin) {
    std::string text = co_await wait_for(fmt::format("http://127.0.0.1:{}/stats", admin));
    std::map<std::string, std::uint64_t> out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      auto colon = line.rfind(": ");
      if (colon != std::string::npos && line.find_first_not_of("0123456789", colon + 2) == std::string::npos &&
          colon + 2 < line.size())
        out[line.substr(0, colon)] = std::stoull(line.substr(colon + 2));
    }
    co_return out;
  }

  std::string directory;
  LiveRuntime live{{.log = {.level = LogLevel::error}}};
  /// A context that ran out of work stops for good.
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(live.context());
  std::uint16_t rest = 0, https = 0, dp = 0, diagnostics = 0;
  std::vector<std::unique_ptr<ChildProcess>> children;
};

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
    co_await start_envoy(
        "backend-1",
        fmt::format("type: Dataplane\nmesh: default\nname: backend-1\nnetworking:\n  address: 127.0.0.2\n  admin: "
                    "{{port: {}}}\n  inbound:\n  - port: {}\n    servicePort: {}\n    serviceAddress: 127.0.0.1\n    "
                    "tags: {{kuma.io/service: backend, kuma.io/protocol: http}}\n",
                    backend_admin, inbound, app),
        backend_admin, Json::array());
    co_await start_envoy(
        "client-1",
        fmt::format("type: Dataplane\nmesh: default\nname: client-1\nnetworking:\n  address: 127.0.0.3\n  admin: "
                    "{{port: {}}}\n  inbound:\n  - port: {}\n    servicePort: {}\n    tags: {{kuma.io/service: client, "
                    "kuma.io/protocol: http}}\n  outbound:\n  - port: {}\n    tags: {{kuma.io/service: backend}}\n",
                    client_admin, inbound, app, outbound),
        client_admin, Json::array({"feature-delta-grpc"}));
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
