/// The program kuma-dp from start to end, with a control plane of the test's and a script in Envoy's place.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/http.hpp"
#include "reference-cp/live/child_process.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/live/system.hpp"

namespace kumasim::dp {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string base64(const std::string& text) {
  std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
  auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                              reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

class KumaDp : public ::testing::Test {
 protected:
  void SetUp() override {
    auto build = live::environment_variable("KUMASIM_BUILD_DIR");
    if (!build) GTEST_SKIP() << "KUMASIM_BUILD_DIR names the build; ctest sets it";
    program = *build + "/bin/kuma-dp";
    auto pattern = (fs::temp_directory_path() / "kuma-dp-test-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    // One port plays the control plane and Envoy's admin interface.
    listener = runtime.network.listen({"127.0.0.1", 0});
    url = fmt::format("http://127.0.0.1:{}", listener.port());
    spawn(runtime.executor, runtime.log, "test", serve());
  }
  void TearDown() override {
    std::error_code ignored;
    if (!directory.empty()) fs::remove_all(directory, ignored);
  }

  asio::awaitable<void> serve() {
    auto handler = [this](HttpRequest request) -> asio::awaitable<HttpResponse> {
      seen.push_back(request.method + " " + request.target);
      if (request.target != "/bootstrap") co_return HttpResponse{.status = other_status};
      asked = nlohmann::json::parse(request.body, nullptr, false);
      if (bootstrap_status != 200) co_return HttpResponse{.status = bootstrap_status};
      auto port = listener.port();
      auto bootstrap = fmt::format(
          R"({{"admin":{{"address":{{"socketAddress":{{"address":"127.0.0.1","portValue":{}}}}}}}}})", port);
      co_return HttpResponse{.body = fmt::format(R"({{"bootstrap":"{}"}})", base64(bootstrap))};
    };
    for (;;)
      spawn(runtime.executor, runtime.log, "http", serve_http(co_await listener.accept(), handler, {}, runtime.timers));
  }

  /// An "Envoy": tells its version, else runs `body`.
  std::string envoy(const std::string& body) {
    auto path = directory + "/envoy";
    auto script =
        "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'envoy  version: abc/1.40.0/Clean/RELEASE/BoringSSL'; "
        "exit 0; fi\necho \"$@\" >> " +
        directory + "/starts\n" + body + "\n";
    EXPECT_TRUE(live::write_file(path, script));
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }

  /// Starts kuma-dp; `meanwhile` acts on it; its exit status.
  template <class Meanwhile>
  live::ExitStatus command(std::vector<std::string> arguments, Meanwhile meanwhile) {
    live::ExitStatus status;
    bool done = false;
    auto task = [&]() -> asio::awaitable<void> {
      auto child = live::ChildProcess::start(
          runtime.executor, {.program = program, .arguments = arguments, .output_path = directory + "/output"});
      EXPECT_TRUE(child);
      co_await meanwhile(*child);
      status = co_await child->wait();
      done = true;
    };
    spawn(runtime.executor, runtime.log, "run", task());
    auto end = std::chrono::steady_clock::now() + 40s;
    while (!done && std::chrono::steady_clock::now() < end) world.context().run_one_for(100ms);
    EXPECT_TRUE(done) << output();
    return status;
  }
  live::ExitStatus command(std::vector<std::string> arguments) {
    return command(std::move(arguments), [](live::ChildProcess&) -> asio::awaitable<void> { co_return; });
  }
  template <class... Meanwhile>
  live::ExitStatus run(std::vector<std::string> arguments, Meanwhile... meanwhile) {
    arguments.insert(arguments.begin(), "run");
    return command(std::move(arguments), std::move(meanwhile)...);
  }

  /// Until Envoy was started `count` times.
  asio::awaitable<void> started(std::ptrdiff_t count = 1) {
    for (int i = 0; i < 300 && starts() < count; ++i) co_await sleep(runtime.timers, 50ms);
    EXPECT_GE(starts(), count) << output();
  }
  std::ptrdiff_t starts() { return std::ranges::count(live::read_file(directory + "/starts").value_or(""), '\n'); }
  std::string output() { return live::read_file(directory + "/output").value_or(""); }

  std::vector<std::string> arguments(const std::string& envoy_path) {
    return {"--cp-address",  url,        "--name",     "web-1",           "--mesh",       "default",
            "--binary-path", envoy_path, "--work-dir", directory + "/dp", "--drain-time", "1s"};
  }

  live::LiveRuntime world{{.log = {.level = LogLevel::off}}};
  Runtime& runtime = world.runtime();
  std::string program, directory, url;
  Listener listener;
  std::vector<std::string> seen;
  int bootstrap_status = 200, other_status = 200;
  nlohmann::json asked;  ///< the last request for a bootstrap
};

TEST_F(KumaDp, BootstrapsStartsDrainsAndStops) {
  auto status = run(arguments(envoy("exec sleep 100")), [this](live::ChildProcess& child) -> asio::awaitable<void> {
    co_await started();
    auto socket = runtime.network.connect({directory + "/dp/kuma-readiness-reporter.sock", 0});
    EXPECT_TRUE(co_await with_timeout(runtime.timers, 5s, std::move(socket)));
    child.terminate();
  });
  EXPECT_TRUE(status.success()) << to_string(status) << output();
  EXPECT_EQ(seen, (std::vector<std::string>{"POST /bootstrap", "POST /healthcheck/fail"}));
  auto words = *live::read_file(directory + "/starts");
  EXPECT_EQ(words, "--config-path " + directory +
                       "/dp/bootstrap.yaml --drain-time-s 1 --drain-strategy immediate "
                       "--disable-hot-restart --log-level info --cpuset-threads\n");
  auto permissions = fs::status(directory + "/dp/bootstrap.yaml").permissions();
  EXPECT_EQ(permissions & (fs::perms::group_all | fs::perms::others_all), fs::perms::none);
  EXPECT_FALSE(fs::exists(directory + "/dp/kuma-readiness-reporter.sock"));
}

TEST_F(KumaDp, ASecondSignalStopsAtOnce) {
  auto words = arguments(envoy("exec sleep 100"));
  words.back() = "60s";
  auto status = run(words, [this](live::ChildProcess& child) -> asio::awaitable<void> {
    co_await started();
    child.terminate();
    while (seen.size() < 2) co_await sleep(runtime.timers, 20ms);
    co_await sleep(runtime.timers, 200ms);
    child.terminate();
  });
  EXPECT_TRUE(status.success()) << to_string(status) << output();
}

TEST_F(KumaDp, EndsWithEnvoysError) {
  auto status = run(arguments(envoy("exit 3")));
  EXPECT_EQ(to_string(status), "exit code 1");
  EXPECT_NE(output().find("Error: Envoy terminated with an error: exit code 3"), std::string::npos) << output();
}

TEST_F(KumaDp, RestartsEnvoyWhereAsked) {
  ::setenv("KUMA_DATAPLANE_RESILIENT_COMPONENT_BASE_BACKOFF", "1ms", 1);
  ::setenv("KUMA_DATAPLANE_RESILIENT_COMPONENT_MAX_BACKOFF", "1ms", 1);
  // Many: one that has ended before kuma-dp waits for it is started again as well.
  auto words = arguments(envoy("[ $(wc -l < " + directory + "/starts) -ge 50 ] && exec sleep 100; kill -9 $$"));
  words.push_back("--restart-envoy");
  auto status = run(words, [this](live::ChildProcess& child) -> asio::awaitable<void> {
    co_await started(50);
    child.terminate();
  });
  ::unsetenv("KUMA_DATAPLANE_RESILIENT_COMPONENT_BASE_BACKOFF");
  ::unsetenv("KUMA_DATAPLANE_RESILIENT_COMPONENT_MAX_BACKOFF");
  EXPECT_TRUE(status.success()) << to_string(status) << output();
  EXPECT_EQ(starts(), 50);
}

TEST_F(KumaDp, AMissingOrEmptyTokenFileIsAClearError) {
  auto words = arguments(envoy("exit 0"));
  words.insert(words.end(), {"--dataplane-token-file", directory + "/no-token"});
  EXPECT_EQ(to_string(run(words)), "exit code 1");
  EXPECT_NE(output().find("Error: dataplane token is invalid"), std::string::npos) << output();
  EXPECT_NE(output().find("cannot open " + directory + "/no-token: No such file or directory"), std::string::npos)
      << output();
  EXPECT_TRUE(live::write_file(directory + "/no-token", "\n"));
  EXPECT_EQ(to_string(run(words)), "exit code 1");
  EXPECT_NE(output().find("token file is empty: " + directory + "/no-token"), std::string::npos) << output();
  EXPECT_TRUE(live::write_file(directory + "/no-token", "no token"));
  EXPECT_EQ(to_string(run(words)), "exit code 1");
  EXPECT_NE(output().find("not valid JWT token. Can't parse it.: token is malformed: "), std::string::npos) << output();
  EXPECT_TRUE(seen.empty()) << "the control plane was asked without a token";
}

TEST_F(KumaDp, AMissingEnvoyIsAClearError) {
  auto status = run(arguments("/no/such/envoy"));
  EXPECT_EQ(to_string(status), "exit code 1");
  EXPECT_NE(output().find("Error: could not find envoy executable"), std::string::npos) << output();
  EXPECT_TRUE(seen.empty());
}

TEST_F(KumaDp, AnUnreachableControlPlaneIsAClearError) {
  ::setenv("KUMA_CONTROL_PLANE_RETRY_BACKOFF", "20ms", 1);
  ::setenv("KUMA_CONTROL_PLANE_RETRY_MAX_DURATION", "100ms", 1);
  listener.close();
  auto status = run(arguments(envoy("exit 0")));
  ::unsetenv("KUMA_CONTROL_PLANE_RETRY_BACKOFF");
  ::unsetenv("KUMA_CONTROL_PLANE_RETRY_MAX_DURATION");
  EXPECT_EQ(to_string(status), "exit code 1");
  EXPECT_NE(output().find("Error: Failed to fetch Envoy bootstrap config. request to bootstrap server failed"),
            std::string::npos)
      << output();
}

TEST_F(KumaDp, BadArgumentsAreRefused) {
  EXPECT_EQ(to_string(run({"--cp-address", url})), "exit code 1");
  EXPECT_NE(output().find(".Mesh must be non-empty; "), std::string::npos) << output();
  EXPECT_FALSE(run({"--no-such-flag"}).success());
  EXPECT_EQ(to_string(run({"--drain-time", "soon"})), "exit code 1");
  EXPECT_NE(output().find("Error: --drain-time: \"soon\" is not a duration such as 30s"), std::string::npos)
      << output();
  auto both = arguments("envoy");
  both.insert(both.end(), {"--dataplane", "{type: Dataplane, mesh: default, name: a}"});
  EXPECT_EQ(to_string(run(both)), "exit code 1");
  EXPECT_NE(output().find("--name and --mesh cannot be specified when a dataplane definition is provided"),
            std::string::npos)
      << output();
}

TEST_F(KumaDp, TakesItsProxyFromAFileAndItsFlagsToTheControlPlaneAndEnvoy) {
  EXPECT_TRUE(live::write_file(directory + "/proxy.yaml",
                               "type: Dataplane\nmesh: default\nname: {{ name }}\nnetworking: {address: {{ip}}}\n"));
  const std::string token = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.e30.c2ln";
  auto status = run({"--cp-address", url, "--binary-path", envoy("exec sleep 100"), "-d", directory + "/proxy.yaml",
                     "-v", "name=web-7,ip=10.0.0.7", "--dataplane-token", token, "--transparent-proxy", "--concurrency",
                     "2", "--envoy-component-log-level", "upstream:debug", "--drain-time", "1s", "--dns-enabled=false",
                     "--log-level", "debug", "--log-output-path", directory + "/log"},
                    [this](live::ChildProcess& child) -> asio::awaitable<void> {
                      co_await started();
                      child.terminate();
                    });
  EXPECT_TRUE(status.success()) << to_string(status) << output();
  EXPECT_EQ(asked["name"], "web-7");
  EXPECT_EQ(asked["mesh"], "default");
  EXPECT_EQ(asked["dataplaneToken"], token);
  EXPECT_EQ(nlohmann::json::parse(asked.value("dataplaneResource", ""))["networking"]["address"], "10.0.0.7");
  EXPECT_EQ(asked["dataplaneConfig"]["redirect"]["inbound"]["port"], 15006);
  auto words = live::read_file(directory + "/starts").value_or("");
  EXPECT_TRUE(words.ends_with("--log-level debug --component-log-level upstream:debug --concurrency 2\n")) << words;
  EXPECT_NE(live::read_file(directory + "/log").value_or("").find("starting Data Plane"), std::string::npos);
  // The work directory is its own, and goes with it.
  auto workdir = asked.value("workdir", "");
  EXPECT_TRUE(words.starts_with("--config-path " + workdir + "/bootstrap.yaml")) << words;
  EXPECT_NE(workdir.find("kuma-dp-"), std::string::npos);
  EXPECT_FALSE(fs::exists(workdir));
}

TEST_F(KumaDp, DrainsForEverOnSigusr2) {
  auto status = run(arguments(envoy("exec sleep 100")), [this](live::ChildProcess& child) -> asio::awaitable<void> {
    co_await started();
    child.signal(SIGUSR2);
    while (seen.size() < 2) co_await sleep(runtime.timers, 20ms);
    child.signal(SIGUSR2);
    child.terminate();
  });
  EXPECT_TRUE(status.success()) << to_string(status) << output();
  EXPECT_EQ(seen, (std::vector<std::string>{"POST /bootstrap", "POST /drain_listeners?inboundonly&graceful&skip_exit"}))
      << "once, and a stop drains no more";
  EXPECT_NE(output().find("already drained, exit immediately"), std::string::npos) << output();
}

TEST_F(KumaDp, AThirdSignalEndsItWhateverEnvoyDoes) {
  auto words = arguments(envoy("trap '' TERM; exec sleep 100"));
  words.back() = "60s";
  auto status = run(words, [this](live::ChildProcess& child) -> asio::awaitable<void> {
    co_await started();
    for (const char* said : {"received signal", "received second signal", "received third signal"}) {
      child.terminate();
      for (int i = 0; i < 250 && output().find(said) == std::string::npos; ++i) co_await sleep(runtime.timers, 20ms);
    }
  });
  EXPECT_EQ(to_string(status), "exit code 1");
  EXPECT_NE(output().find("force exit"), std::string::npos) << output();
}

TEST_F(KumaDp, AnEnvoyThatDoesNotStopIsKilled) {
  auto status = run(arguments(envoy("trap '' TERM; exec sleep 100")),
                    [this](live::ChildProcess& child) -> asio::awaitable<void> {
                      co_await started();
                      other_status = 503;
                      child.terminate();
                    });
  EXPECT_TRUE(status.success()) << to_string(status) << output();
  EXPECT_NE(output().find("expected 200 status code, got 503"), std::string::npos) << output();
  EXPECT_NE(output().find("Envoy did not stop in time, killing it"), std::string::npos) << output();
}

TEST_F(KumaDp, ASignalEndsTheWaitForABootstrap) {
  bootstrap_status = 404;
  auto status = run(arguments(envoy("exit 0")), [this](live::ChildProcess& child) -> asio::awaitable<void> {
    while (seen.empty()) co_await sleep(runtime.timers, 20ms);
    child.terminate();
  });
  EXPECT_EQ(to_string(status), "exit code 1");
  EXPECT_NE(output().find("Error: Failed to fetch Envoy bootstrap config. stopped by a signal"), std::string::npos)
      << output();
}

TEST_F(KumaDp, AStrangeEnvoyIsAClearError) {
  auto strange = [&](const std::string& body) {
    EXPECT_TRUE(live::write_file(directory + "/envoy", "#!/bin/sh\n" + body + "\n"));
    fs::permissions(directory + "/envoy", fs::perms::owner_all);
    EXPECT_EQ(to_string(run(arguments(directory + "/envoy"))), "exit code 1");
    return output();
  };
  EXPECT_NE(strange("exit 7").find("Error: failed to get Envoy version: failed to execute " + directory +
                                   "/envoy --version: exit code 7"),
            std::string::npos)
      << output();
  for (const char* said : {"hello", "version: 1.40.0"})
    EXPECT_NE(strange(std::string("echo ") + said).find("wrong Envoy build format: "), std::string::npos) << output();
}

TEST_F(KumaDp, FilesThatAreNotThereAreClearErrors) {
  const std::string none = directory + "/none";
  auto with = [&](std::vector<std::string> more) {
    auto words = arguments("envoy");
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_EQ(to_string(run(words)), "exit code 1") << more[0];
    return output();
  };
  EXPECT_NE(with({"--ca-cert-file", none}).find("Error: could not read certificate file: cannot open " + none),
            std::string::npos)
      << output();
  EXPECT_NE(with({"--dataplane-file", none}).find("Error: error while reading provided file: cannot open " + none),
            std::string::npos)
      << output();
  EXPECT_NE(with({"--dataplane", "{type: Mesh}"}).find("invalid proxy resource type \"Mesh\""), std::string::npos)
      << output();
  EXPECT_NE(with({"--dataplane-var", "a"}).find("Error: --dataplane-var: a must be formatted as key=value"),
            std::string::npos)
      << output();
  ::setenv("KUMA_READINESS_PORT", "many", 1);
  EXPECT_NE(with({"--dns-enabled=false"}).find("Error: KUMA_READINESS_PORT: \"many\" is not a whole number"),
            std::string::npos)
      << output();
  ::unsetenv("KUMA_READINESS_PORT");
}

TEST_F(KumaDp, TellsItsVersionAndWaitsForAProxy) {
  EXPECT_TRUE(command({"version"}).success());
  EXPECT_EQ(output(), "Kuma: 2.12.14\n");
  std::vector<std::string> words = {"wait",      "--url", url + "/ready",     "--check-frequency",
                                    "20ms", "--timeout", "20s", "--request-timeout", "1s"};
  other_status = 503;
  auto status = command(words, [this](live::ChildProcess&) -> asio::awaitable<void> {
    while (seen.size() < 2) co_await sleep(runtime.timers, 20ms);
    other_status = 200;
  });
  EXPECT_TRUE(status.success()) << output();
  EXPECT_EQ(seen[0], "GET /ready");
  EXPECT_NE(output().find("HTTP status code 503"), std::string::npos) << output();
  EXPECT_NE(output().find("data plane is ready"), std::string::npos) << output();
  words[6] = "soon";
  EXPECT_EQ(to_string(command(words)), "exit code 1");
  EXPECT_NE(output().find("Error: time: invalid duration \"soon\""), std::string::npos) << output();
  words[6] = "100ms";
  listener.close();
  EXPECT_EQ(to_string(command(words)), "exit code 1");
  EXPECT_NE(output().find("Error: timeout occurred while waiting for data plane proxy to be ready"), std::string::npos)
      << output();
}

}  // namespace
}  // namespace kumasim::dp
