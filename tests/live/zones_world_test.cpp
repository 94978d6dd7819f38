/// Scenarios of many zones on real Envoys: Global, zones, zone proxies and instances as processes, each in a network
/// namespace of its own. A small one always; those of scenarios/multizone where KUMASIM_LIVE_ZONES=all asks for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/tools/program.hpp"

namespace {

namespace fs = std::filesystem;

using kumasim::program::binary;
using kumasim::program::Outcome;
using kumasim::program::run;
using kumasim::program::shell;
using testing::HasSubstr;

/// web in both zones, backend in west only; the way from one zone to the other is cut, then a control plane restarts.
constexpr const char* small = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: small}
spec:
  duration: 13s
  setup: 120s
  topology:
    zones: [{name: east}, {name: west}]
    links: [{between: [east, west], delay: 20ms}]
    services: [{name: web, zone: east, calls: [backend]}, {name: backend, zone: west}]
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load: [{from: web, to: backend, rate: 10/s, timeout: 1s}]
  changes:
  - {at: 500ms, apply: {type: MeshTimeout, mesh: default, name: t, spec: {targetRef: {kind: MeshService, name: web}, to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 3s}}]}}}
  faults:
  - {at: 4s, for: 2s, fault: net.partition, between: [east, west], direction: oneWay}
  - {at: 4s, fault: proc.restart, target: kuma-cp-west}
  expect:
  - always: no-plaintext
  - during: {to: 3s, that: availability(web -> backend) >= 90%}
  - during: {to: 3s, that: "latency(web -> backend, p10) >= 40ms"}
  - during: {to: 3s, that: "share(web -> backend, kuma.io/zone=west) == 100%"}
  - eventually: {after: 500ms, within: 3500ms, that: policy-applied(MeshTimeout/t)}
  - during: {from: 4200ms, to: 4900ms, that: blocked(web -> backend)}
  - eventually: {after: 6s, within: 7s, that: reachable(web -> backend)}
  - eventually: {after: 6s, within: 7s, that: converged}
)";

class LiveZones : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* program : {"kumasim", "kuma-cp", "kuma-dp", "kumasim-echo"}) {
      if (!fs::exists(binary().parent_path() / program)) GTEST_SKIP() << "there is no " << program;
    }
    if (geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
    if (!fs::exists(ENVOY)) GTEST_SKIP() << "no Envoy executable";
    for (std::string needed : {"unshare --net true", "PATH=$PATH:/usr/sbin ip -V", ": </dev/net/tun"}) {
      Outcome tried = shell("(" + needed + ") 2>&1");
      if (tried.code != 0) GTEST_SKIP() << needed << ": " << tried.out;
    }
    std::string pattern = (fs::temp_directory_path() / "kzones-XXXXXX").string();  // short: sockets are made in it
    folder_ = ::mkdtemp(pattern.data());
    std::ofstream(folder_ / "small.yaml") << small;
    ::setenv("KUMASIM_TEST_FOLDER", folder_.c_str(), 1);
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  /// What this test's runs have started and what still runs of it, kumasim and shells aside.
  int left_behind() const {
    const std::string mark = "KUMASIM_TEST_FOLDER=" + folder_.string();
    int out = 0;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      fs::path program = fs::read_symlink(entry.path() / "exe", ignored).filename();
      if (program != "kuma-cp" && program != "kuma-dp" && program != "kumasim-echo" && program != "envoy" &&
          program != "postgres")
        continue;
      std::ifstream in(entry.path() / "environ", std::ios::binary);
      std::string environment{std::istreambuf_iterator<char>(in), {}};
      if (environment.find(mark) != std::string::npos) ++out;
    }
    return out;
  }
  bool comes_to_run(int wanted) const {
    for (int i = 0; i < 600; ++i) {
      if (left_behind() == wanted) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }

  std::string file() const { return (folder_ / "small.yaml").string(); }

  fs::path folder_;
};

TEST_F(LiveZones, CallEachOtherAndAreCutOff) {
  Outcome done = run("run --world live " + file());
  EXPECT_EQ(done.code, 0) << done.out;
  EXPECT_THAT(done.out, HasSubstr("PASSED small in the live world"));
  EXPECT_EQ(left_behind(), 0);
}

/// Three control planes; kuma-dp and Envoy of two ingresses and two instances; two applications.
TEST_F(LiveZones, EndWithARunThatIsKilledAndLeaveNothingForTheNext) {
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    execl(binary().c_str(), "kumasim", "run", "--world", "live", file().c_str(), "--report", "/dev/null", nullptr);
    _exit(127);
  }
  EXPECT_TRUE(comes_to_run(3 + 2 * 4 + 2)) << left_behind();
  fs::path scratch = fs::temp_directory_path() / ("kumasim-live-" + std::to_string(child));
  EXPECT_TRUE(fs::exists(scratch));
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(comes_to_run(0)) << left_behind();
  Outcome next = run("run --world live --envoy /nowhere/envoy " + file());
  EXPECT_EQ(next.code, 2) << next.out;
  EXPECT_FALSE(fs::exists(scratch));
}

/// A control plane of two replicas, whose leader is gone, whose lease is taken and whose store starts again.
constexpr const char* replicas = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: replicas}
spec:
  duration: 20s
  setup: 120s
  topology:
    controlPlanes: [{replicas: 2}]
    services: [{name: web, calls: [backend]}, {name: backend}]
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load: [{from: web, to: backend, rate: 10/s}]
  changes:
  - {at: 2s, apply: {type: MeshTimeout, mesh: default, name: t, spec: {to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 3s}}]}}}
  faults:
  - {at: 1s, for: 9s, fault: proc.kill, target: kuma-cp-1}
  - {at: 11s, fault: proc.restart, target: kuma-cp-store}
  - {at: 14s, for: 3s, fault: store.leaderFlap, period: 1s, target: kuma-cp-store}
  expect:
  - always: failed-calls == 0
  - eventually: {after: 2s, within: 7s, that: policy-applied(MeshTimeout/t)}
  - eventually: {after: 12s, within: 8s, that: converged}
)";

TEST_F(LiveZones, HaveReplicasOfAControlPlane) {
  for (std::string needed : {"PATH=$PATH:/usr/sbin nft -v", "ls /usr/lib/postgresql/*/bin/initdb"}) {
    Outcome tried = shell("(" + needed + ") 2>&1");
    if (tried.code != 0) GTEST_SKIP() << needed << ": " << tried.out;
  }
  std::ofstream(folder_ / "small.yaml") << replicas;
  Outcome done = run("run --world live " + file());
  EXPECT_EQ(done.code, 0) << done.out;
  EXPECT_THAT(done.out, HasSubstr("PASSED replicas in the live world"));
  EXPECT_EQ(left_behind(), 0);
}

TEST_F(LiveZones, SayThatOthersThanRootCannotRunThem) {
  fs::permissions(folder_, fs::perms::all);
  std::string command =
      "cd / && setpriv --reuid 65534 --clear-groups --bounding-set -all env TMPDIR=" + folder_.string() + " " +
      binary().string() + " run --world live " + file() + " 2>&1";
  Outcome done = shell(command);
  if (done.code == 126 || done.code == 127)
    GTEST_SKIP() << "there is no setpriv(1), or others may not run what root has built: " << done.out;
  EXPECT_EQ(done.code, 2) << done.out;
  EXPECT_THAT(done.out,
              HasSubstr("spec.topology.zones needs a network namespace for each process, and that needs root"));
}

class TableOfFailures : public LiveZones, public testing::WithParamInterface<std::string> {};

TEST_P(TableOfFailures, HoldsOnRealEnvoys) {
  const char* wanted = std::getenv("KUMASIM_LIVE_ZONES");
  if (wanted == nullptr || std::string(wanted) != "all") GTEST_SKIP() << "KUMASIM_LIVE_ZONES=all asks for it";
  Outcome done = run("run --world both scenarios/" + GetParam() + ".yaml");
  std::printf("%s\n", done.out.c_str());
  EXPECT_EQ(done.code, 0);
  EXPECT_EQ(left_behind(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, TableOfFailures,
                         testing::Values("control-plane-replicas", "multizone/global-offline",
                                         "multizone/global-replica-lost", "multizone/global-split",
                                         "multizone/link-cut", "multizone/locality-failover", "multizone/mesh-services",
                                         "multizone/streams-dropped", "multizone/trust-during-rotation",
                                         "multizone/zone-control-plane-offline", "multizone/zone-lost",
                                         "multizone/zone-replica-lost"),
                         [](const auto& tested) {
                           std::string name = tested.param.substr(tested.param.find('/') + 1);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
