/// What the loader refuses, with the place, the field and the hint of each error.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/scenarios/scenario_texts.hpp"

namespace kumasim::scenario {
namespace {

constexpr std::string_view small = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: small}
spec:
  duration: 30s
  topology:
    services:
    - {name: web, calls: [backend]}
    - {name: backend, instances: 2}
  resources:
  - {type: Mesh, name: default}
  load:
  - {from: web, to: backend, rate: 10/s}
  expect:
  - always: no-plaintext
)";

/// The scenario above with a part replaced.
std::string replaced(std::string_view from, std::string_view to) { return scenario::replaced(small, from, to); }

TEST(Loader, ReadsAScenario) {
  auto loaded = load_scenario(small, "s.yaml");
  ASSERT_TRUE(loaded) << errors(std::string(small));
  EXPECT_EQ(loaded->name, "small");
  EXPECT_EQ(loaded->duration, std::chrono::seconds(30));
  ASSERT_EQ(loaded->instances.size(), 3u);
  EXPECT_EQ(loaded->instances[2].process, "backend-1");
  EXPECT_EQ(loaded->instances[2].tags.at("kuma.io/service"), "backend");
  ASSERT_EQ(loaded->load.size(), 1u);
  EXPECT_EQ(loaded->load[0].between_calls, std::chrono::milliseconds(100));
  EXPECT_EQ(loaded->load[0].end, std::chrono::seconds(30));
}

struct Refused {
  const char* name;
  const char* from;
  const char* to;
  std::vector<const char*> parts;  // all of them stand in the errors
};

class LoaderRefuses : public testing::TestWithParam<Refused> {};

TEST_P(LoaderRefuses, AndSaysWhereAndWhy) {
  std::string text = errors(replaced(GetParam().from, GetParam().to));
  ASSERT_FALSE(text.empty());
  for (const char* part : GetParam().parts)
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, LoaderRefuses,
    testing::ValuesIn(std::vector<Refused>{
        {"UnknownField",
         "  duration:",
         "  durration:",
         {"s.yaml:5:3: spec.durration: unknown field", "did you mean `duration`?", "field `duration` is missing"}},
        {"WrongType",
         "instances: 2",
         "instances: two",
         {"s.yaml:9:23", "spec.topology.services[1].instances", "expected a whole number from 0 to 1000, found `two`"}},
        {"NumberOutOfRange", "instances: 2", "instances: 1001", {"from 0 to 1000"}},
        {"QuotedNumberIsText", "instances: 2", "instances: '2'", {"found `2`"}},
        {"BadDuration", "duration: 30s", "duration: 30", {"expected a duration such as 500ms, 20s or 1h30m, found 30"}},
        {"ZeroDuration", "duration: 30s", "duration: 0s", {"must be above 0s"}},
        {"UnknownService",
         "calls: [backend]",
         "calls: [backnd]",
         {"there is no service `backnd`", "did you mean `backend`?"}},
        {"LoadWithoutOutbound",
         "from: web, to: backend",
         "from: backend, to: web",
         {"`backend` has no outbound to `web`"}},
        {"BadRate", "rate: 10/s", "rate: 10", {"expected a rate such as 50/s"}},
        {"UnknownMesh",
         "name: backend, instances: 2",
         "name: backend, mesh: prod, instances: 2",
         {"there is no mesh `prod`"}},
        {"ResourceInUnknownMesh",
         "{type: Mesh, name: default}",
         "{type: MeshTrafficPermission, mesh: prod, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: "
         "{action: Allow}}]}}",
         {"mesh `prod`"}},
        {"ResourceUnknownKind",
         "{type: Mesh, name: default}",
         "{type: Mash, name: default}",
         {"s.yaml:11:", "spec.resources[0]"}},
        {"ResourceUnknownField",
         "{type: Mesh, name: default}",
         "{type: Mesh, name: default, mtsl: {}}",
         {"spec.resources[0]", "mtsl"}},
        {"DuplicateService", "name: backend, instances", "name: web, instances", {"stands above already"}},
        {"DuplicateKey", "  duration: 30s", "  duration: 30s\n  duration: 40s", {"stands here twice"}},
        {"BadName", "name: backend, instances", "name: Back_End, instances", {"small letters, digits and dashes"}},
        {"UnknownExpectation",
         "no-plaintext",
         "no-plaintxt",
         {"s.yaml:15:5", "unknown expectation `no-plaintxt`", "did you mean `no-plaintext`?"}},
        {"ExpectationWithoutComparison", "no-plaintext", "availability(web -> backend)", {"a comparison is missing"}},
        {"ExpectationUnknownService", "no-plaintext", "reachable(web -> bakend)", {"there is no service `bakend`"}},
        {"ExpectationWithoutLoad",
         "no-plaintext",
         "reachable(backend -> web)",
         {"there is no load from `backend` to `web`"}},
        {"ExpectationTwoModes",
         "always: no-plaintext",
         "{always: no-plaintext, during: {that: converged}}",
         {"expected exactly one of always, during, eventually"}},
        {"PolicyOfNobody",
         "always: no-plaintext",
         "always: policy-applied(Mesh/defualt)",
         {"s.yaml:15:5: spec.expect[0].always: no resource `Mesh/defualt` is applied", "did you mean `Mesh/default`?"}},
        {"PolicyOfTwoKinds",
         "  load:\n  - {from: web, to: backend, rate: 10/s}\n  expect:\n  - always: no-plaintext",
         "  - {type: MeshTrafficPermission, mesh: default, name: default, spec: {from: [{targetRef: {kind: Mesh}, "
         "default: {action: Allow}}]}}\n  expect:\n  - always: policy-applied(default)",
         {"s.yaml:14:5: spec.expect[0].always: `default` is the name of a Mesh and of a MeshTrafficPermission",
          "say which: policy-applied(Mesh/default)"}},
        {"PolicyThatIsNone",
         "  load:\n  - {from: web, to: backend, rate: 10/s}\n  expect:\n  - always: no-plaintext",
         "  - {type: ExternalService, mesh: default, name: far, tags: {kuma.io/service: far}, networking: {address: "
         "'192.0.2.1:80'}}\n  expect:\n  - always: policy-applied(ExternalService/far)",
         {"s.yaml:14:5: spec.expect[0].always: ExternalService is no kind of policy", "name a policy or a Mesh"}},
        {"ChangeInUnknownMesh",
         "  expect:",
         "  changes:\n  - {at: 1s, delete: {type: MeshRetry, mesh: defalt, name: x}}\n  expect:",
         {"s.yaml:15:", "spec.changes[0].delete.mesh: there is no mesh `defalt`", "did you mean `default`?"}},
        {"WindowAfterTheEnd",
         "always: no-plaintext",
         "eventually: {after: 25s, within: 10s, that: converged}",
         {"the window ends after the run"}},
        {"EmptyRange",
         "always: no-plaintext",
         "always: share(web -> backend, version=v1) in 93%..87%",
         {"the range is empty"}},
        {"ShareOfATagThatNobodyHas",
         "always: no-plaintext",
         "always: share(web -> backend, verison=v1) <= 10%",
         {"spec.expect[0].always: no instance has a tag `verison`; expected one of kuma.io/"}},
        {"ShareOfAValueThatNobodyHas",
         "always: no-plaintext",
         "always: share(web -> backend, kuma.io/service=backnd) <= 10%",
         {"no instance has kuma.io/service=backnd; its values are backend, web", "did you mean `backend`?"}},
        {"RateAboveAll", "rate: 10/s", "rate: 100000000/s", {"expected a rate above 0 and at most 1000000/s"}},
        {"PathWithoutASlash", "rate: 10/s", "rate: 10/s, path: api", {"spec.load[0].path: a path begins with /"}},
        {"FaultUnknown",
         "  expect:",
         "  faults:\n  - {fault: proc.kil, at: 1s, target: web-0}\n  expect:",
         {"did you mean `proc.kill`?"}},
        {"FaultUnknownTarget",
         "  expect:",
         "  faults:\n  - {fault: proc.kill, at: 1s, target: web-7}\n  expect:",
         {"there is no process or service `web-7`"}},
        {"FaultOnAService",
         "  expect:",
         "  faults:\n  - {fault: proc.kill, at: 1s, target: web}\n  expect:",
         {"`web` is a service; expected one process"}},
        {"FaultWithoutTarget",
         "  expect:",
         "  faults:\n  - {fault: proc.kill, at: 1s}\n  expect:",
         {"needs either `target` or `select`"}},
        {"FaultPicksTooMany",
         "  expect:",
         "  faults:\n  - {fault: proc.kill, at: 1s, select: {service: backend, pick: 3}}\n  expect:",
         {"2 instances fit, 3 are to be picked"}},
        {"FaultFieldWithoutMeaning",
         "  expect:",
         "  faults:\n  - {fault: net.partition, at: 1s, between: [web, backend], loss: 1%}\n  expect:",
         {"has no meaning for net.partition"}},
        {"FaultAfterTheEnd",
         "  expect:",
         "  faults:\n  - {fault: proc.kill, at: 31s, target: web-0}\n  expect:",
         {"is after the end of the run"}},
        {"EmptySpan",
         "  expect:",
         "  faults:\n  - {fault: proc.kill, at: [9s, 3s], target: web-0}\n  expect:",
         {"the range is empty"}},
        {"LawWithoutItsField",
         "name: backend,",
         "name: backend, latency: {law: lognormal, p50: 1ms},",
         {"law `lognormal` needs p50 and p99"}},
        {"ChangeWithNeither", "  expect:", "  changes:\n  - {at: 1s}\n  expect:", {"needs either `apply` or `delete`"}},
        {"OverrideOfNothing",
         "  expect:",
         "  overrides:\n  - {type: Mesh, name: other, set: {/mtls: x}}\n  expect:",
         {"there is no Mesh `other`"}},
        {"FileThatIsNot", "{type: Mesh, name: default}", "{file: nowhere.yaml}", {"nowhere.yaml` cannot be read"}},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Loader, ADurationThatIsTooLongIsOneError) {
  EXPECT_EQ(errors(replaced("duration: 30s", "duration: 9999999d")),
            "s.yaml:5:3: spec.duration: expected a duration of at most ten years\n");
}

TEST(Loader, EveryTruncationIsRefusedOrRead) {
  for (std::size_t length = 0; length < small.size(); ++length) {
    auto loaded = load_scenario(small.substr(0, length), "s.yaml");
    if (!loaded) {
      ASSERT_FALSE(loaded.error().empty()) << length;
      EXPECT_FALSE(loaded.error()[0].message.empty());
    }
  }
}

TEST(Loader, TruncatedYamlNamesThePlace) {
  std::string text = errors(std::string(small.substr(0, small.find("}\n    - {name: backend"))));
  EXPECT_NE(text.find("s.yaml:"), std::string::npos) << text;
  EXPECT_NE(text.find("is not YAML"), std::string::npos) << text;
}

TEST(Loader, ReadsResourcesFromFiles) {
  namespace fs = std::filesystem;
  fs::path folder = fs::path(testing::TempDir()) / ("kumasim-loader-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "mesh.yaml") << "type: Mesh\nname: default\n---\ntype: Mesh\nname: other\n";
  std::string text = replaced("{type: Mesh, name: default}", "{file: mesh.yaml}");
  auto loaded = load_scenario(text, (folder / "s.yaml").string());
  ASSERT_TRUE(loaded) << loaded.error()[0].text();
  EXPECT_EQ(loaded->resources.size(), 2u);
  std::ofstream(folder / "mesh.yaml") << "type: Mesh\nname: default\nmtlz: {}\n";
  auto refused = load_scenario(text, (folder / "s.yaml").string());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error()[0].text().find("mesh.yaml"), std::string::npos) << refused.error()[0].text();
  fs::remove_all(folder);
}

TEST(Loader, OverridesChangeAResourceAndAreTold) {
  std::string text =
      replaced("{type: Mesh, name: default}",
               "{apiVersion: kuma.io/v1alpha1, kind: Mesh, metadata: {name: default}, spec: {mtls: {enabledBackend: "
               "ca, backends: [{name: ca, type: builtin, dpCert: {rotation: {expiration: 1d}}}]}}}");
  text.replace(
      text.find("  load:"), 0,
      "  overrides:\n  - {type: Mesh, name: default, set: {/mtls/backends/0/dpCert/rotation/expiration: 100s}}\n");
  auto loaded = load_scenario(text, "s.yaml");
  ASSERT_TRUE(loaded) << errors(text);
  EXPECT_EQ(loaded->resources[0].body["spec"]["mtls"]["backends"][0]["dpCert"]["rotation"]["expiration"], "100s");
  ASSERT_EQ(loaded->overrides.size(), 1u);
  EXPECT_NE(loaded->overrides[0].find("1d"), std::string::npos);
}

TEST(Loader, TellsOfADataplaneThatTheTopologyMakes) {
  auto loaded = load_scenario(replaced("{type: Mesh, name: default}",
                                       "{type: Mesh, name: default}\n  - {type: Dataplane, mesh: default, name: web-0, "
                                       "networking: {address: 10.9.9.9, inbound: [{port: 80, tags: {kuma.io/service: "
                                       "web}}]}}"),
                              "s.yaml");
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->overrides.size(), 1u);
  EXPECT_EQ(
      loaded->overrides[0].rfind("Dataplane web-0: that of the topology's instance is used instead of s.yaml:", 0), 0u)
      << loaded->overrides[0];
}

TEST(Loader, AClearNameOfAPolicyGetsItsKind) {
  auto loaded = load_scenario(replaced("always: no-plaintext", "always: policy-applied(default)"), "s.yaml");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->expectations.at(0).that.type, "Mesh");
}

TEST(Loader, TheScenariosOfTheProjectAreValid) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios")) {
    if (entry.path().extension() != ".yaml") continue;
    auto loaded = load_scenario_file(entry.path().string());
    EXPECT_TRUE(loaded) << loaded.error()[0].text();
    ++count;
  }
  EXPECT_GE(count, 4u);
}

}  // namespace
}  // namespace kumasim::scenario
