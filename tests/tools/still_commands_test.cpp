/// `kumasim diff`, `check` and `import`: exit codes, formats that parse, and that one's output is another's input.
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "tests/tools/program.hpp"

namespace {

namespace fs = std::filesystem;

using kumasim::program::binary;
using kumasim::program::Outcome;

class StillCommands : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(binary())) GTEST_SKIP() << "there is no " << binary();
    folder_ = fs::path(testing::TempDir()) / ("still-" + std::to_string(getpid()));
    fs::create_directories(folder_ / "policies");
    write("mesh.yaml", R"(
type: Mesh
name: default
mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}
---
type: Dataplane
mesh: default
name: web-0
networking:
  address: 10.0.0.1
  inbound: [{port: 8080, tags: {kuma.io/service: web, kuma.io/protocol: http}}]
  outbound: [{port: 20000, tags: {kuma.io/service: backend}}]
---
type: Dataplane
mesh: default
name: backend-0
networking:
  address: 10.0.0.2
  inbound: [{port: 8080, tags: {kuma.io/service: backend, kuma.io/protocol: http}}]
  outbound: [{port: 20000, tags: {kuma.io/service: web}}]
)");
    fs::copy(folder_ / "mesh.yaml", folder_ / "policies" / "mesh.yaml", fs::copy_options::overwrite_existing);
    write("policies/all.yaml", R"(
apiVersion: kuma.io/v1alpha1
kind: MeshTrafficPermission
metadata: {name: all, namespace: kuma-system, labels: {kuma.io/mesh: default}}
spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}
)");
    write("check.yaml", R"(
apiVersion: kumasim/v1
kind: Check
metadata: {name: shop}
spec:
  policies: policies
  expect: [allowed(web -> backend), mtls(web -> backend)]
)");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// Standard output alone where `errors` is not wanted.
  static Outcome run(const std::string& arguments, bool errors = true) {
    return kumasim::program::run(arguments, errors ? "2>&1" : "2>/dev/null");
  }

  fs::path folder_;
};

TEST_F(StillCommands, DiffGivesAnExitCodeForWhatChanges) {
  std::string pair = path("policies") + " " + path("mesh.yaml");
  Outcome text = run("diff " + pair);
  EXPECT_EQ(text.code, 1) << text.out;
  EXPECT_NE(text.out.find("web -> backend: allowed -> denied (MeshTrafficPermission all"), std::string::npos)
      << text.out;
  EXPECT_EQ(run("diff " + path("policies") + " " + path("policies")).code, 0);
  EXPECT_EQ(run("diff --fail-on plaintext,timeout " + pair).code, 0);
  EXPECT_EQ(run("diff --fail-on denied " + pair).code, 1);
  EXPECT_EQ(run("diff --fail-on sorrow " + pair).code, 2);
  EXPECT_EQ(run("diff " + path("policies") + " " + path("nowhere")).code, 2);
  EXPECT_EQ(nlohmann::json::parse(run("diff --output json " + pair, false).out)["changes"].size(), 2u);
  EXPECT_EQ(YAML::Load(run("diff --output yaml " + pair, false).out)["changes"].size(), 2u);
  EXPECT_EQ(run("diff --output table " + pair).out.substr(0, 4), "FROM");
  Outcome bare = run("diff " + path("policies/all.yaml") + " " + path("policies/all.yaml"));
  EXPECT_EQ(bare.code, 2);
  EXPECT_NE(bare.out.find("--topology"), std::string::npos) << bare.out;
}

/// `more` ends its specification.
std::string scenario(const std::string& topology, const std::string& more = "") {
  return R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: s}
spec:
  duration: 10s
  load: [{from: web, to: backend, rate: 10/s}]
  expect: [{always: reachable(web -> backend)}]
  topology: )" +
         topology + "\n" + more;
}

/// Each after `before`.
std::string listed(const std::vector<std::string>& resources, const std::string& before) {
  std::string out;
  for (const std::string& each : resources) out += before + each + "\n";
  return out;
}

TEST_F(StillCommands, OneGatewayAmongTheResourcesHidesNoService) {
  const std::string services = "{services: [{name: web, calls: [backend]}, {name: backend}]}";
  write("topology.yaml", scenario(services));
  for (const std::string action : {"Allow", "Deny"}) {
    const std::vector<std::string> resources{
        "{type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}",
        "{type: Dataplane, mesh: default, name: edge-0, networking: {address: 10.9.9.9, gateway: {type: BUILTIN, "
        "tags: {kuma.io/service: edge}}}}",
        "{type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, "
        "default: {action: " +
            action + "}}]}}"};
    write(action + ".yaml", scenario(services, "  resources:\n" + listed(resources, "  - ")));
    fs::create_directories(folder_ / action);
    write(action + "/all.yaml", listed(resources, "---\n"));
  }
  const std::string line = "web -> backend: allowed -> denied (MeshTrafficPermission all changed)";
  Outcome scenarios = run("diff " + path("Allow.yaml") + " " + path("Deny.yaml"));
  EXPECT_EQ(scenarios.code, 1);
  EXPECT_NE(scenarios.out.find(line), std::string::npos) << scenarios.out;
  Outcome folders = run("diff " + path("Allow") + " " + path("Deny") + " --topology " + path("topology.yaml"));
  EXPECT_EQ(folders.code, 1);
  EXPECT_NE(folders.out.find(line), std::string::npos) << folders.out;
  write("gateway.yaml", R"(
apiVersion: kumasim/v1
kind: Check
metadata: {name: g}
spec: {policies: Allow, topology: topology.yaml, expect: [allowed(web -> backend)]}
)");
  Outcome checked = run("check " + path("gateway.yaml"));
  EXPECT_EQ(checked.code, 0) << checked.out;
}

TEST_F(StillCommands, ADenialIsFoundThroughAMeshMultiZoneServiceOrMayBeHidden) {
  auto topology = [](const std::string& ref) {
    return "{zones: [{name: east}, {name: west}], services: [{name: backend, zones: [east, west]}, "
           "{name: web, zone: east, calls: [{to: backend, backendRef: " +
           ref + "}]}]}";
  };
  auto pair = [&](const std::string& name, const std::string& ref) {
    std::string out;
    for (const std::string action : {"Allow", "Deny"}) {
      const std::vector<std::string> resources{
          "{type: Mesh, name: default, meshServices: {mode: Exclusive}, mtls: {enabledBackend: ca, "
          "backends: [{name: ca, type: builtin}]}}",
          "{type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, "
          "default: {action: " +
              action + "}}]}}",
          "{type: MeshMultiZoneService, mesh: default, name: be, spec: {selector: {meshService: {matchLabels: "
          "{kuma.io/display-name: backend}}}, ports: [{port: 8080, appProtocol: http}]}}"};
      write(name + action + ".yaml", scenario(topology(ref), "  resources:\n" + listed(resources, "  - ")));
      out += " " + path(name + action + ".yaml");
    }
    return out;
  };
  const std::string all = pair("all", "{kind: MeshMultiZoneService, labels: {kuma.io/display-name: be}}");
  Outcome found = run("diff --fail-on denied,plaintext" + all);
  EXPECT_EQ(found.code, 1);
  EXPECT_NE(found.out.find("web -> be: allowed -> denied (MeshTrafficPermission all changed)"), std::string::npos)
      << found.out;
  const std::string west =
      pair("west", "{kind: MeshService, labels: {kuma.io/display-name: backend, kuma.io/zone: west}}");
  Outcome hidden = run("diff --fail-on denied,plaintext" + west);
  EXPECT_EQ(hidden.code, 1);
  EXPECT_NE(hidden.out.find("web -> backend: configuration is NOT looked at, and may change ("), std::string::npos)
      << hidden.out;
  EXPECT_NE(hidden.out.find("the call of web to backend is NOT looked at: it leads to zone west"), std::string::npos);
  EXPECT_EQ(run("diff --fail-on timeout" + west).code, 0);
}

TEST_F(StillCommands, CheckJudgesAFileAgainstOtherPoliciesToo) {
  EXPECT_EQ(run("check " + path("check.yaml")).code, 0) << run("check " + path("check.yaml")).out;
  Outcome broken = run("check " + path("check.yaml") + " --policies " + path("mesh.yaml"));
  EXPECT_EQ(broken.code, 1) << broken.out;
  EXPECT_NE(broken.out.find("BROKEN allowed(web -> backend): denied"), std::string::npos) << broken.out;
  auto json = nlohmann::json::parse(run("check --output json " + path("check.yaml"), false).out);
  EXPECT_EQ(json[0]["verdicts"][0]["seen"], "allowed");
  EXPECT_NE(run("check --output junit " + path("check.yaml")).out.find("tests=\"2\" failures=\"0\""),
            std::string::npos);
  write("bad.yaml",
        "apiVersion: kumasim/v1\nkind: Check\nmetadata: {name: b}\nspec: {policies: policies, expect: [alowed(a -> "
        "b)]}\n");
  Outcome bad = run("check " + path("bad.yaml"));
  EXPECT_EQ(bad.code, 2);
  EXPECT_NE(bad.out.find("bad.yaml:4:"), std::string::npos) << bad.out;
}

TEST_F(StillCommands, ImportMakesAScenarioThatRuns) {
  ASSERT_EQ(run("import " + path("policies") + " --name twin --out " + path("twin.yaml")).code, 0);
  Outcome valid = run("validate " + path("twin.yaml"));
  EXPECT_EQ(valid.code, 0) << valid.out;
  Outcome same = run("diff " + path("policies") + " " + path("twin.yaml") +
                     " --fail-on denied,allowed,unreachable,plaintext,unauthenticated,encrypted");
  EXPECT_EQ(same.code, 0) << same.out;
  Outcome ran = run("run " + path("twin.yaml"));
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_EQ(run("import http://127.0.0.1:1").code, 2);
  EXPECT_NE(run("import --help").out.find("KUMASIM_TOKEN"), std::string::npos);
}

}  // namespace
