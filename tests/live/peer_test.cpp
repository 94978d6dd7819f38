/// Other people's tools with our control plane, and ours with theirs: kumactl and kuma-dp of a release of Kuma 2.12,
/// named by KUMASIM_PEER_KUMACTL, KUMASIM_PEER_KUMA_DP and KUMASIM_PEER_KUMA_CP, go through one story. Without them our
/// own three programs do, and the rest is skipped.
#include <algorithm>

#include "reference-cp/model/kinds.hpp"
#include "tests/live/kuma_cp_bed.hpp"

namespace kumasim::live {
namespace {

const std::string mesh_text = R"(type: Mesh
name: default
mtls:
  enabledBackend: ca-1
  backends:
  - name: ca-1
    type: builtin
    dpCert:
      rotation:
        expiration: 1d
    conf:
      caCert:
        RSAbits: 2048
        expiration: 10y
---
type: TrafficRoute
mesh: default
name: web-to-backend
sources:
- match:
    kuma.io/service: web
destinations:
- match:
    kuma.io/service: backend
conf:
  split:
  - weight: 90
    destination:
      kuma.io/service: backend
      version: v1
  - weight: 10
    destination:
      kuma.io/service: backend
      version: v2
---
)";

const std::string permission_text = R"(type: MeshTrafficPermission
mesh: default
name: web-to-backend
spec:
  targetRef:
    kind: MeshService
    name: backend
  from:
  - targetRef:
      kind: MeshService
      name: web
    default:
      action: Allow
)";

/// The three programs of one story.
struct Programs {
  std::string kuma_cp, kumactl, kuma_dp;
};

struct Ran {
  ExitStatus status;
  std::string output;
};

class Peer : public KumaCp {
 protected:
  static std::string variable(const char* name) { return environment_variable(name).value_or(""); }

  /// What the control plane is started with: everything as by default, but ports, files and waiting times.
  std::map<std::string, std::string> defaults() {
    auto out = settings();
    for (const char* name : {"KUMA_DP_SERVER_HDS_ENABLED", "KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE"}) out.erase(name);
    out["KUMA_XDS_DATAPLANE_DEREGISTRATION_DELAY"] = "1s";
    // Kuma's own keeps nothing, and listens on more ports.
    out["KUMA_STORE_TYPE"] = "memory";
    out["KUMA_REPORTS_ENABLED"] = "false";
    out["KUMA_INTER_CP_SERVER_PORT"] = std::to_string(free_port());
    out["KUMA_MONITORING_ASSIGNMENT_SERVER_PORT"] = std::to_string(free_port());
    return out;
  }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(directory + "/" + name) << text;
    return directory + "/" + name;
  }

  /// What the control plane's own certificate is verified with.
  std::string ca_file() const { return (std::filesystem::path(directory) / "work" / "kuma-cp.crt").string(); }

  /// Runs kumactl to its end.
  asio::awaitable<Ran> kumactl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--config-file", directory + "/kumactl.yaml"});
    std::string output = directory + "/kumactl." + std::to_string(++runs_);
    auto child =
        ChildProcess::start(live.runtime().executor,
                            {.program = programs.kumactl, .arguments = std::move(arguments), .output_path = output});
    EXPECT_TRUE(child) << child.error().message;
    if (!child) co_return Ran{{.code = -1}, child.error().message};
    ExitStatus status = co_await child->wait();
    co_return Ran{status, bytes_of(output)};
  }

  /// What it prints; it must succeed and print `expected`.
  asio::awaitable<std::string> prints(std::vector<std::string> arguments, std::string expected = {}) {
    std::string words;
    for (const auto& word : arguments) words += " " + word;
    auto ran = co_await kumactl(std::move(arguments));
    EXPECT_TRUE(ran.status.success()) << "kumactl" << words << ": " << to_string(ran.status) << "\n" << ran.output;
    EXPECT_NE(ran.output.find(expected), std::string::npos)
        << "kumactl" << words << " does not print \"" << expected << "\":\n"
        << ran.output.substr(0, 2000);
    co_return ran.output;
  }
  asio::awaitable<void> refuses(std::vector<std::string> arguments, std::string expected) {
    std::string words;
    for (const auto& word : arguments) words += " " + word;
    auto ran = co_await kumactl(std::move(arguments));
    EXPECT_FALSE(ran.status.success()) << "kumactl" << words;
    EXPECT_NE(ran.output.find(expected), std::string::npos) << "kumactl" << words << ":\n" << ran.output;
  }
  /// Until it prints `expected`, or no longer prints it, for at most 15 s.
  asio::awaitable<void> comes_to_print(std::vector<std::string> arguments, std::string expected, bool there = true) {
    Ran last;
    for (int i = 0; i < 50; ++i) {
      last = co_await kumactl(arguments);
      if (last.status.success() && (last.output.find(expected) != std::string::npos) == there) co_return;
      co_await sleep(live.runtime().timers, 300ms);
    }
    ADD_FAILURE() << "kumactl " << arguments[0] << " " << arguments[1] << (there ? " never prints " : " still prints ")
                  << expected << ":\n"
                  << last.output;
  }
  asio::awaitable<Json> json_of(std::vector<std::string> arguments) {
    std::string what = arguments[0] + " " + arguments[1];
    auto text = co_await prints(std::move(arguments));
    Json value = Json::parse(text, nullptr, false);
    EXPECT_FALSE(value.is_discarded()) << what << " gives no JSON:\n" << text.substr(0, 500);
    co_return value;
  }

  /// The words after the program's name; the Dataplane is a file, the token's file `token`.
  std::vector<std::string> dp_words(const std::string& dataplane, const std::string& token) const {
    std::vector<std::string> out = {"run",
                                    "--cp-address",
                                    fmt::format("https://localhost:{}", dp),
                                    "--ca-cert-file",
                                    ca_file(),
                                    "--dataplane-file",
                                    dataplane,
                                    "--dataplane-var",
                                    "address=127.0.0.1",
                                    "--binary-path",
                                    ENVOY,
                                    "--dns-enabled=false",
                                    "--drain-time",
                                    "1s"};
    if (!token.empty()) out.insert(out.end(), {"--dataplane-token-file", token});
    return out;
  }
  ChildProcess& start_dp(const std::string& name, const std::string& dataplane, const std::string& token) {
    auto variables = environment();
    variables["KUMA_CONTROL_PLANE_RETRY_MAX_DURATION"] = "2s";
    variables["KUMA_CONTROL_PLANE_RETRY_BACKOFF"] = "200ms";
    variables["TMPDIR"] = directory;  // where its own folder stays when it is killed
    return start(programs.kuma_dp, dp_words(dataplane, token), name, std::move(variables));
  }
  /// Until the log of that name has this text, for at most 15 s.
  asio::awaitable<void> logs(std::string name, std::string expected) {
    std::string path = directory + "/" + name + ".log";
    for (int i = 0; i < 150; ++i) {
      if (bytes_of(path).find(expected) != std::string::npos) co_return;
      co_await sleep(live.runtime().timers, 100ms);
    }
    ADD_FAILURE() << name << " never logs \"" << expected << "\":\n" << tail(path);
  }
  /// Until a request of web to backend gets this status, for at most 20 s.
  asio::awaitable<std::string> answers(int status) {
    HttpResponse last;
    for (int i = 0; i < 200; ++i) {
      last = co_await call("GET", fmt::format("http://127.0.0.1:{}/", outbound));
      if (last.status == status) co_return last.body;
      co_await sleep(live.runtime().timers, 100ms);
    }
    ADD_FAILURE() << "web -> backend: " << last.status << " " << last.body << ", not " << status;
    co_return "";
  }

  asio::awaitable<void> configures_and_applies() {
    co_await prints(
        {"config", "control-planes", "add", "--name", "test", "--address", fmt::format("http://127.0.0.1:{}", rest)},
        "added Control Plane \"test\"\nswitched active Control Plane to \"test\"\n");
    co_await prints({"config", "control-planes", "list"}, "*        test");
    co_await prints({"version"}, "Server: Kuma 2.12.14");
    auto path = file("mesh.yaml", mesh_text + permission_text);
    auto applied = co_await prints({"apply", "-f", path});
    for (const char* line :
         {"resource type=\"Mesh\" mesh=\"\" name=\"default\" Updated\n",
          "resource type=\"TrafficRoute\" mesh=\"default\" name=\"web-to-backend\" Created\n",
          "resource type=\"MeshTrafficPermission\" mesh=\"default\" name=\"web-to-backend\" Created\n"})
      EXPECT_NE(applied.find(line), std::string::npos) << applied;
    file("bad.yaml", "type: Mesh\nname: bad\nmtls: {enabledBackend: none}\n");
    co_await refuses({"apply", "-f", directory + "/bad.yaml"}, "mtls.enabledBackend: has to be set to one of the");
  }

  /// Every kind as a list, and the first of each list by its name.
  asio::awaitable<void> gets_every_kind() {
    for (const cp::Kind* kind : cp::kinds()) {
      if (kind->path().empty() || kind->singular().empty()) continue;
      Json list = co_await json_of({"get", kind->plural(), "-o", "json"});
      if (!list.is_object() || !list.contains("items") || !list["items"].is_array() || list["items"].empty()) {
        co_await refuses({"get", kind->singular(), "nobody"}, "No resources found");
        continue;
      }
      auto name = list["items"][0].value("name", "");
      EXPECT_EQ(list["items"][0].value("type", ""), kind->type());
      co_await prints({"get", kind->singular(), name}, name);
      co_await prints({"get", kind->singular(), name, "-o", "yaml"}, "type: " + kind->type());
    }
  }

  asio::awaitable<std::string> token(std::string name, std::string service) {
    auto text = co_await prints({"generate", "dataplane-token", "--name", name, "--mesh", "default", "--tag",
                                 "kuma.io/service=" + service, "--valid-for", "1h"});
    EXPECT_EQ(std::ranges::count(text, '.'), 2) << text;
    co_return file("token." + name, text);
  }

  /// A control plane of that name for kumactl, asked from outside with a token, and made the active one.
  asio::awaitable<void> connects(std::string name, std::string url, std::string user_token) {
    std::vector<std::string> words = {"config", "control-planes", "add",         "--overwrite", "--name",
                                      name,     "--address",      std::move(url)};
    if (!user_token.empty()) words.insert(words.end(), {"--auth-type=tokens", "--auth-conf", "token=" + user_token});
    if (words[7].starts_with("https")) words.insert(words.end(), {"--ca-cert-file", ca_file()});
    co_await prints(std::move(words));
  }

  /// Who asks from this machine's loopback is the administrator, so others ask at another of its addresses.
  asio::awaitable<void> users_have_their_rights() {
    co_await prints({"generate", "zone-token", "--zone", "east", "--scope", "ingress", "--valid-for", "1h"});
    auto john = co_await prints({"generate", "user-token", "--name", "john", "--group", "team", "--valid-for", "1h"});
    auto root = co_await prints(
        {"generate", "user-token", "--name", "root", "--group", "mesh-system:admin", "--valid-for", "1h"});
    std::string outside;
    for (const std::string& address : local_addresses())
      if (address.find(':') == std::string::npos && !address.starts_with("127.")) outside = address;
    if (outside.empty()) co_return;
    co_await connects("john", fmt::format("http://{}:{}", outside, rest), john);
    co_await prints({"get", "meshes"}, "builtin/ca-1");
    co_await refuses({"get", "secrets"}, "Access Denied");
    co_await refuses({"generate", "user-token", "--name", "x", "--valid-for", "1h"}, "Access Denied");
    co_await connects("john", fmt::format("http://{}:{}", outside, rest), "x" + john);
    co_await refuses({"get", "meshes"}, "Invalid authentication data");
    co_await connects("nobody", fmt::format("http://{}:{}", outside, rest), "");
    co_await refuses({"get", "secrets"}, "Access Denied");
    co_await connects("root", fmt::format("https://{}:{}", outside, https), root);
    co_await prints({"get", "secrets"}, "dataplane-token-signing-key-default-1");
    co_await prints({"config", "control-planes", "remove", "--name", "root"});
    co_await prints({"config", "control-planes", "switch", "--name", "test"});
  }

  asio::awaitable<void> bad_tokens_are_refused() {
    ChildProcess& other = start_dp("other", web_file, directory + "/token.backend-1");
    co_await logs("other",
                  "authentication failed: proxy name from requestor: web-1 is different than in token: backend-1");
    other.terminate();
    co_await other.wait();
    auto ended = co_await start_dp("none", web_file, "").wait();
    EXPECT_EQ(ended.code, 1);
    co_await logs("none", "Dataplane Token is required. Generate token using 'kumactl generate dataplane-token");
    ended = co_await start_dp("garbage", web_file, file("garbage", "no token")).wait();
    EXPECT_EQ(ended.code, 1);
    co_await logs("garbage", "dataplane token is invalid");
  }

  asio::awaitable<void> inspects() {
    co_await comes_to_print({"inspect", "services"}, "backend   Online   2/2");
    co_await comes_to_print({"inspect", "meshes"}, "default   2/2");
    auto table = co_await prints({"inspect", "dataplanes"}, "CERT EXPIRATION");
    EXPECT_EQ(table.find("Offline"), std::string::npos) << table;
    Json overviews = co_await json_of({"inspect", "dataplanes", "-o", "json"});
    EXPECT_EQ(overviews["items"].size(), 2u) << overviews.dump();
    // A certificate is written to the insight a moment after the proxy is online.
    auto certified = [](const Json& each) { return each.contains(Json::json_pointer("/dataplaneInsight/mTLS")); };
    for (int i = 0; i < 50 && !std::ranges::all_of(overviews["items"], certified); ++i) {
      co_await sleep(live.runtime().timers, 300ms);
      overviews = co_await json_of({"inspect", "dataplanes", "-o", "json"});
    }
    table = co_await prints({"inspect", "dataplanes"}, "CERT EXPIRATION");
    for (const Json& each : overviews["items"]) {
      Json tls = each.value(Json::json_pointer("/dataplaneInsight/mTLS"), Json::object());
      EXPECT_EQ(tls.value("issuedBackend", ""), "ca-1") << each.dump();
      EXPECT_NE(tls.value("certificateExpirationTime", ""), "") << each.dump();
      EXPECT_NE(table.find(each.value("name", "none")), std::string::npos) << table;
    }
    co_await prints({"inspect", "dataplane", "web-1"}, "TrafficRoute\n    web-to-backend\n");
    co_await prints({"inspect", "traffic-route", "web-to-backend"}, "web-1");
    co_await prints({"inspect", "meshtrafficpermission", "web-to-backend"}, "backend-1");
    co_await prints({"inspect", "meshtimeout", "mesh-timeout-all-default"}, "web-1");
    co_await prints({"inspect", "meshretry", "mesh-retry-all-default"}, "web-1");
    co_await prints({"inspect", "meshcircuitbreaker", "mesh-circuit-breaker-all-default"}, "backend-1");
    for (const char* what : {"zones", "zoneingresses", "zoneegresses"}) co_await prints({"inspect", what}, "STATUS");
    Json dump = co_await json_of({"inspect", "dataplane", "web-1", "--type=config-dump"});
    EXPECT_TRUE(dump.contains("configs")) << dump.dump().substr(0, 300);
    co_await prints({"inspect", "dataplane", "web-1", "--type=stats"}, "cluster.backend-");
    co_await prints({"inspect", "dataplane", "web-1", "--type=clusters"},
                    fmt::format("127.0.0.1:{}::cx_total", inbound));
    Json config = co_await json_of({"inspect", "dataplane", "web-1", "--type=config", "--include=diff", "--shadow"});
    EXPECT_TRUE(config.contains("xds") && config.contains("diff")) << config.dump().substr(0, 300);
    co_await refuses({"inspect", "dataplane", "nobody"}, "Not found");
  }

  /// The whole story.
  asio::awaitable<void> tell() {
    co_await wait_for(fmt::format("http://127.0.0.1:{}/ready", diagnostics));
    // The real kuma-cp is ready before it has made the default mesh.
    co_await wait_for(fmt::format("http://127.0.0.1:{}/meshes/default", rest));
    co_await configures_and_applies();
    co_await gets_every_kind();
    co_await users_have_their_rights();
    auto backend_token = co_await token("backend-1", "backend");
    auto web_token = co_await token("web-1", "web");
    co_await bad_tokens_are_refused();
    ChildProcess& backend = start_dp("backend-1", backend_file, backend_token);
    ChildProcess& web = start_dp("web-1", web_file, web_token);
    auto seen = co_await answers(200);
    EXPECT_EQ(seen.find("By=spiffe://default/backend;"), 0u) << seen;
    EXPECT_NE(seen.find("URI=spiffe://default/web"), std::string::npos) << "not by mutual TLS: " << seen;
    co_await inspects();

    co_await prints({"delete", "meshtrafficpermission", "web-to-backend"},
                    "deleted MeshTrafficPermission \"web-to-backend\"\n");
    co_await refuses({"delete", "meshtrafficpermission", "web-to-backend"}, "there is no MeshTrafficPermission");
    auto body = co_await answers(403);
    EXPECT_EQ(body, "RBAC: access denied");
    co_await prints({"apply", "-f", file("permission.yaml", permission_text)}, "Created");
    co_await answers(200);

    backend.terminate();
    auto ended = co_await backend.wait();
    EXPECT_TRUE(ended.success()) << to_string(ended);
    co_await logs("backend-1", "draining Envoy connections");
    co_await comes_to_print({"get", "dataplanes"}, "backend-1", false);
    co_await prints({"get", "dataplanes"}, "web-1");
    web.terminate();
    ended = co_await web.wait();
    EXPECT_TRUE(ended.success()) << to_string(ended);
    co_await comes_to_print({"inspect", "dataplanes"}, "web-1", false);
  }

  void story(Programs with) {
    programs = std::move(with);
    app = free_port();
    for (auto* port : {&inbound, &inbound_v2, &outbound}) *port = free_port();
    Listener listener = live.runtime().network.listen({"127.0.0.1", app});
    HttpHandler who_asks = [](HttpRequest request) -> asio::awaitable<HttpResponse> {
      std::string client(request.headers.get("x-forwarded-client-cert"));
      co_return HttpResponse{.status = 200, .headers = {}, .body = client};
    };
    spawn(live.runtime().executor, live.log(), "app",
          serve_listener(live.runtime(), listener, nullptr, who_asks, nullptr));
    backend_file =
        file("backend.yaml",
             dataplane("backend-1", {{inbound, "backend, version: v1"}, {inbound_v2, "backend, version: v2"}}));
    web_file = file("web.yaml",
                    dataplane("web-1", {{free_port(), "web"}}) +
                        fmt::format("  outbound:\n  - port: {}\n    tags: {{kuma.io/service: backend}}\n", outbound));
    start(programs.kuma_cp, {"run"}, "cp", defaults());
    run([this] { return tell(); }, 200s);
  }

  std::string dataplane(const std::string& name, std::vector<std::pair<std::uint16_t, std::string>> inbounds) {
    auto out = fmt::format(
        "type: Dataplane\nmesh: default\nname: {}\nnetworking:\n  address: '{{{{ address }}}}'\n  admin: {{port: {}}}\n"
        "  inbound:\n",
        name, free_port());
    for (const auto& [port, tags] : inbounds)
      out += fmt::format(
          "  - port: {}\n    servicePort: {}\n    serviceAddress: 127.0.0.1\n"
          "    tags: {{kuma.io/protocol: http, kuma.io/service: {}}}\n",
          port, app, tags);
    return out;
  }

  Programs programs;
  std::uint16_t app = 0, inbound = 0, inbound_v2 = 0, outbound = 0;
  std::string backend_file, web_file;

 private:
  int runs_ = 0;
};

TEST_F(Peer, OursWithOurs) { story({KUMA_CP, KUMACTL, KUMA_DP}); }

TEST_F(Peer, TheirToolsWithOurControlPlane) {
  auto kumactl = variable("KUMASIM_PEER_KUMACTL"), kuma_dp = variable("KUMASIM_PEER_KUMA_DP");
  if (kumactl.empty() || kuma_dp.empty())
    GTEST_SKIP() << "KUMASIM_PEER_KUMACTL and KUMASIM_PEER_KUMA_DP name no kumactl and kuma-dp of Kuma 2.12";
  story({KUMA_CP, kumactl, kuma_dp});
}

TEST_F(Peer, OurToolsWithTheirControlPlane) {
  auto kuma_cp = variable("KUMASIM_PEER_KUMA_CP");
  if (kuma_cp.empty()) GTEST_SKIP() << "KUMASIM_PEER_KUMA_CP names no kuma-cp of Kuma 2.12";
  story({kuma_cp, KUMACTL, KUMA_DP});
}

}  // namespace
}  // namespace kumasim::live
