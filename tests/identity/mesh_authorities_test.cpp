/// The CA that a mesh describes: read from its resource and secrets, checked, made where it is missing.
#include "reference-cp/identity/mesh_authorities.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "identity/manual_clock.hpp"
#include "kumasim/runtime/log.hpp"
#include "kumasim/sim/seeded_random.hpp"
#include "reference-cp/identity/base64.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/memory.hpp"
#include "store/run_now.hpp"

namespace kumasim::cp::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class NoLog : public Log {
 public:
  void write(const LogRecord&) override {}
};

class MeshCas : public ::testing::Test {
 protected:
  MeshCas() { EXPECT_TRUE(run_now(store_.create(mesh({}), clock_.wall))); }

  static Resource mesh(json backend) {
    Resource out;
    out.kind = &kind::mesh();
    out.meta.name = "default";
    backend["name"] = "ca-1";
    if (!backend.contains("type")) backend["type"] = "builtin";
    out.spec["mtls"] = {{"enabledBackend", "ca-1"}, {"backends", json::array({backend})}};
    return out;
  }
  std::string complaint(json conf) { return run_now(authorities_.validate(mesh({{"conf", std::move(conf)}}))).text(); }
  Result<std::optional<MeshTls>> tls(const Resource& of) {
    std::map<std::string, ResourcePtr> secrets;
    for (const auto& item : run_now(store_.list(kind::secret(), {}))->items) secrets[item->meta.name] = item;
    return mesh_tls(of, [&](std::string_view name) {
      auto found = secrets.find(std::string(name));
      return found == secrets.end() ? nullptr : found->second.get();
    });
  }

  ManualClock clock_;
  NoLog log_;
  sim::SeededRandom random_{1};
  MemoryStore store_;
  MeshAuthorities authorities_{store_, clock_, log_, {.ca_key = {}, .signing_key = {}}};
};

TEST_F(MeshCas, MissingCaIsMadeOnceAndFits) {
  Resource described = mesh({});
  EXPECT_EQ(tls(described).error().code, Code::not_found);
  ASSERT_TRUE(run_now(authorities_.ensure(described)));
  auto first = tls(described);
  ASSERT_TRUE(first && *first);
  EXPECT_TRUE(check_pair((*first)->ca));
  EXPECT_EQ((*first)->leaf_lifetime, 24h);
  ASSERT_TRUE(run_now(authorities_.ensure(described)));
  EXPECT_EQ((*tls(described))->ca.certificate_pem, (*first)->ca.certificate_pem);
}

TEST_F(MeshCas, HalfOfAPairIsNotReplaced) {
  Resource described = mesh({});
  ASSERT_TRUE(run_now(authorities_.ensure(described)));
  ASSERT_TRUE(run_now(store_.remove(kind::secret(), {"default", builtin_key_secret("default", "ca-1")})));
  ASSERT_TRUE(run_now(authorities_.ensure(described)));
  EXPECT_EQ(tls(described).error().code, Code::not_found);
}

TEST_F(MeshCas, ABackendThatIsNotEnabledSpoilsNothing) {
  Resource described = mesh({});
  ASSERT_TRUE(run_now(authorities_.ensure(described)));
  described.spec["mtls"]["backends"].push_back(
      json::parse(R"({"name": "ca-2", "type": "builtin", "dpCert": {"rotation": {"expiration": "soon"}}})"));
  EXPECT_EQ(ca_backends(described).error().field, "mtls.backends[1].dpCert.rotation.expiration");
  auto read = tls(described);
  EXPECT_TRUE(read && *read);
}

TEST_F(MeshCas, LifetimesAndKeysComeFromTheMesh) {
  auto backends = ca_backends(mesh({{"dpCert", {{"rotation", {{"expiration", "1d"}}}}},
                                    {"conf", {{"caCert", {{"RSAbits", 3072}, {"expiration", "30d"}}}}}}));
  ASSERT_TRUE(backends);
  EXPECT_EQ(backends->front().ca_key.rsa_bits, 3072u);
  EXPECT_EQ(backends->front().ca_lifetime.value(), 30 * 24h);
  EXPECT_EQ(backends->front().leaf_lifetime, 24h);
}

TEST_F(MeshCas, LifetimesOfCertificatesHaveALeastValue) {
  for (const char* text : {"0", "0s", "1ms", "9s"}) {
    auto backends = ca_backends(mesh({{"dpCert", {{"rotation", {{"expiration", text}}}}}}));
    ASSERT_TRUE(backends) << text;
    EXPECT_EQ(backends->front().leaf_lifetime, 10s) << text;
  }
}

TEST_F(MeshCas, OnlySomeSizesOfRsaKeysAreTaken) {
  for (int bits : {2048, 3072, 4096}) EXPECT_EQ(complaint({{"caCert", {{"RSAbits", bits}}}}), "") << bits;
  for (auto bits : {1024ll, 2049ll, 8192ll, 1'000'000ll, 4'294'967'295ll})
    EXPECT_EQ(complaint({{"caCert", {{"RSAbits", bits}}}}),
              "mtls.backends[0].conf.caCert.RSAbits: has to be one of 2048, 3072, 4096")
        << bits;
  EXPECT_EQ(complaint({{"caCert", {{"RSAbits", 2048.0}}}}), "") << "numbers of a Struct are doubles";
  for (const auto& [bits, why] : {std::pair{json(-1), "json: cannot unmarshal number -1 into Go value of type uint32"},
                                  std::pair{json("many"), "invalid character 'm' looking for beginning of value"},
                                  std::pair{json(true), "json: cannot unmarshal bool into Go value of type uint32"}})
    EXPECT_EQ(complaint({{"caCert", {{"RSAbits", bits}}}}),
              std::string("mtls.backends[0].conf: could not convert backend config: ") + why);
  for (const json& bits : {json(2048.5), json(1ll << 40), json::array()})
    EXPECT_TRUE(complaint({{"caCert", {{"RSAbits", bits}}}}).starts_with("mtls.backends[0].conf: could not convert "))
        << bits;
}

TEST_F(MeshCas, ALifetimeThatCannotBeReadFailsWhereTheCaIsMade) {
  Resource described = mesh({{"conf", {{"caCert", {{"expiration", "soon"}}}}}});
  EXPECT_EQ(run_now(authorities_.validate(described)).text(), "");
  auto made = run_now(authorities_.missing(described));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::internal);
}

TEST_F(MeshCas, ConfIsJudgedAsTheMessageThatItIs) {
  json conf = {{"caCert", {{"RSAbits", "4096"}, {"expiration", nullptr}}}, {"key", 1}};
  EXPECT_EQ(complaint(conf), "");
  auto backends = ca_backends(mesh({{"conf", conf}}));
  ASSERT_TRUE(backends);
  EXPECT_EQ(backends->front().ca_key.rsa_bits, 4096u);
  EXPECT_EQ(complaint({{"caCert", {{"RSAbits", 1024}, {"expiration", "soon"}}}}),
            "mtls.backends[0].conf.caCert.RSAbits: has to be one of 2048, 3072, 4096");
}

TEST_F(MeshCas, ConfThatIsNoMessageSpoilsNoCaThatIsThere) {
  Resource described = mesh({{"conf", {{"caCert", {{"RSAbits", "many"}}}}}});
  EXPECT_EQ(run_now(authorities_.ensure(described)).error().code, Code::internal);
  ASSERT_TRUE(run_now(authorities_.ensure(mesh({}))));
  EXPECT_TRUE(run_now(authorities_.ensure(described)));
  EXPECT_TRUE(tls(described));
  described.spec["mtls"]["backends"][0]["conf"]["caCert"] = {{"expiration", "soon"}};
  EXPECT_TRUE(run_now(authorities_.ensure(described)));
  EXPECT_TRUE(tls(described));
}

TEST_F(MeshCas, SourcesAreJudgedAndReadAsTheMessagesThatTheyAre) {
  auto ca = make_ca({.mesh = "default", .key = {}, .now = clock_.wall});
  auto provided = [](const json& certificate, const json& key) {
    json conf = {{"cert", certificate}, {"key", key}, {"caCert", {{"expiration", "soon"}}}};
    return mesh({{"type", "provided"}, {"conf", std::move(conf)}});
  };
  std::string lines = base64_encode(ca->certificate_pem).insert(64, "\r\n") + "\n";
  Resource described =
      provided({{"secret", nullptr}, {"inline", lines}}, {{"secret", ""}, {"inlineString", ca->key_pem}});
  EXPECT_EQ(run_now(authorities_.validate(described)).text(), "");
  auto read = tls(described);
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->ca, *ca);
  EXPECT_EQ(authorities_.used_secrets(described, described.spec["mtls"]["backends"][0]), std::vector<std::string>{});

  described = provided(json::object(), {{"inlineString", ""}});
  EXPECT_EQ(run_now(authorities_.validate(described)).text(),
            "mtls.backends[0].conf.cert: data source has to be chosen. Available sources: secret, file, inline");
  described = provided({{"inlineString", ""}}, {{"inlineString", ""}});
  EXPECT_EQ(run_now(authorities_.validate(described)).text(),
            "mtls.backends[0].conf.cert: not a valid TLS key pair: tls: failed to find any PEM data in certificate "
            "input");
  described = provided({{"secret", "s"}, {"file", "f"}}, {{"inlineString", ca->key_pem}});
  EXPECT_NE(run_now(authorities_.validate(described)).text().find("a `file` is not read"), std::string::npos);
  EXPECT_EQ(authorities_.used_secrets(described, described.spec["mtls"]["backends"][0]), std::vector<std::string>{});
}

TEST_F(MeshCas, ASourceOfAnotherFormIsNoConf) {
  json conf = {{"cert", 5}, {"key", {{"inline", "%"}}}};
  EXPECT_EQ(run_now(authorities_.validate(mesh({{"type", "provided"}, {"conf", conf}}))).text(),
            "mtls.backends[0].conf: could not convert backend config: json: cannot unmarshal number into Go value of "
            "type map[string]json.RawMessage");
}

TEST_F(MeshCas, KeyThatIsTooSmallForKumaFailsAsThere) {
  Resource described = mesh({{"conf", {{"caCert", {{"RSAbits", 17}}}}}});
  EXPECT_EQ(run_now(authorities_.validate(described)).text(), "");
  auto made = run_now(authorities_.ensure(described));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::internal);
}

TEST_F(MeshCas, UsedSecretsAreThoseOfTheBackend) {
  json builtin = {{"name", "ca-1"}, {"type", "builtin"}};
  EXPECT_EQ(authorities_.used_secrets(mesh({}), builtin),
            (std::vector<std::string>{"default.ca-builtin-cert-ca-1", "default.ca-builtin-key-ca-1"}));
  json provided = {
      {"name", "ca-2"}, {"type", "provided"}, {"conf", {{"cert", {{"secret", "c"}}}, {"key", {{"inline", "eA=="}}}}}};
  EXPECT_EQ(authorities_.used_secrets(mesh({}), provided), std::vector<std::string>{"c"});
}

TEST_F(MeshCas, ProvidedPairIsChecked) {
  auto ca = make_ca({.mesh = "default", .key = {}, .now = clock_.wall});
  auto other = make_ca({.mesh = "default", .key = {}, .now = clock_.wall});
  auto complain = [&](const std::string& certificate, const std::string& key) {
    json conf = {{"cert", {{"inlineString", certificate}}}, {"key", {{"inlineString", key}}}};
    return run_now(authorities_.validate(mesh({{"type", "provided"}, {"conf", conf}}))).text();
  };
  EXPECT_EQ(complain(ca->certificate_pem, ca->key_pem), "");
  EXPECT_EQ(complain(ca->certificate_pem, other->key_pem),
            "mtls.backends[0].conf.cert: not a valid TLS key pair: tls: private key does not match public key");
  EXPECT_EQ(complain(ca->key_pem, ca->certificate_pem),
            "mtls.backends[0].conf.cert: not a valid TLS key pair: tls: failed to find certificate PEM data in "
            "certificate input, but did find a private key; PEM inputs may have been switched");
  EXPECT_EQ(complain(ca->certificate_pem, ca->certificate_pem),
            "mtls.backends[0].conf.cert: not a valid TLS key pair: tls: found a certificate rather than a key in the "
            "PEM for the private key");
  auto root = make_ca({.mesh = "default", .key = {.rsa_bits = 2048}, .now = clock_.wall});
  EXPECT_EQ(complain(ca->certificate_pem, root->key_pem),
            "mtls.backends[0].conf.cert: not a valid TLS key pair: tls: private key type does not match public key "
            "type");
  EXPECT_NE(complain("", ""), "");
}

TEST_F(MeshCas, EachCertificateOfAProvidedChainHasToBeAnAuthority) {
  auto ca = make_ca({.mesh = "default", .key = {}, .now = clock_.wall});
  auto leaf = issue_leaf(*ca, {.mesh = "default", .tags = {}, .key = {}, .now = clock_.wall}, random_);
  ASSERT_TRUE(leaf) << leaf.error().message;
  auto violations = [&](const std::string& certificate, const std::string& key) {
    json conf = {{"cert", {{"inlineString", certificate}}}, {"key", {{"inlineString", key}}}};
    return run_now(authorities_.validate(mesh({{"type", "provided"}, {"conf", conf}})));
  };
  auto tells = [](const Violations& found, const std::string& field, std::string_view start) {
    return std::ranges::any_of(found.list(), [&](const auto& violation) {
      return violation.field == field && std::string_view(violation.message).starts_with(start);
    });
  };
  Violations found = violations(leaf->certificate_pem, leaf->key_pem);
  EXPECT_TRUE(tells(found, "mtls.backends[0].conf.cert[0]", "basic constraint 'CA' must be set")) << found.text();
  EXPECT_TRUE(tells(found, "mtls.backends[0].conf.cert[0]", "key usage extension 'keyCertSign'")) << found.text();
  found = violations(ca->certificate_pem + leaf->certificate_pem, ca->key_pem);
  EXPECT_FALSE(tells(found, "mtls.backends[0].conf.cert[0]", "")) << found.text();
  EXPECT_TRUE(tells(found, "mtls.backends[0].conf.cert[1]", "basic constraint 'CA' must be set")) << found.text();

  const std::string begin = "-----BEGIN CERTIFICATE-----\n", end = "\n-----END CERTIFICATE-----\n";
  found = violations(ca->certificate_pem + begin + "AAAA" + end + leaf->certificate_pem, ca->key_pem);
  EXPECT_EQ(found.text(), "mtls.backends[0].conf.cert[1]: not a valid x509 certificate: x509: malformed certificate");
  found = violations(ca->certificate_pem + begin + "%" + end + leaf->certificate_pem, ca->key_pem);
  EXPECT_TRUE(tells(found, "mtls.backends[0].conf.cert[1]", "basic constraint 'CA' must be set")) << found.text();
}

}  // namespace
}  // namespace kumasim::cp::testing
