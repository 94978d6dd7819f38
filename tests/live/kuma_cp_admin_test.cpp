/// Who is the administrator of a running kuma-cp, and whose admin server it asks.
#include "tests/live/kuma_cp_bed.hpp"

namespace kumasim::live {
namespace {

class KumaCpAdmin : public KumaCp {
 protected:
  /// One command of kumactl to its end; what it prints is added to the log `name`.
  asio::awaitable<int> kumactl(std::vector<std::string> arguments, std::string name) {
    auto environment_now = environment();
    environment_now["HOME"] = directory;
    ChildProcess& child = start(KUMACTL, std::move(arguments), std::move(name), std::move(environment_now));
    auto ended = co_await child.wait();
    co_return ended.signal == 0 ? ended.code : -1;
  }
};

/// Kuma's way of client certificates, from making one to what only the administrator may ask for.
TEST_F(KumaCpAdmin, AClientCertificateMakesTheAdministrator) {
  const std::string trusted = directory + "/clients";
  std::filesystem::create_directories(trusted);
  auto environment = settings();
  environment["KUMA_API_SERVER_AUTHN_TYPE"] = "adminClientCerts";
  environment["KUMA_API_SERVER_AUTHN_LOCALHOST_IS_ADMIN"] = "false";
  environment["KUMA_API_SERVER_AUTH_CLIENT_CERTS_DIR"] = trusted;
  run([&]() -> asio::awaitable<void> {
    auto make = [&](std::string key, std::string certificate) {
      return kumactl({"generate", "tls-certificate", "--type=client", "--hostname=admin", "--key-type=ecdsa",
                      "--key-file=" + key, "--cert-file=" + certificate},
                     "generate");
    };
    int made = co_await make(directory + "/admin.key", trusted + "/admin.pem");
    EXPECT_EQ(made, 0);
    made = co_await make(directory + "/stranger.key", directory + "/stranger.pem");
    EXPECT_EQ(made, 0);
    start_cp(environment);
    co_await wait_for(fmt::format("http://127.0.0.1:{}/ready", diagnostics));
    auto add = [&](std::string name, std::vector<std::string> more) {
      std::vector<std::string> arguments{"config",
                                         "control-planes",
                                         "add",
                                         "--name",
                                         name,
                                         "--address",
                                         fmt::format("https://localhost:{}", https),
                                         "--ca-cert-file",
                                         settings().at("KUMA_GENERAL_WORK_DIR") + "/kuma-cp.crt"};
      arguments.insert(arguments.end(), more.begin(), more.end());
      return kumactl(std::move(arguments), "add-" + name);
    };
    auto log = [&](const std::string& name) { return tail(directory + "/" + name + ".log"); };
    int added = co_await add(
        "admin", {"--client-cert-file", trusted + "/admin.pem", "--client-key-file", directory + "/admin.key"});
    EXPECT_EQ(added, 0) << log("add-admin");
    int got = co_await kumactl({"get", "secrets"}, "get-admin");
    EXPECT_EQ(got, 0) << log("get-admin");
    EXPECT_NE(log("get-admin").find("dataplane-token-signing-key-default"), std::string::npos) << log("get-admin");
    // Without one everybody may look at most of it, and not at secrets.
    added = co_await add("nobody", {});
    EXPECT_EQ(added, 0) << log("add-nobody");
    got = co_await kumactl({"get", "meshes"}, "meshes-nobody");
    EXPECT_EQ(got, 0) << log("meshes-nobody");
    got = co_await kumactl({"get", "secrets"}, "get-nobody");
    EXPECT_EQ(got, 1);
    EXPECT_NE(log("get-nobody").find("Access Denied"), std::string::npos) << log("get-nobody");
    // One that nobody trusts is none: the connection is refused.
    added = co_await add("stranger", {"--client-cert-file", directory + "/stranger.pem", "--client-key-file",
                                      directory + "/stranger.key"});
    EXPECT_EQ(added, 1) << log("add-stranger");
  });
}

/// Anybody may write a Dataplane that names a port of the control plane's machine.
TEST_F(KumaCpAdmin, OnlyAConnectedProxysAdminServerIsAsked) {
  start_cp(settings());
  std::uint16_t inner = free_port(), admin = free_port(), inbound = free_port();
  Listener listener = live.runtime().network.listen({"127.0.0.1", inner});
  int asked = 0;
  HttpHandler secret = [&](HttpRequest) -> asio::awaitable<HttpResponse> {
    ++asked;
    co_return HttpResponse{.status = 200, .headers = {}, .body = "a secret"};
  };
  spawn(live.runtime().executor, live.log(), "app", serve_listener(live.runtime(), listener, nullptr, secret, nullptr));
  auto dataplane = [&](std::uint16_t port) {
    Json out = {{"type", "Dataplane"}, {"mesh", "default"}, {"name", "dp"}};
    out["networking"] = {{"address", "127.0.0.1"}, {"admin", {{"port", port}}}};
    out["networking"]["inbound"] = Json::array({{{"port", inbound}, {"tags", {{"kuma.io/service", "web"}}}}});
    return out;
  };
  run([&]() -> asio::awaitable<void> {
    co_await wait_for(fmt::format("http://127.0.0.1:{}/ready", diagnostics));
    const std::string path = "/meshes/default/dataplanes/dp";
    const std::string stats = fmt::format("http://127.0.0.1:{}{}/stats", rest, path);
    co_await put(path, dataplane(inner));
    auto answer = co_await call("GET", stats);
    EXPECT_EQ(answer.status, 500) << answer.body;
    co_await start_envoy("dp", dataplane(admin).dump(), admin, Json::array());
    std::string body = co_await wait_for(stats);
    EXPECT_NE(body.find("cluster_manager.cluster_added"), std::string::npos) << body;
    // The Envoy stays where it is, whatever is written of it.
    co_await put(path, dataplane(inner));
    body = co_await wait_for(stats);
    EXPECT_NE(body.find("cluster_manager.cluster_added"), std::string::npos) << body;
    EXPECT_EQ(asked, 0);
  });
}

/// As on a machine of its own: its admin listener lets the control plane in, and nobody else.
TEST_F(KumaCpAdmin, AnEnvoyOnAnotherAddressIsAskedOverTls) {
  auto environment = settings();
  environment["KUMASIM_IDENTITY_LEAF_KEY"] = "rsa-2048";
  start_cp(environment);
  std::uint16_t admin = free_port(), inbound = free_port(), app = free_port();
  run([&]() -> asio::awaitable<void> {
    co_await wait_for(fmt::format("http://127.0.0.1:{}/ready", diagnostics));
    co_await start_envoy("backend-1", backend_text(admin, inbound, app), admin, Json::array());
    const std::string proxy = fmt::format("http://127.0.0.1:{}/meshes/default/dataplanes/backend-1", rest);
    std::string body = co_await wait_for(proxy + "/stats");
    EXPECT_NE(body.find("cluster_manager.cluster_added"), std::string::npos) << body;
    body = co_await wait_for(proxy + "/clusters");
    EXPECT_NE(body.find("kuma:envoy:admin"), std::string::npos) << body;
    body = co_await wait_for(proxy + "/xds");
    EXPECT_NE(body.find("\"configs\""), std::string::npos) << body;
    // The listener is there by now; without the control plane's certificate nothing is to be read.
    for (const char* scheme : {"https", "http"}) {
      auto refused = co_await call("GET", fmt::format("{}://127.0.0.2:{}/stats", scheme, admin));
      EXPECT_NE(refused.status, 200) << scheme << ": " << refused.body;
    }
  });
}

}  // namespace
}  // namespace kumasim::live
