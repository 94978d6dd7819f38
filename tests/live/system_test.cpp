/// The live adapter where it has no simulated twin: child processes, whole files, logs, the environment.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <csignal>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/live/child_process.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/live/net_namespace.hpp"
#include "reference-cp/live/system.hpp"

namespace kumasim::live {
namespace {

using namespace std::chrono_literals;

class System : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pattern = (std::filesystem::temp_directory_path() / "kumasim-system-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }

  template <class Body>
  void run(Body body) {
    bool done = false;
    auto task = [](Body& call, Runtime& runtime, bool& ended) -> asio::awaitable<void> {
      co_await call(runtime);
      ended = true;
    };
    spawn(live.runtime().executor, live.log(), "test", task(body, live.runtime(), done));
    auto end = std::chrono::steady_clock::now() + 20s;
    while (!done && std::chrono::steady_clock::now() < end) live.context().run_one_for(100ms);
    EXPECT_TRUE(done);
  }

  std::string directory;
  LiveRuntime live;
};

TEST_F(System, AChildsExitCodeAndOutputAreSeen) {
  auto output = directory + "/out";
  run([&](Runtime& runtime) -> asio::awaitable<void> {
    auto child =
        ChildProcess::start(runtime.executor, {.program = "sh",
                                               .arguments = {"-c", "echo $GREETING; pwd; exit 3"},
                                               .environment = std::map<std::string, std::string>{{"GREETING", "hello"}},
                                               .working_directory = directory,
                                               .output_path = output});
    EXPECT_TRUE(child) << child.error().message;
    auto status = co_await child->wait();
    EXPECT_EQ(to_string(status), "exit code 3");
    EXPECT_TRUE(child->status());
    child->terminate();  // after its end: nothing happens
  });
  EXPECT_EQ(*read_file(output), "hello\n" + std::filesystem::canonical(directory).string() + "\n");
}

TEST_F(System, AChildCanBeTerminatedAndKilled) {
  run([&](Runtime& runtime) -> asio::awaitable<void> {
    auto gentle = ChildProcess::start(runtime.executor, {.program = "sleep", .arguments = {"100"}});
    EXPECT_TRUE(gentle);
    EXPECT_FALSE(gentle->status());
    gentle->terminate();
    EXPECT_EQ((co_await gentle->wait()).signal, SIGTERM);
    auto stubborn = ChildProcess::start(
        runtime.executor, {.program = "sh", .arguments = {"-c", "trap '' TERM; while :; do sleep 0.1; done"}});
    EXPECT_TRUE(stubborn);
    co_await sleep(runtime.timers, 200ms);
    stubborn->terminate();
    auto early = co_await with_timeout(runtime.timers, 300ms, stubborn->wait());
    EXPECT_FALSE(early);
    stubborn->kill();
    EXPECT_EQ((co_await stubborn->wait()).signal, SIGKILL);
  });
}

TEST_F(System, DroppingAChildEndsIt) {
  int pid = 0;
  run([&](Runtime& runtime) -> asio::awaitable<void> {
    auto child = ChildProcess::start(runtime.executor, {.program = "sleep", .arguments = {"100"}});
    EXPECT_TRUE(child);
    pid = child->pid();
    co_return;
  });
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST_F(System, AMissingProgramIsAClearError) {
  run([&](Runtime& runtime) -> asio::awaitable<void> {
    auto by_name = ChildProcess::start(runtime.executor, {.program = "no-such-program-here"});
    EXPECT_FALSE(by_name);
    EXPECT_EQ(by_name.error(), (Error{Code::not_found, "no program no-such-program-here in PATH"}));
    auto by_path = ChildProcess::start(runtime.executor, {.program = "/no/such/envoy"});
    EXPECT_FALSE(by_path);
    EXPECT_EQ(by_path.error().message, "no program at /no/such/envoy: No such file or directory");
    auto no_directory =
        ChildProcess::start(runtime.executor, {.program = "sh", .working_directory = directory + "/missing"});
    EXPECT_FALSE(no_directory);
    EXPECT_TRUE(no_directory.error().message.ends_with("No such file or directory")) << no_directory.error().message;
    co_return;
  });
}

TEST_F(System, WholeFilesAreReplacedAtOnce) {
  auto path = directory + "/deep/er/file";
  EXPECT_EQ(read_file(path).error().code, Code::not_found);
  ASSERT_TRUE(write_file(path, "one"));
  ASSERT_TRUE(write_file(path, "two", {.secret = true}));
  EXPECT_EQ(*read_file(path), "two");
  auto permissions = std::filesystem::status(path).permissions();
  EXPECT_EQ(permissions & std::filesystem::perms::others_read, std::filesystem::perms::none);
  EXPECT_FALSE(read_file(directory)) << "a directory is no file";
}

TEST_F(System, NobodyElseHasASecretFileOpen) {
  auto path = directory + "/export";
  // Whoever guesses the draft's name may have put something there.
  ASSERT_TRUE(write_file(directory + "/victim", "theirs"));
  std::filesystem::create_symlink(directory + "/victim", path + ".tmp");
  ASSERT_TRUE(write_file(path, "secret", {.secret = true}));
  EXPECT_EQ(*read_file(path), "secret");
  EXPECT_FALSE(std::filesystem::is_symlink(path));
  EXPECT_EQ(*read_file(directory + "/victim"), "theirs");
  std::ofstream(path + ".tmp") << "bait";
  std::ifstream held(path + ".tmp");
  ASSERT_TRUE(write_file(path, "secret", {.secret = true}));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(held), {}), "bait");
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::filesystem::create_directory(path + ".tmp");
  auto refused = write_file(path, "secret", {.secret = true});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.starts_with("cannot remove " + path + ".tmp: ")) << refused.error().message;
}

TEST_F(System, LogsAreTextOrJson) {
  auto path = directory + "/log";
  {
    SystemLog log({.level = LogLevel::info, .format = LogFormat::json, .path = path});
    log.debug("dp", "below the level");
    log.warn("dp", "it \"broke\"", {{"node", "a b"}, {"bad", std::string("\xff")}});
  }
  auto line = nlohmann::json::parse(*read_file(path));
  EXPECT_EQ(line["level"], "warn");
  EXPECT_EQ(line["logger"], "dp");
  EXPECT_EQ(line["msg"], "it \"broke\"");
  EXPECT_EQ(line["node"], "a b");
  std::filesystem::remove(path);
  {
    SystemLog log({.path = path});
    log.error("dp", "stopped", {{"code", 3}, {"why", "two words"}});
  }
  auto text = *read_file(path);
  EXPECT_TRUE(text.ends_with("Z\terror\tdp\tstopped\tcode=3 why=\"two words\"\n")) << text;
}

TEST_F(System, SignalsAndEnvironmentAreRead) {
  ::setenv("KUMASIM_SYSTEM_TEST", "a=b", 1);
  EXPECT_EQ(environment_variable("KUMASIM_SYSTEM_TEST"), "a=b");
  EXPECT_EQ(environment().at("KUMASIM_SYSTEM_TEST"), "a=b");
  EXPECT_FALSE(environment_variable("KUMASIM_NO_SUCH_VARIABLE"));
  run([&](Runtime& runtime) -> asio::awaitable<void> {
    Event waiting(runtime.executor);
    auto raise_soon = [](Runtime& r) -> asio::awaitable<void> {
      co_await sleep(r.timers, 50ms);
      ::raise(SIGTERM);
    };
    spawn(runtime.executor, runtime.log, "raise", raise_soon(runtime));
    EXPECT_EQ(co_await wait_for_stop(), SIGTERM);
  });
}

TEST_F(System, KnowsTheMachinesAddresses) {
  auto all = local_addresses();
  EXPECT_NE(std::ranges::find(all, "127.0.0.1"), all.end());
}

/// Only what is opened or started while one is inside belongs there.
TEST_F(System, ANetworkNamespaceIsApart) {
  auto space = NetNamespace::create();
  if (!space) GTEST_SKIP() << space.error().message;
  auto outside = local_addresses();
  {
    NetNamespace::Inside inside(&*space);
    EXPECT_TRUE(local_addresses().empty()) << "its loopback is down";
  }
  EXPECT_EQ(local_addresses(), outside);
  EXPECT_FALSE(space->pin_neighbour("eth0", "10.0.0.1", "02:00:00:00:00:01")) << "it has no such device";
}

}  // namespace
}  // namespace kumasim::live
