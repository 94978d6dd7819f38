/// The rules above the store: what a new mesh gets, what may not be removed, which labels are added.
#include <gtest/gtest.h>

#include "reference-cp/manager/defaults.hpp"
#include "reference-cp/manager/manager.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/memory.hpp"
#include "store/run_now.hpp"

namespace kumasim::cp::testing {
namespace {

using nlohmann::json;

class FixedClock : public Clock {
 public:
  WallTime wall_now() const override { return WallTime(std::chrono::seconds(1'800'000'000)); }
  MonotonicTime now() const override { return MonotonicTime{}; }
};

/// Makes the builtin CA's two secrets, as identity/ does, with bytes that say what they are.
class TwoSecrets : public Authorities {
 public:
  explicit TwoSecrets(Store& store) : store_(store) {}

  asio::awaitable<Violations> validate(const Resource& mesh) override {
    Violations out;
    if (mesh.meta.name == "bad-ca") out.add(Path("mtls.backends[0].conf"), "not usable");
    co_return out;
  }

  asio::awaitable<Result<std::vector<Resource>>> missing(const Resource& mesh) override {
    std::vector<Resource> out;
    if (mesh.meta.name == "no-keys") co_return fail(Code::internal, "no key can be made");
    auto mtls = mesh.spec.find("mtls");
    if (mtls == mesh.spec.end()) co_return out;
    for (const auto& backend : (*mtls)["backends"]) {
      for (const auto& name : used_secrets(mesh, backend)) {
        auto found = co_await store_.get(kind::secret(), {mesh.meta.name, name});
        if (found) continue;
        Resource secret;
        secret.kind = &kind::secret();
        secret.meta.mesh = mesh.meta.name;
        secret.meta.name = name;
        secret.spec = {{"data", "Zm9v"}};
        out.push_back(std::move(secret));
      }
    }
    co_return out;
  }
  void stored(const std::vector<ResourcePtr>&) override {}
  asio::awaitable<Result<>> ensure(const Resource&) override { co_return Result<>{}; }

  std::vector<std::string> used_secrets(const Resource& mesh, const json& backend) override {
    std::string name = backend["name"];
    return {mesh.meta.name + ".ca-builtin-cert-" + name, mesh.meta.name + ".ca-builtin-key-" + name};
  }

  asio::awaitable<Result<std::string>> make_signing_key() override { co_return std::string("a2V5"); }

 private:
  Store& store_;
};

class ManagerTest : public ::testing::Test {
 protected:
  Outcome<ResourcePtr> create(const char* yaml) {
    auto resource = resource_from_yaml(yaml);
    EXPECT_TRUE(resource.has_value()) << (resource ? "" : resource.error().message);
    return run_now(manager.create(*resource));
  }

  std::vector<std::string> names(const Kind& kind) {
    auto list = run_now(store.list(kind, {}));
    std::vector<std::string> out;
    for (const auto& item : list->items) out.push_back(item->meta.name);
    return out;
  }

  FixedClock clock;
  MemoryStore store;
  TwoSecrets authorities{store};
  Manager manager{store, clock, &authorities, {}};
};

TEST_F(ManagerTest, NewMeshGetsPoliciesAndSigningKey) {
  ASSERT_TRUE(create("{type: Mesh, name: demo}").has_value());
  EXPECT_EQ(names(kind::mesh_timeout()),
            (std::vector<std::string>{"mesh-gateways-timeout-all-demo", "mesh-timeout-all-demo"}));
  EXPECT_EQ(names(kind::mesh_retry()), (std::vector<std::string>{"mesh-retry-all-demo"}));
  EXPECT_EQ(names(kind::mesh_circuit_breaker()), (std::vector<std::string>{"mesh-circuit-breaker-all-demo"}));
  EXPECT_EQ(names(kind::secret()), (std::vector<std::string>{"dataplane-token-signing-key-demo-1"}));
  EXPECT_TRUE(names(kind::traffic_route()).empty());
  auto timeout = run_now(store.get(kind::mesh_timeout(), {"demo", "mesh-timeout-all-demo"}));
  EXPECT_TRUE((*timeout)->meta.labels.empty());
  EXPECT_EQ((*timeout)->spec["to"][0]["default"]["http"]["requestTimeout"], "15s");
}

TEST_F(ManagerTest, DefaultPoliciesAreValidAndCanonical) {
  for (const auto& policy : default_policies("demo", true)) {
    auto again = decode(*policy.kind, resource_to_json(policy), UnknownFields::refuse);
    ASSERT_TRUE(again.has_value()) << policy.meta.name << ": " << again.error().text();
    EXPECT_EQ(again->spec, policy.spec) << policy.meta.name;
  }
  for (CpMode mode : {CpMode::zone, CpMode::global}) {
    for (const auto& generator : default_hostname_generators({.mode = mode})) {
      auto again = decode(*generator.kind, resource_to_json(generator), UnknownFields::refuse);
      ASSERT_TRUE(again.has_value()) << generator.meta.name << ": " << again.error().text();
      EXPECT_EQ(again->spec, generator.spec);
    }
  }
}

TEST_F(ManagerTest, PoliciesCanBeSkippedAllOrByKind) {
  ASSERT_TRUE(create("{type: Mesh, name: none, skipCreatingInitialPolicies: ['*']}").has_value());
  EXPECT_TRUE(names(kind::mesh_timeout()).empty());
  EXPECT_TRUE(names(kind::mesh_retry()).empty());
  ASSERT_TRUE(create("{type: Mesh, name: some, skipCreatingInitialPolicies: [MeshTimeout]}").has_value());
  EXPECT_TRUE(names(kind::mesh_timeout()).empty());
  EXPECT_EQ(names(kind::mesh_retry()).size(), 1u);
}

TEST_F(ManagerTest, MeshWithMtlsGetsItsCa) {
  ASSERT_TRUE(create("{type: Mesh, name: demo, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}")
                  .has_value());
  EXPECT_EQ(names(kind::secret()).size(), 3u);
  auto removed = run_now(manager.remove(kind::secret(), {"demo", "demo.ca-builtin-key-ca"}));
  ASSERT_FALSE(removed.has_value());
  EXPECT_EQ(removed.error().violations.list().front().field, "name");
  EXPECT_NE(removed.error().violations.list().front().message.find("is currently in use in Mesh \"demo\""),
            std::string::npos);
  auto refused = create("{type: Mesh, name: bad-ca, mtls: {backends: [{name: ca, type: builtin}]}}");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().violations.text(), "mtls.backends[0].conf: not usable");
  refused = create("{type: Mesh, name: odd, mtls: {backends: [{name: ca, type: vault}]}}");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().violations.text(), "mtls.backends[0].type: could not find installed plugin for this type");
}

TEST_F(ManagerTest, MeshWhoseKeysCannotBeMadeLeavesNothing) {
  auto refused = create("{type: Mesh, name: no-keys, mtls: {backends: [{name: ca, type: builtin}]}}");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().error.code, Code::internal);
  EXPECT_TRUE(names(kind::mesh()).empty());
  EXPECT_TRUE(names(kind::mesh_timeout()).empty());
}

TEST_F(ManagerTest, UpdateThatIsOvertakenMakesNoCa) {
  ASSERT_TRUE(create("{type: Mesh, name: demo}").has_value());
  auto stale = resource_from_yaml("{type: Mesh, name: demo, mtls: {backends: [{name: ca, type: builtin}]}}");
  stale->meta.version = 7;
  auto refused = run_now(manager.update(*stale));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().error.code, Code::conflict);
  EXPECT_EQ(names(kind::secret()).size(), 1u) << "only the signing key";
}

TEST_F(ManagerTest, CaInUseCannotBeChanged) {
  auto mesh = create("{type: Mesh, name: demo, mtls: {enabledBackend: a, backends: [{name: a, type: builtin}]}}");
  ASSERT_TRUE(mesh.has_value());
  Resource changed = **mesh;
  changed.spec["mtls"] = {{"enabledBackend", "b"}, {"backends", {{{"name", "b"}, {"type", "builtin"}}}}};
  auto updated = run_now(manager.update(changed));
  ASSERT_FALSE(updated.has_value());
  EXPECT_EQ(updated.error().violations.list().front().field, "mtls.enabledBackend");
}

TEST_F(ManagerTest, ResourceNeedsItsMesh) {
  auto timeout = create(
      "{type: MeshTimeout, mesh: gone, name: t, spec: {to: [{targetRef: {kind: Mesh}, default: {idleTimeout: 1s}}]}}");
  ASSERT_FALSE(timeout.has_value());
  EXPECT_TRUE(timeout.error().mesh_missing);
  EXPECT_EQ(timeout.error().error.message, "mesh of name gone is not found");
}

TEST_F(ManagerTest, MeshWithDataplanesStays) {
  ASSERT_TRUE(create("{type: Mesh, name: demo}").has_value());
  ASSERT_TRUE(
      create("{type: Dataplane, mesh: demo, name: d, networking: {address: 10.0.0.1, inbound: [{port: 80, tags: "
             "{kuma.io/service: a}}]}}")
          .has_value());
  auto removed = run_now(manager.remove(kind::mesh(), {"", "demo"}));
  ASSERT_FALSE(removed.has_value());
  EXPECT_EQ(removed.error().violations.text(), "mesh: unable to delete mesh, there are still some dataplanes attached");
  ASSERT_TRUE(run_now(manager.remove(kind::dataplane(), {"demo", "d"})).has_value());
  ASSERT_TRUE(run_now(manager.remove(kind::mesh(), {"", "demo"})).has_value());
  EXPECT_TRUE(names(kind::secret()).empty()) << "a mesh takes its secrets along";
}

TEST_F(ManagerTest, DataplaneCarriesItsZoneAndLabels) {
  ASSERT_TRUE(create("{type: Mesh, name: demo}").has_value());
  auto dataplane = create(
      "{type: Dataplane, mesh: demo, name: d, networking: {address: 10.0.0.1, inbound: [{port: 80, serviceProbe: {tcp: "
      "{}}, tags: "
      "{kuma.io/service: a, kuma.io/zone: elsewhere}}]}}");
  ASSERT_TRUE(dataplane.has_value());
  const json& inbound = (*dataplane)->spec["networking"]["inbound"][0];
  EXPECT_EQ(inbound["tags"]["kuma.io/zone"], "default");
  EXPECT_EQ(inbound["state"], "NotReady");
  EXPECT_EQ((*dataplane)->meta.labels, (std::map<std::string, std::string>{{"kuma.io/env", "universal"},
                                                                           {"kuma.io/mesh", "demo"},
                                                                           {"kuma.io/origin", "zone"},
                                                                           {"kuma.io/proxy-type", "sidecar"},
                                                                           {"kuma.io/zone", "default"}}));
}

TEST_F(ManagerTest, ConstraintsKeepProxiesOut) {
  ASSERT_TRUE(
      create(
          "{type: Mesh, name: demo, constraints: {dataplaneProxy: {requirements: [{tags: {team: '*'}}], restrictions: "
          "[{tags: {team: red}}]}}}")
          .has_value());
  auto join = [&](const char* tags) {
    return create(
        (std::string(
             "{type: Dataplane, mesh: demo, name: d, networking: {address: 10.0.0.1, inbound: [{port: 80, tags: {") +
         tags + "}}]}}")
            .c_str());
  };
  EXPECT_EQ(join("kuma.io/service: a").error().error.code, Code::permission_denied);
  EXPECT_EQ(join("kuma.io/service: a, team: red").error().error.code, Code::permission_denied);
  EXPECT_TRUE(join("kuma.io/service: a, team: blue").has_value());
}

TEST_F(ManagerTest, AChangeOfCaIsToldBesideWhatIsWrongWithTheNewOne) {
  auto mesh = [](const std::string& backend) {
    return *resource_from_yaml("{type: Mesh, name: bad-ca, mtls: {enabledBackend: " + backend +
                               ", backends: [{name: " + backend + ", type: builtin}]}}");
  };
  ASSERT_TRUE(run_now(store.create(mesh("a"), clock.wall_now())).has_value());
  Resource changed = mesh("b");
  changed.meta.version = 1;
  auto refused = run_now(manager.update(changed));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().violations.size(), 2u) << refused.error().violations.text();
}

TEST_F(ManagerTest, RateLimitsAndExternalServicesJudgeOneAnother) {
  ASSERT_TRUE(create("{type: Mesh, name: demo}").has_value());
  auto limit = [&](const std::string& name, const std::string& match) {
    return create(("{type: RateLimit, mesh: demo, name: " + name +
                   ", sources: [{match: {kuma.io/service: '*'}}], destinations: [{match: {" + match +
                   "}}], conf: {http: {requests: 1, interval: 1s}}}")
                      .c_str());
  };
  auto service = [&](const std::string& name) {
    return create(("{type: ExternalService, mesh: demo, name: " + name + ", tags: {kuma.io/service: " + name +
                   "}, networking: {address: 'out.test:80'}}")
                      .c_str());
  };
  ASSERT_TRUE(limit("early", "kuma.io/service: late, version: v1").has_value()) << "there is no such service yet";
  ASSERT_TRUE(service("out").has_value());
  for (const char* match : {"kuma.io/service: out, version: v1", "kuma.io/service: '*', version: v1"}) {
    auto refused = limit("r", match);
    ASSERT_FALSE(refused.has_value()) << match;
    EXPECT_EQ(refused.error().violations.text(),
              "ratelimit: RateLimit applied to external service only supports kuma.io/service as destination match");
  }
  EXPECT_TRUE(limit("plain", "kuma.io/service: out").has_value());
  EXPECT_TRUE(limit("other", "kuma.io/service: web, version: v1").has_value());
  auto refused = service("late");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().violations.text(),
            "externalservice: ExternalService would match RateLimit 'early' which includes incompatible destination "
            "matches");
}

TEST_F(ManagerTest, FirstStartIsIdempotent) {
  ASSERT_TRUE(run_now(manager.ensure_defaults({})).has_value());
  ASSERT_TRUE(run_now(manager.ensure_defaults({})).has_value());
  EXPECT_EQ(names(kind::mesh()), (std::vector<std::string>{"default"}));
  EXPECT_EQ(names(kind::zone()), (std::vector<std::string>{"default"}));
  EXPECT_EQ(names(kind::hostname_generator()),
            (std::vector<std::string>{"local-mesh-external-service", "local-universal-mesh-service"}));
}

TEST_F(ManagerTest, AZoneOfAnotherNameGoesAtTheStart) {
  ASSERT_TRUE(run_now(manager.ensure_defaults({})).has_value());
  Resource insight;
  insight.kind = &kind::zone_insight();
  insight.meta.name = "default";
  insight.spec = {{"subscriptions", {{{"id", "1"}, {"connectTime", "2026-01-01T00:00:00Z"}}}}};
  ASSERT_TRUE(run_now(store.create(std::move(insight), clock.wall_now())).has_value());
  Manager renamed(store, clock, &authorities, {.labels = {.zone = "east"}});
  ASSERT_TRUE(run_now(renamed.ensure_defaults({.zone = false})).has_value());
  EXPECT_EQ(names(kind::zone()), (std::vector<std::string>{"default"})) << "not asked for";
  for (int start = 0; start < 2; ++start) {
    ASSERT_TRUE(run_now(renamed.ensure_defaults({})).has_value());
    EXPECT_EQ(names(kind::zone()), (std::vector<std::string>{"east"}));
  }
  EXPECT_TRUE(names(kind::zone_insight()).empty());
}

TEST_F(ManagerTest, GlobalKeepsTheZonesThatItHas) {
  ASSERT_TRUE(run_now(manager.ensure_defaults({})).has_value());
  Manager global(store, clock, &authorities, {.labels = {.mode = CpMode::global, .zone = "east"}});
  ASSERT_TRUE(run_now(global.ensure_defaults({})).has_value());
  EXPECT_EQ(names(kind::zone()), (std::vector<std::string>{"default"}));
}

}  // namespace
}  // namespace kumasim::cp::testing
