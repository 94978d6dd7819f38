/// The kumasim binary with real Envoys: a short scenario passes, leaves nothing behind, and says what it cannot do;
/// ways are cut, and an interrupt ends all.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "tests/scenarios/changes.hpp"
#include "tests/tools/program.hpp"

namespace {

namespace fs = std::filesystem;

using kumasim::program::binary;
using kumasim::program::Outcome;
using kumasim::program::run;

/// Applications of a live run that still run, by the name of their executable.
std::vector<pid_t> echoes() {
  std::vector<pid_t> out;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::error_code ignored;
    fs::path program = fs::read_symlink(entry.path() / "exe", ignored);
    if (program == binary().parent_path() / "kumasim-echo") out.push_back(std::stoi(entry.path().filename().string()));
  }
  return out;
}

int left_behind() { return static_cast<int>(echoes().size()); }

class LiveCli : public testing::Test {
 protected:
  static constexpr const char* steady = R"(  expect:
  - always: reachable(web -> backend)
  - always: no-plaintext
  - always: converged
)";
  void SetUp() override {
    for (const char* program : {"kumasim", "kuma-cp", "kuma-dp", "kumasim-echo"}) {
      if (!fs::exists(binary().parent_path() / program)) GTEST_SKIP() << "there is no " << program;
    }
    std::string pattern = (fs::temp_directory_path() / "klive-XXXXXX").string();  // short: sockets are made in it
    folder_ = ::mkdtemp(pattern.data());
    fs::create_directory(folder_ / "tmp");
    if (const char* value = std::getenv("TMPDIR")) before_ = value;
    ::setenv("TMPDIR", (folder_ / "tmp").c_str(), 1);
  }
  void TearDown() override {
    if (folder_.empty()) return;
    for (const auto& left : fs::directory_iterator(folder_ / "tmp")) ADD_FAILURE() << "left behind: " << left.path();
    if (before_) ::setenv("TMPDIR", before_->c_str(), 1);
    else ::unsetenv("TMPDIR");
    fs::remove_all(folder_);
  }
  /// `more` ends the topology; `rest` is the end of the file.
  std::string write(const std::string& more, const std::string& rest = steady) const {
    fs::path file = folder_ / "live.yaml";
    std::ofstream(file) << R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: live}
spec:
)" << "  duration: " << (rest == steady ? "6s" : "18s")
                        << R"(
  setup: 120s
  topology:
    services: [{name: web, calls: [backend]}, {name: backend, instances: 2}]
)" << more << R"(
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load: [{from: web, to: backend, rate: 20/s}]
)" << rest;
    return file.string();
  }

  fs::path folder_;

 private:
  std::optional<std::string> before_;  ///< TMPDIR, which leads into the folder while a test runs
};

TEST_F(LiveCli, RunsOnRealEnvoysAndLeavesNothingBehind) {
  Outcome done = run("run --world live " + write(""));
  EXPECT_EQ(done.code, 0) << done.out;
  EXPECT_NE(done.out.find("PASSED live in the live world"), std::string::npos) << done.out;
  EXPECT_EQ(left_behind(), 0);
}

TEST_F(LiveCli, ARefusedUpdateBreaksConvergedAndIsPrinted) {
  std::string file = write("", "  changes:\n  - at: 1s\n" + kumasim::changes::refused_route + R"(  expect:
  - always: reachable(web -> backend)
  - eventually: {after: 8s, within: 8s, that: converged}
)");
  Outcome done = run("run --world live " + file);
  EXPECT_EQ(done.code, 1) << done.out;
  EXPECT_NE(done.out.find("web-0 refused the last Listener: "), std::string::npos) << done.out;
  EXPECT_NE(done.out.find("missing ]"), std::string::npos) << done.out;
}

/// The bad route is gone before Envoy's counters are read the next time, as a rule.
TEST_F(LiveCli, ARefusalThatWasMadeGoodAtOnceDoesNotStay) {
  std::string file = write("", "  changes:\n  - at: 1s\n" + kumasim::changes::refused_route +
                                   R"(  - {at: 1100ms, delete: {type: MeshHTTPRoute, name: bad-pattern}}
  expect:
  - always: reachable(web -> backend)
  - eventually: {after: 2s, within: 8s, that: converged}
)");
  Outcome done = run("run --world live " + file);
  EXPECT_EQ(done.code, 0) << done.out;
}

TEST_F(LiveCli, APolicyIsAppliedToWhomItIsAbout) {
  std::string file = write("", "  changes:\n  - at: 1s\n" + kumasim::changes::endpoints_only + R"(  - at: 2s
    apply:
      type: MeshTimeout
      mesh: default
      name: for-nobody
      spec:
        targetRef: {kind: MeshService, name: nobody}
        to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 5s}}}]
  - at: 3s
    apply:
      type: MeshTimeout
      mesh: default
      name: for-all
      spec: {to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 6s}}}]}
  expect:
  - eventually: {after: 1s, within: 4s, that: policy-applied(MeshLoadBalancingStrategy/zones)}
  - eventually: {after: 3s, within: 4s, that: policy-applied(MeshTimeout/for-all)}
  - eventually: {after: 2s, within: 8s, that: policy-applied(MeshTimeout/for-nobody)}
)");
  Outcome done = run("run --world live " + file);
  EXPECT_EQ(done.code, 1) << done.out;
  EXPECT_NE(done.out.find("in all 1 proxies that it is about"), std::string::npos) << done.out;
  EXPECT_NE(done.out.find("in all 3 proxies that it is about"), std::string::npos) << done.out;
  EXPECT_NE(done.out.find("it is about no running proxy"), std::string::npos) << done.out;
}

TEST_F(LiveCli, AProcessThatDiesByItselfFailsTheRun) {
  std::string file = write("", "  expect: [{always: no-plaintext}]\n");
  std::string output = file + ".out";
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (std::freopen(output.c_str(), "w", stdout) == nullptr) _exit(126);
    execl(binary().c_str(), "kumasim", "run", "--world", "live", file.c_str(), nullptr);
    _exit(127);
  }
  for (int i = 0; i < 300 && echoes().size() < 3; ++i) usleep(100'000);
  sleep(8);  // until the mesh is up
  std::vector<pid_t> running = echoes();
  EXPECT_EQ(running.size(), 3u);
  if (!running.empty()) kill(running[0], SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  std::ifstream in(output);
  std::string out{std::istreambuf_iterator<char>(in), {}};
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << status << "\n" << out;
  EXPECT_NE(out.find("problem: at "), std::string::npos) << out;
  EXPECT_NE(out.find(" ended with signal 9 (Killed)"), std::string::npos) << out;
  EXPECT_EQ(left_behind(), 0);
}

TEST_F(LiveCli, TheApplicationRefusesALawThatItDoesNotHave) {
  std::string echo = (binary().parent_path() / "kumasim-echo").string();
  Outcome done = kumasim::program::shell("timeout 60 " + echo + " --port 0 --law triangular 2>&1");
  EXPECT_EQ(done.code, 105) << done.out;  // CLI11's ValidationError
  EXPECT_NE(done.out.find("bimodal"), std::string::npos) << done.out;
}

TEST_F(LiveCli, SaysThatThereIsNoEnvoy) {
  Outcome done = run("run --world live --envoy /nowhere/envoy " + write(""));
  EXPECT_EQ(done.code, 2) << done.out;
  EXPECT_NE(done.out.find("there is no Envoy at `/nowhere/envoy`"), std::string::npos) << done.out;
}

TEST_F(LiveCli, SaysThatThereIsNoControlPlaneWithPlantedBugs) {
  fs::path programs = binary().parent_path().parent_path() / ("live-programs-" + std::to_string(getpid()));
  fs::create_directory(programs);
  for (const char* program : {"kumasim", "kuma-cp", "kuma-dp", "kumasim-echo"})
    fs::create_hard_link(binary().parent_path() / program, programs / program);
  std::string command = (programs / "kumasim").string() + " run --world live --planted-bug rbac-rule-dropped ";
  Outcome done = kumasim::program::shell(command + "--envoy /nowhere/envoy " + write("") + " 2>&1");
  fs::remove_all(programs);
  EXPECT_EQ(done.code, 2) << done.out;
  EXPECT_NE(done.out.find("no program at " + (programs / "kuma-cp-planted").string()), std::string::npos) << done.out;
}

TEST_F(LiveCli, RefusesFaultsThatTheWorldDoesNotHave) {
  Outcome done = run("run --world live " + write("",
                                                 "  faults: [{at: 2s, fault: tcp.slice, bytes: 5, target: web-0}]\n"
                                                 "  expect: [{always: no-plaintext}]\n"));
  EXPECT_EQ(done.code, 2) << done.out;
  EXPECT_NE(done.out.find("spec.faults[0].fault: tcp.slice does not work in the live world: "), std::string::npos)
      << done.out;
}

TEST_F(LiveCli, CutsTheWayBetweenProcesses) {
  if (geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
  std::string file = write("", R"(  faults: [{at: 2s, for: 4s, fault: net.partition, between: [web, backend]}]
  expect:
  - during: {to: 1500ms, that: "latency(web -> backend, p50) <= 200ms"}
  - during: {from: 2100ms, to: 5s, that: "latency(web -> backend, p10) >= 500ms"}
  - eventually: {after: 6s, within: 12s, that: reachable(web -> backend)}
  - always: no-plaintext
)");
  Outcome done = run("run --world live " + file);
  EXPECT_EQ(done.code, 0) << done.out;
  EXPECT_EQ(left_behind(), 0);
}

TEST_F(LiveCli, BothWorldsSlowTheSameLinkAndResetItsConnections) {
  if (geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
  if (!fs::exists("/dev/net/tun")) GTEST_SKIP() << "there is no /dev/net/tun";
  std::string file = write("", R"(  faults:
  - {at: 3s, for: 5s, fault: net.delay, between: [web, backend], delay: {law: lognormal, p50: 40ms, p99: 60ms}}
  - {at: 12s, fault: tcp.reset, between: [web, backend]}
  expect:
  - during: {to: 2s, that: "latency(web -> backend, p50) <= 60ms"}
  - during: {from: 3500ms, to: 7500ms, that: "latency(web -> backend, p50) in 75ms..120ms"}
  - during: {from: 9s, to: 11s, that: "latency(web -> backend, p50) <= 60ms"}
  - eventually: {after: 12s, within: 6s, that: reachable(web -> backend)}
  - always: no-plaintext
)");
  Outcome done = run("run --world both " + file);
  EXPECT_EQ(done.code, 0) << done.out;
  for (const char* line : {"  3s  slow the link of web and backend", "  8s  restore the link of web and backend",
                           " 12s  reset the connections of web and backend"}) {
    std::size_t simulated = done.out.find(line);
    ASSERT_NE(simulated, std::string::npos) << line << "\n" << done.out;
    EXPECT_NE(done.out.find(line, simulated + 1), std::string::npos) << line << "\n" << done.out;
  }
  EXPECT_EQ(left_behind(), 0);
}

/// Two minutes, where KUMASIM_LIVE_FAULTS=all asks for it.
TEST_F(LiveCli, BothWorldsHaveTheFaultsOfLinks) {
  const char* wanted = std::getenv("KUMASIM_LIVE_FAULTS");
  if (wanted == nullptr || std::string(wanted) != "all") GTEST_SKIP() << "KUMASIM_LIVE_FAULTS=all asks for it";
  if (geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
  Outcome done = run("run --world both scenarios/link-faults.yaml");
  std::printf("%s\n", done.out.c_str());
  EXPECT_EQ(done.code, 0);
  EXPECT_EQ(left_behind(), 0);
}

TEST_F(LiveCli, AnInterruptEndsEverything) {
  if (geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
  std::string file = write("",
                           "  faults: [{at: 2s, for: 4s, fault: net.partition, between: [web, backend]}]\n"
                           "  expect: [{always: no-plaintext}]\n");
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    execl(binary().c_str(), "kumasim", "run", "--world", "live", file.c_str(), "--report", "/dev/null", nullptr);
    _exit(127);
  }
  for (int i = 0; i < 300 && left_behind() < 3; ++i) usleep(100'000);
  EXPECT_EQ(left_behind(), 3) << "the applications run";
  kill(child, SIGINT);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 2) << status;
  EXPECT_EQ(left_behind(), 0);
  EXPECT_FALSE(fs::exists(fs::temp_directory_path() / ("kumasim-live-" + std::to_string(child))));
}

}  // namespace
