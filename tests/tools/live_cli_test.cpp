/// The kumasim binary with real Envoys: a short scenario passes, leaves nothing behind, and says what it cannot do.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace {

namespace fs = std::filesystem;

fs::path binary() { return fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "bin" / "kumasim"; }

struct Outcome {
  int code = -1;
  std::string out;
};

Outcome run(const std::string& arguments) {
  std::FILE* pipe = popen((binary().string() + " " + arguments + " 2>&1").c_str(), "r");
  Outcome outcome;
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> buffer;
  while (std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe))
    outcome.out.append(buffer.data(), count);
  int status = pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return outcome;
}

/// Programs of a live run that still run, by the names of their executables.
int left_behind() {
  int count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::error_code ignored;
    fs::path program = fs::read_symlink(entry.path() / "exe", ignored);
    if (program == binary().parent_path() / "kumasim-echo") ++count;
  }
  return count;
}

class LiveCli : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* program : {"kumasim", "kuma-cp", "kuma-dp", "kumasim-echo"}) {
      if (!fs::exists(binary().parent_path() / program)) GTEST_SKIP() << "there is no " << program;
    }
  }
  std::string write(const std::string& more) {
    fs::path file = fs::path(testing::TempDir()) / ("kumasim-live-test-" + std::to_string(getpid()) + ".yaml");
    std::ofstream(file) << R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: live}
spec:
  duration: 6s
  setup: 120s
  topology:
    services: [{name: web, calls: [backend]}, {name: backend, instances: 2}]
)" << more << R"(
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load: [{from: web, to: backend, rate: 20/s}]
  expect:
  - always: reachable(web -> backend)
  - always: no-plaintext
  - always: converged
)";
    return file.string();
  }
};

TEST_F(LiveCli, RunsOnRealEnvoysAndLeavesNothingBehind) {
  Outcome done = run("run --world live " + write(""));
  EXPECT_EQ(done.code, 0) << done.out;
  EXPECT_NE(done.out.find("PASSED live in the live world"), std::string::npos) << done.out;
  EXPECT_EQ(left_behind(), 0);
}

TEST_F(LiveCli, SaysThatThereIsNoEnvoy) {
  Outcome done = run("run --world live --envoy /nowhere/envoy " + write(""));
  EXPECT_EQ(done.code, 2) << done.out;
  EXPECT_NE(done.out.find("there is no Envoy at `/nowhere/envoy`"), std::string::npos) << done.out;
}

TEST_F(LiveCli, RefusesWhatNeedsNetworkNamespaces) {
  Outcome done = run("run --world live " + write("    links: [{between: [web, backend], delay: 5ms}]"));
  EXPECT_EQ(done.code, 2) << done.out;
  EXPECT_NE(done.out.find("network namespaces"), std::string::npos) << done.out;
}

}  // namespace
