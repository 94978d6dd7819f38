/// A kuma-cp as a process with settings of a test's own, real Envoys beside it, and calls to both.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/serve.hpp"
#include "reference-cp/live/child_process.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/live/system.hpp"
#include "tests/live/free_port.hpp"

namespace kumasim::live {

using namespace std::chrono_literals;
using Json = nlohmann::json;

/// A Dataplane at 127.0.0.2 of the service backend, whose application listens at `app`. `more`: lines of its inbound.
inline std::string backend_text(std::uint16_t admin, std::uint16_t inbound, std::uint16_t app,
                                std::string_view more = "") {
  return fmt::format(
      "type: Dataplane\nmesh: default\nname: backend-1\nnetworking:\n  address: 127.0.0.2\n  admin: {{port: {}}}\n"
      "  inbound:\n  - port: {}\n    servicePort: {}\n    serviceAddress: 127.0.0.1\n{}"
      "    tags: {{kuma.io/service: backend, kuma.io/protocol: http}}\n",
      admin, inbound, app, more);
}

/// A Dataplane at 127.0.0.3 of the service client that reaches backend at `outbound`.
inline std::string client_text(std::uint16_t admin, std::uint16_t inbound, std::uint16_t app, std::uint16_t outbound) {
  return fmt::format(
      "type: Dataplane\nmesh: default\nname: client-1\nnetworking:\n  address: 127.0.0.3\n  admin: {{port: {}}}\n"
      "  inbound:\n  - port: {}\n    servicePort: {}\n    tags: {{kuma.io/service: client, kuma.io/protocol: http}}\n"
      "  outbound:\n  - port: {}\n    tags: {{kuma.io/service: backend}}\n",
      admin, inbound, app, outbound);
}

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

  std::uint16_t free_port() { return test::free_port(live.runtime().network); }

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

}  // namespace kumasim::live
