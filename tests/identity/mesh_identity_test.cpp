/// MeshIdentities: which one a proxy gets and what it says, how they are brought up, and what proxies then hold.
///
/// Sources: Kuma docs "MeshIdentity" and "MeshTrust"; behaviour of Kuma 2.12.14.
#include "reference-cp/xds/mesh_identity.hpp"

#include "app/cp_parts.hpp"
#include "kumasim/sim/seeded_random.hpp"
#include "reference-cp/app/kuma_cp/mesh_identity_updater.hpp"
#include "reference-cp/identity/mesh_identity_ca.hpp"
#include "reference-cp/xds/type_url.hpp"

namespace kumasim::cp::testing {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

Resource identity(const char* name, Json spec) {
  Resource out;
  out.kind = &kind::mesh_identity();
  out.meta.mesh = "default";
  out.meta.name = name;
  out.spec = std::move(spec);
  return out;
}

Json selecting(Json labels) { return {{"selector", {{"dataplane", {{"matchLabels", std::move(labels)}}}}}}; }

Meta proxy(std::map<std::string, std::string> labels) {
  Meta out;
  out.mesh = "default";
  out.name = "web-0";
  out.labels = std::move(labels);
  return out;
}

TEST(MeshIdentity, TheOneWithTheMostLabelsIsTaken) {
  std::vector<ResourcePtr> all;
  for (const auto& [name, spec] : std::map<const char*, Json>{{"none", Json::object()},
                                                              {"b-all", selecting(Json::object())},
                                                              {"a-all", selecting(Json::object())},
                                                              {"web", selecting({{"app", "web"}})},
                                                              {"web-v1", selecting({{"app", "web"}, {"v", "1"}})}})
    all.push_back(std::make_shared<const Resource>(identity(name, spec)));
  auto mesh = MeshView::build("default", {}, all);
  auto name = [&](std::map<std::string, std::string> labels) {
    return mesh_identity::matched(*mesh, proxy(std::move(labels)))->meta.name;
  };
  EXPECT_EQ(name({}), "a-all") << "of equal ones the first by name";
  EXPECT_EQ(name({{"app", "web"}}), "web");
  EXPECT_EQ(name({{"app", "web"}, {"v", "1"}}), "web-v1");
  EXPECT_EQ(name({{"app", "other"}, {"v", "1"}}), "a-all");
  auto empty = MeshView::build("default", {}, std::span(all).first(0));
  EXPECT_EQ(mesh_identity::matched(*empty, proxy({})), nullptr);
}

TEST(MeshIdentity, ItsTemplatesAreFilledIn) {
  auto domain = [](Json spec, Meta of) { return mesh_identity::trust_domain(identity("i", std::move(spec)), of, "z"); };
  EXPECT_EQ(domain({}, proxy({})).value(), "default.z.mesh.local");
  EXPECT_EQ(domain({}, proxy({{"kuma.io/zone", "east"}})).value(), "default.east.mesh.local");
  Json given = {{"spiffeID", {{"trustDomain", "{{ label \"team\" }}.{{- .Zone }}"}}}};
  EXPECT_EQ(domain(given, proxy({{"team", "a"}})).value(), "a.z");
  EXPECT_EQ(domain(given, proxy({})).error().message,
            "executing template failed: template: :1:3: executing \"\" at <label \"team\">: error calling label: "
            "label team not found");

  auto id = [](Json spec, Meta of) { return mesh_identity::spiffe_id(identity("i", std::move(spec)), "td", of); };
  EXPECT_EQ(id({}, proxy({{"k8s.kuma.io/namespace", "n"}, {"k8s.kuma.io/service-account", "s"}})).value(),
            "spiffe://td/ns/n/sa/s");
  EXPECT_EQ(id({{"spiffeID", {{"path", "/{{ \"app\" | label }}"}}}}, proxy({{"app", "web"}})).value(),
            "spiffe://td/web");
  EXPECT_EQ(id({{"spiffeID", {{"path", "/{{ .Nothing }}"}}}}, proxy({})).error().code, Code::invalid_argument);
  EXPECT_EQ(id({{"spiffeID", {{"path", "/{{ if true }}a{{ end }}"}}}}, proxy({})).error().code, Code::unsupported);
}

/// Kuma's rule: as the mesh's own mutual TLS does. It need not be ready.
TEST(MeshIdentity, OpensTheWayToMeshServicesOfOtherZones) {
  auto made = [](const Json& body) {
    auto resource = resource_from_json(body);
    if (!resource) throw std::runtime_error(resource.error().message);
    return std::make_shared<const Resource>(std::move(*resource));
  };
  std::vector<ResourcePtr> all{made({{"type", "Mesh"}, {"name", "default"}}),
                               made({{"type", "ZoneIngress"},
                                     {"name", "ingress"},
                                     {"zone", "east"},
                                     {"networking",
                                      {{"address", "10.0.0.9"},
                                       {"port", 10001},
                                       {"advertisedAddress", "198.51.100.1"},
                                       {"advertisedPort", 20001}}}}),
                               made({{"type", "MeshService"},
                                     {"mesh", "default"},
                                     {"name", "far"},
                                     {"labels", {{"kuma.io/origin", "global"}, {"kuma.io/zone", "east"}}},
                                     {"spec", {{"ports", Json::array({{{"port", 80}, {"targetPort", 80}}})}}}})};
  auto identity = made({{"type", "MeshIdentity"},
                        {"mesh", "default"},
                        {"name", "i"},
                        {"spec", {{"provider", {{"type", "Spire"}, {"spire", Json::object()}}}}}});
  constexpr const char* service = "default_far__east_msvc_80";
  auto before = MeshView::build("default", {}, all);
  EXPECT_TRUE(before->endpoints(service).empty());
  auto after = before->with({nullptr, identity});
  all.push_back(identity);
  ASSERT_EQ(after->endpoints(service).size(), 1u);
  EXPECT_EQ(after->endpoints(service).front().address, "198.51.100.1");
  EXPECT_EQ(MeshView::build("default", {}, all)->endpoints(service).size(), 1u);
  EXPECT_TRUE(after->affected({nullptr, identity}).all);
  EXPECT_TRUE(after->with({identity, nullptr})->endpoints(service).empty());
}

TEST(MeshIdentity, SpiffeIdsFollowTheStandard) {
  for (const char* good : {"spiffe://td", "spiffe://t.d-1_2/a/B.c-d_e"})
    EXPECT_TRUE(mesh_identity::check_spiffe_id(good)) << good;
  for (const char* bad :
       {"", "http://td/a", "spiffe://", "spiffe:///a", "spiffe://TD/a", "spiffe://td/", "spiffe://td/a/",
        "spiffe://td//a", "spiffe://td/./a", "spiffe://td/a b", "spiffe://td/ns//sa/"})
    EXPECT_FALSE(mesh_identity::check_spiffe_id(bad)) << bad;
}

Json mesh(const char* mode = "Exclusive") {
  return {{"type", "Mesh"}, {"name", "default"}, {"meshServices", {{"mode", mode}}}};
}

Json bundled(const char* name, Json labels, Json changes = Json::object()) {
  Json spec = selecting(std::move(labels));
  spec["spiffeID"] = {{"trustDomain", "{{ .Mesh }}.example"}, {"path", "/{{ label \"app\" }}"}};
  spec["provider"] = {{"type", "Bundled"},
                      {"bundled", {{"autogenerate", {{"enabled", true}}}, {"insecureAllowSelfSigned", true}}}};
  spec["provider"]["bundled"].update(changes);
  return {{"type", "MeshIdentity"}, {"mesh", "default"}, {"name", name}, {"spec", std::move(spec)}};
}

Json labelled_dataplane(const char* name, const char* app, int number) {
  Json out = dataplane("default", name, number);
  out["labels"] = {{"app", app}};
  return out;
}

class Bed {
 public:
  explicit Bed(Parts& parts)
      : parts_(parts),
        kept_(std::make_shared<MeshIdentityUpdater>(
            parts.runtime, *parts.store, MeshIdentityUpdater::Options{.ca_key = {}, .interval = 1s, .labels = {}})),
        updater(*kept_) {}

  asio::awaitable<ResourcePtr> read(const Kind& kind, const char* name) {
    auto found = co_await parts_.store->get(kind, {"default", name});
    co_return found ? *found : nullptr;
  }
  /// Type and whether it holds, "Ready=True", of each condition; with the reason where it does not.
  asio::awaitable<std::string> conditions(const char* name) {
    ResourcePtr found = co_await read(kind::mesh_identity(), name);
    std::string out;
    if (!found || !found->status.is_object()) co_return out;
    for (const Json& c : found->status["conditions"]) {
      out += (out.empty() ? "" : " ") + c["type"].get<std::string>() + "=" + c["status"].get<std::string>();
      if (c["status"] == "False") out += ":" + c["reason"].get<std::string>();
    }
    co_return out;
  }
  asio::awaitable<void> start() {
    auto started = co_await parts_.reconciler.start();
    EXPECT_TRUE(started);
    spawn(parts_.runtime.executor, parts_.log, "test", parts_.reconciler.run());
    spawn(parts_.runtime.executor, parts_.log, "test", parts_.reconciler.rotate());
    // Its task goes on for longer than the test's.
    auto run = [](std::shared_ptr<MeshIdentityUpdater> kept) -> asio::awaitable<void> { co_await kept->run(); };
    spawn(parts_.runtime.executor, parts_.log, "test", run(kept_));
  }
  asio::awaitable<void> wait(Duration time) { return sleep(parts_.runtime.timers, time); }

  Parts& parts_;
  std::shared_ptr<MeshIdentityUpdater> kept_;
  MeshIdentityUpdater& updater;
};

TEST(MeshIdentityUpdater, MakesTheCaAndTheMeshTrustOnce) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    Bed bed(parts);
    co_await parts.write(mesh());
    co_await parts.write(bundled("id", Json::object()));
    co_await bed.updater.update();
    EXPECT_EQ(co_await bed.conditions("id"), "Provider=True MeshTrustCreated=True Ready=True");
    ResourcePtr certificate = co_await bed.read(kind::secret(), "id-root-ca");
    ResourcePtr key = co_await bed.read(kind::secret(), "id-private-key");
    ResourcePtr trust = co_await bed.read(kind::mesh_trust(), "id");
    if (!certificate || !key || !trust) throw std::runtime_error("something was not made");
    KeyPair pair{secret_data(*certificate), secret_data(*key)};
    EXPECT_TRUE(check_pair(pair));
    auto info = inspect_certificate(pair.certificate_pem);
    EXPECT_TRUE(info && info->is_ca);
    EXPECT_EQ(info->uris, std::vector<std::string>{"spiffe://default.example"});
    EXPECT_EQ(trust->spec["trustDomain"], "default.example");
    EXPECT_EQ(trust->spec["origin"]["kri"], "kri_mid_default___id_");
    EXPECT_EQ(trust->spec["caBundles"], Json::array({{{"type", "Pem"}, {"pem", {{"value", pair.certificate_pem}}}}}));
    ResourcePtr ready = co_await bed.read(kind::mesh_identity(), "id");
    co_await bed.updater.update();
    ResourcePtr again = co_await bed.read(kind::mesh_identity(), "id");
    EXPECT_EQ(again->meta.version, ready->meta.version) << "nothing has changed";
    ResourcePtr same = co_await bed.read(kind::secret(), "id-root-ca");
    EXPECT_EQ(same->meta.version, 1u);
  });
}

TEST(MeshIdentityUpdater, SaysWhatStandsInTheWay) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    Bed bed(parts);
    co_await parts.write(mesh("Disabled"));
    co_await parts.write(bundled("id", Json::object()));
    co_await bed.updater.update();
    EXPECT_EQ(co_await bed.conditions("id"), "DependenciesReady=False:MeshServicesDisabled Ready=False:Failure");
  });
  struct Case {
    Json changes;
    const char* conditions;
  };
  Json secret_ca = {{"certificate", {{"type", "Secret"}, {"secretRef", {{"kind", "Secret"}, {"name", "no"}}}}},
                    {"privateKey", {{"type", "Secret"}, {"secretRef", {{"kind", "Secret"}, {"name", "no"}}}}}};
  Json none = {{"enabled", false}};
  for (const Case& each : std::vector<Case>{
           {{{"insecureAllowSelfSigned", false}}, "Provider=False:ProviderValidationError Ready=False:Failure"},
           {{{"meshTrustCreation", "Disabled"}}, "Provider=True Ready=True"},
           {{{"autogenerate", none}, {"ca", secret_ca}},
            "Provider=True MeshTrustCreated=False:MeshTrustCreationError Ready=False:Failure"}}) {
    run_in_world([each](Parts& parts) -> asio::awaitable<void> {
      Bed bed(parts);
      co_await parts.write(mesh());
      co_await parts.write(bundled("id", Json::object(), each.changes));
      co_await bed.updater.update();
      EXPECT_EQ(co_await bed.conditions("id"), each.conditions) << each.changes;
    });
  }
}

TEST(MeshIdentityUpdater, AnotherCaThatIsGivenIsAddedToTheMeshTrust) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    Bed bed(parts);
    auto inline_ca = [&] {
      auto made = make_ca({.mesh = "default.example", .key = {}, .now = parts.runtime.clock.wall_now()});
      auto text = [](const std::string& value) {
        return Json{{"type", "InsecureInline"}, {"insecureInline", {{"value", value}}}};
      };
      return Json{{"autogenerate", {{"enabled", false}}},
                  {"ca", {{"certificate", text(made->certificate_pem)}, {"privateKey", text(made->key_pem)}}}};
    };
    co_await parts.write(mesh());
    co_await parts.write(bundled("id", Json::object(), inline_ca()));
    co_await bed.updater.update();
    ResourcePtr held = co_await bed.read(kind::mesh_identity(), "id");
    Resource changed = *held;
    changed.spec = resource_from_json(bundled("id", Json::object(), inline_ca()))->spec;
    (void)co_await parts.store->update(std::move(changed), parts.runtime.clock.wall_now());
    for (int i = 0; i < 2; ++i) co_await bed.updater.update();
    ResourcePtr trust = co_await bed.read(kind::mesh_trust(), "id");
    EXPECT_EQ(trust->spec["caBundles"].size(), 2u);
    ResourcePtr no_secret = co_await bed.read(kind::secret(), "id-root-ca");
    EXPECT_EQ(no_secret, nullptr);
  });
}

/// kumahq/kuma#18607.
TEST(MeshIdentityUpdater, AnotherTrustDomainComesToTheMeshTrust) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    Bed bed(parts);
    co_await parts.write(mesh());
    co_await parts.write(bundled("id", Json::object()));
    co_await bed.updater.update();
    ResourcePtr before = co_await bed.read(kind::mesh_trust(), "id");
    ResourcePtr held = co_await bed.read(kind::mesh_identity(), "id");
    Resource changed = *held;
    changed.spec["spiffeID"]["trustDomain"] = "{{ .Mesh }}.{{ .Zone }}.other";
    (void)co_await parts.store->update(std::move(changed), parts.runtime.clock.wall_now());
    for (int i = 0; i < 2; ++i) co_await bed.updater.update();
    ResourcePtr after = co_await bed.read(kind::mesh_trust(), "id");
    EXPECT_EQ(after->spec["trustDomain"], "default.default.other");
    EXPECT_EQ(after->spec["caBundles"], before->spec["caBundles"]) << "the CA is the same";
    EXPECT_EQ(after->meta.version, before->meta.version + 1) << "written once";
  });
}

TEST(MeshIdentityUpdater, WhatCannotBeToldNowLeavesTheStatus) {
  struct Case {
    std::string_view operation;
    const Kind* kind;
    Code code;
  };
  for (const Case& each :
       {Case{"get", &kind::mesh(), Code::unavailable}, Case{"get", &kind::mesh_trust(), Code::unavailable},
        Case{"create", &kind::mesh_trust(), Code::already_exists}, Case{"commit", &kind::secret(), Code::unavailable}})
    run_in_world([each](Parts& parts) -> asio::awaitable<void> {
      Bed bed(parts);
      co_await parts.write(mesh());
      co_await parts.write(bundled("id", Json::object()));
      auto trouble = [each](std::string_view operation, const Kind& kind, const ResourceKey&) -> std::optional<Error> {
        if (operation != each.operation || &kind != each.kind) return std::nullopt;
        return Error{each.code, "not now", {}};
      };
      parts.store->trouble = trouble;
      for (int i = 0; i < 2; ++i) co_await bed.updater.update();
      EXPECT_EQ(co_await bed.conditions("id"), "") << each.operation << " " << each.kind->type();
      EXPECT_EQ(parts.log.count("status left as it is"), 1) << "told once";
      parts.store->trouble = nullptr;
      co_await bed.updater.update();
      constexpr const char* ready = "Provider=True MeshTrustCreated=True Ready=True";
      EXPECT_EQ(co_await bed.conditions("id"), ready) << each.operation << " " << each.kind->type();
      (void)co_await parts.store->remove(kind::mesh_trust(), {"default", "id"});
      parts.store->trouble = trouble;
      co_await bed.updater.update();
      EXPECT_EQ(co_await bed.conditions("id"), ready) << each.operation << " " << each.kind->type();
    });
}

TEST(MeshIdentityUpdater, ACaThatAnotherOneHasMadeIsNotToldOf) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    Bed bed(parts);
    co_await parts.write(mesh());
    co_await parts.write(bundled("id", Json::object()));
    parts.store->trouble = [](std::string_view operation, const Kind&, const ResourceKey&) -> std::optional<Error> {
      if (operation == "commit") return Error{Code::already_exists, "there is one", {}};
      return std::nullopt;
    };
    co_await bed.updater.update();
    EXPECT_EQ(parts.log.count("CA made"), 0);
    parts.store->trouble = nullptr;
    co_await bed.updater.update();
    EXPECT_EQ(parts.log.count("CA made"), 1);
  });
}

TEST(MeshIdentity, ItsCaCanBeInAFileAndAVariableWhereTheProgramReadsThem) {
  Json ca = {{"certificate", {{"type", "File"}, {"file", {{"path", "/ca.crt"}}}}},
             {"privateKey", {{"type", "EnvVar"}, {"envVar", {{"name", "CA_KEY"}}}}}};
  Resource given = identity("i", {{"provider", {{"type", "Bundled"}, {"bundled", {{"ca", ca}}}}}});
  CaSources sources{[](std::string_view) { return nullptr; }};
  EXPECT_EQ(identity_ca(given, sources).error().code, Code::unsupported);
  sources.outside = [](std::string_view type, const std::string& name) -> Result<std::string> {
    return std::string(type) + " " + name;
  };
  auto pair = identity_ca(given, sources);
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->certificate_pem, "File /ca.crt");
  EXPECT_EQ(pair->key_pem, "EnvVar CA_KEY");
}

TEST(MeshIdentity, ItsSecretsGoWithIt) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    Bed bed(parts);
    co_await parts.write(mesh());
    co_await parts.write(bundled("id", Json::object()));
    co_await bed.updater.update();
    auto removed = co_await parts.manager.remove(kind::mesh_identity(), {"default", "id"});
    EXPECT_TRUE(removed);
    for (const char* name : {"id-root-ca", "id-private-key"}) {
      ResourcePtr left = co_await bed.read(kind::secret(), name);
      EXPECT_EQ(left, nullptr) << name;
    }
    ResourcePtr trust = co_await bed.read(kind::mesh_trust(), "id");
    EXPECT_NE(trust, nullptr) << "certificates of its CA are still out";
  });
}

TEST(WorkloadIdentities, AreIssuedRotatedAndReported) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    Bed bed(parts);
    co_await parts.write(mesh());
    co_await parts.write(labelled_dataplane("web-0", "web", 1));
    co_await parts.write(labelled_dataplane("stranger-0", "stranger", 2));
    co_await bed.start();
    auto web = parts.proxy("default", "web-0"), stranger = parts.proxy("default", "stranger-0");
    for (const auto& proxy : {web, stranger}) parts.reconciler.add(proxy);
    co_await bed.wait(100ms);
    EXPECT_EQ(web->identity, nullptr);
    co_await parts.write(bundled("id", {{"app", "web"}}, {{"certificateParameters", {{"expiry", "100s"}}}}));
    co_await bed.wait(2s);
    if (!web->identity) throw std::runtime_error("no identity was issued");
    IdentityPtr first = web->identity;
    EXPECT_EQ(first->spiffe_id, "spiffe://default.example/web");
    EXPECT_EQ(stranger->identity, nullptr);
    auto info = inspect_certificate(first->leaf.certificate_pem);
    EXPECT_EQ(info->uris, std::vector<std::string>{"spiffe://default.example/web"});
    EXPECT_TRUE(web->snapshot->of(type_url::secret).contains("kri_mid_default___id_"));
    EXPECT_TRUE(web->snapshot->of(type_url::secret).contains("system_trust_bundle"));
    ResourcePtr service = co_await bed.read(kind::mesh_service(), "web-0");
    EXPECT_EQ(service->spec["identities"],
              Json::parse(R"([{"type": "SpiffeID", "value": "spiffe://default.example/web"}])"));
    EXPECT_EQ(service->status["tls"]["status"], "Ready");
    service = co_await bed.read(kind::mesh_service(), "stranger-0");
    EXPECT_EQ(service->spec["identities"], Json::parse(R"([{"type": "ServiceTag", "value": "stranger-0"}])"));
    EXPECT_EQ(service->status["tls"]["status"], "NotReady");

    co_await parts.insights.flush(web);
    ResourcePtr insight = co_await bed.read(kind::dataplane_insight(), "web-0");
    EXPECT_EQ(insight->spec["mTLS"]["issuedBackend"], "kri_mid_default___id_");
    EXPECT_EQ(insight->spec["mTLS"]["supportedBackends"], Json::parse(R"(["kri_mtrust_default_default__id_"])"));

    co_await bed.wait(70s);
    EXPECT_EQ(web->identity, first);
    co_await bed.wait(20s);
    EXPECT_NE(web->identity, first) << "4/5 of its life have passed";

    co_await parts.write(bundled("id-2", {{"app", "web"}, {"kuma.io/mesh", "default"}}));
    auto selected = co_await parts.store->get(kind::dataplane(), {"default", "web-0"});
    Resource labelled = **selected;
    labelled.meta.labels["kuma.io/mesh"] = "default";
    (void)co_await parts.store->update(std::move(labelled), parts.runtime.clock.wall_now());
    co_await bed.wait(2s);
    EXPECT_EQ(web->identity->tls.backend, "kri_mid_default___id-2_") << "the one with more labels";
    EXPECT_FALSE(web->snapshot->of(type_url::secret).contains("kri_mid_default___id_"));

    for (const char* name : {"id", "id-2"})
      (void)co_await parts.manager.remove(kind::mesh_identity(), {"default", name});
    co_await bed.wait(1s);
    EXPECT_EQ(web->identity, nullptr);
    EXPECT_TRUE(web->snapshot->of(type_url::secret).empty());
  });
}

TEST(WorkloadIdentities, ACaThatCannotBeReadAnyMoreLeavesTheCertificates) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    Bed bed(parts);
    co_await parts.write(mesh());
    co_await parts.write(labelled_dataplane("web-0", "web", 1));
    co_await parts.write(bundled("id", Json::object(), {{"certificateParameters", {{"expiry", "100s"}}}}));
    co_await bed.start();
    auto web = parts.proxy("default", "web-0");
    parts.reconciler.add(web);
    co_await bed.wait(3s);
    IdentityPtr first = web->identity;
    if (!first) throw std::runtime_error("no identity was issued");
    constexpr const char* ready = "Provider=True MeshTrustCreated=True Ready=True";
    EXPECT_EQ(co_await bed.conditions("id"), ready);
    ResourcePtr key = co_await bed.read(kind::secret(), "id-private-key");
    (void)co_await parts.store->remove(kind::secret(), {"default", "id-private-key"});
    co_await parts.write(labelled_dataplane("other-0", "other", 2));
    co_await bed.wait(3s);
    EXPECT_EQ(co_await bed.conditions("id"), ready) << "half of its CA has gone";
    EXPECT_EQ(parts.log.count("status left as it is"), 1);
    EXPECT_EQ(web->identity, first);
    EXPECT_FALSE(web->stale) << "the rest of its configuration goes on";
    auto fresh = parts.proxy("default", "other-0");
    parts.reconciler.add(fresh);
    co_await bed.wait(1s);
    EXPECT_EQ(fresh->snapshot, nullptr) << "nothing in the clear";
    auto again = co_await parts.store->create(Resource(*key), parts.runtime.clock.wall_now());
    EXPECT_TRUE(again);
    co_await bed.wait(90s);
    EXPECT_NE(web->identity, first);
    EXPECT_NE(web->identity, nullptr);
    EXPECT_NE(fresh->identity, nullptr);
  });
}

TEST(WorkloadIdentities, OneThatSaysNoSpiffeIdLeavesTheProxyWithWhatItHas) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    Bed bed(parts);
    co_await parts.write(mesh());
    co_await parts.write(dataplane("default", "web-0", 1));
    co_await bed.start();
    auto web = parts.proxy("default", "web-0");
    parts.reconciler.add(web);
    co_await bed.wait(100ms);
    auto before = web->snapshot;
    co_await parts.write(bundled("id", Json::object()));
    co_await bed.wait(2s);
    EXPECT_EQ(co_await bed.conditions("id"), "Provider=True MeshTrustCreated=True Ready=True");
    EXPECT_EQ(web->identity, nullptr) << "it has no label app";
    EXPECT_EQ(web->snapshot, before);
    EXPECT_GE(parts.log.count("no identity issued"), 1);
  });
}

}  // namespace
}  // namespace kumasim::cp::testing
