/// kuma-cp's settings: from file and variables, what is wrong with them, what TLS is offered.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/app/kuma_cp/settings_multizone.hpp"
#include "reference-cp/app/kuma_cp/tls_bounds.hpp"

namespace kumasim::cp {
namespace {

class ControlPlaneConfig : public ::testing::Test {
 protected:
  Result<Config> load(std::string_view yaml) {
    return load_config(
        yaml, "cp.yaml",
        [this](std::string_view name) -> std::optional<std::string> {
          auto found = variables.find(std::string(name));
          return found == variables.end() ? std::nullopt : std::optional(found->second);
        },
        &ignored);
  }
  std::string error(std::string_view yaml) {
    auto config = load(yaml);
    return config ? std::string("accepted") : config.error().message;
  }

  std::map<std::string, std::string> variables;
  std::vector<std::string> ignored;
};

TEST_F(ControlPlaneConfig, WrongTypesNameFileLineAndSetting) {
  EXPECT_EQ(error("mode: zone\ndpServer:\n  port: many\n"),
            "cp.yaml:3: dpServer.port: expected a whole number, found \"many\"");
  EXPECT_EQ(error("dpServer:\n  port: 70000\n"),
            "cp.yaml:2: dpServer.port: expected a port, 0 to 65535, found \"70000\"");
  EXPECT_EQ(error("apiServer:\n  readOnly: 3\n"), "cp.yaml:2: apiServer.readOnly: expected true or false, found \"3\"");
  EXPECT_EQ(error("general:\n\n  workDir: [a]\n"), "cp.yaml:3: general.workDir: expected a single value");
  EXPECT_EQ(error("general: 7\n"), "cp.yaml:1: general: expected a map of settings");
  EXPECT_EQ(error("store:\n  type: kubernetes\n"),
            "cp.yaml:2: store.type: expected one of memory, sqlite, postgres, found \"kubernetes\"");
  EXPECT_TRUE(error("a: [\n").starts_with("cp.yaml:2: not valid YAML"));
  variables["KUMA_DP_SERVER_PORT"] = "many";
  EXPECT_EQ(error(""), "KUMA_DP_SERVER_PORT: expected a whole number, found \"many\"");
}

TEST_F(ControlPlaneConfig, UnknownSettingIsPassedOverAndTold) {
  auto config = load("dpServer:\n  port: 7\n  prot: 1\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->dp_server_port, 7u);
  EXPECT_EQ(ignored, std::vector<std::string>{"cp.yaml:3: dpServer.prot: there is no such setting"});
}

TEST_F(ControlPlaneConfig, TimesOfHealthDiscoveryAreMoreThanNothing) {
  variables["KUMA_DP_SERVER_HDS_CHECK_TIMEOUT"] = "3s";
  auto config = load("dpServer: {hds: {interval: 7s, refreshInterval: 8s, checkDefaults: {healthyThreshold: 9}}}");
  ASSERT_TRUE(config);
  EXPECT_EQ(config_to_json(*config)["dpServer"]["hds"],
            nlohmann::json::parse(R"({"enabled": true, "interval": "7s", "refreshInterval": "8s",
                "checkDefaults": {"timeout": "3s", "interval": "1s", "noTrafficInterval": "1s",
                                  "healthyThreshold": 9, "unhealthyThreshold": 1}})"));
  EXPECT_EQ(error("dpServer: {hds: {refreshInterval: 0s}}"), "dpServer.hds.refreshInterval must be greater than 0s");
  EXPECT_EQ(error("dpServer: {hds: {checkDefaults: {interval: 0s}}}"),
            "dpServer.hds.checkDefaults.interval must be greater than 0s");
}

TEST_F(ControlPlaneConfig, AgesAndTheIntervalOfInsightsArePositive) {
  EXPECT_EQ(error("runtime: {universal: {dataplaneCleanupAge: 0s}}"),
            "runtime.universal.dataplaneCleanupAge must be positive");
  EXPECT_EQ(error("runtime: {universal: {zoneResourceCleanupAge: 0s}}"),
            "runtime.universal.zoneResourceCleanupAge must be positive");
  EXPECT_EQ(error("metrics: {mesh: {minResyncInterval: 0s}}"), "metrics.mesh.minResyncInterval must be positive");
  EXPECT_EQ(error("multizone: {zone: {ingressUpdateInterval: 0s}}"),
            "multizone.zone.ingressUpdateInterval must be positive");
  EXPECT_EQ(error("runtime: {universal: {dataplaneCleanupAge: 1s}}"), "accepted");
  variables["KUMA_RUNTIME_UNIVERSAL_DATAPLANE_CLEANUP_AGE"] = "0s";
  EXPECT_EQ(error(""), "runtime.universal.dataplaneCleanupAge must be positive");
}

TEST_F(ControlPlaneConfig, SettingOfSecurityThatIsNotThereStopsTheStart) {
  EXPECT_EQ(error("diagnostics: {tlsEnabled: false}"), "accepted");
  EXPECT_EQ(error("diagnostics: {tlsEnabled: true}"),
            "cp.yaml:1: diagnostics.tlsEnabled: expected one of false, found \"true\"");
  variables["KUMA_DIAGNOSTICS_TLS_ENABLED"] = "true";
  EXPECT_EQ(error(""), "KUMA_DIAGNOSTICS_TLS_ENABLED: expected one of false, found \"true\"");
}

TEST_F(ControlPlaneConfig, PlantedBugsAreNoSetting) {
  EXPECT_EQ(error("policies: {plantedBug: rbac-rule-dropped}"), "accepted");
  EXPECT_EQ(ignored, std::vector<std::string>{"cp.yaml:1: policies.plantedBug: there is no such setting"});
  variables["KUMASIM_PLANTED_BUG"] = "rbac-rule-dropped";
  EXPECT_EQ(load("")->planted.permissions, nullptr);
}

TEST_F(ControlPlaneConfig, TlsOfEveryServerFollowsTheGeneralOne) {
  auto config = load("general: {tlsMinVersion: TLSv1_3}");
  ASSERT_TRUE(config);
  EXPECT_EQ(tls_bounds(config->dp_server_tls, "dpServer")->version_min, TlsVersion::v1_3);
  EXPECT_EQ(tls_bounds(config->api_https_tls, "apiServer.https")->version_min, TlsVersion::v1_3);
  // In Kuma the general default takes this back; here the stricter one counts.
  config = load("dpServer: {tlsMinVersion: TLSv1_3}");
  EXPECT_EQ(tls_bounds(config->dp_server_tls, "dpServer")->version_min, TlsVersion::v1_3);
  EXPECT_EQ(tls_bounds(config->api_https_tls, "apiServer.https")->version_min, TlsVersion::v1_2);
  variables["KUMA_API_SERVER_HTTPS_TLS_CIPHER_SUITES"] =
      "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256";
  EXPECT_EQ(tls_bounds(load("")->api_https_tls, "apiServer.https")->ciphers_tls12,
            "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305");
}

TEST_F(ControlPlaneConfig, TlsThatCannotBeOfferedNamesTheSetting) {
  EXPECT_EQ(error("dpServer: {tlsMinVersion: TLSv1_1}"),
            "dpServer.tlsMinVersion: expected one of TLSv1_2, TLSv1_3, found \"TLSv1_1\"");
  EXPECT_EQ(error("apiServer: {https: {tlsMaxVersion: SSLv3}}"),
            "apiServer.https.tlsMaxVersion: expected one of TLSv1_2, TLSv1_3, found \"SSLv3\"");
  EXPECT_EQ(error("general: {tlsCipherSuites: [TLS_RSA_WITH_RC4_128_SHA]}"),
            "general.tlsCipherSuites: the cipher \"TLS_RSA_WITH_RC4_128_SHA\" is not known or not secure");
  EXPECT_EQ(error("dpServer: {tlsMinVersion: TLSv1_3, tlsMaxVersion: TLSv1_2}"),
            "dpServer.tlsMaxVersion: nothing is left between it, tlsMinVersion and tlsCipherSuites");
  // Only TLS 1.3 is left: of TLS 1.2 no cipher is chosen.
  EXPECT_EQ(error("dpServer: {tlsMaxVersion: TLSv1_2, tlsCipherSuites: [TLS_AES_128_GCM_SHA256]}"),
            "dpServer.tlsMaxVersion: nothing is left between it, tlsMinVersion and tlsCipherSuites");
}

TEST_F(ControlPlaneConfig, IsShownUnderKumasNames) {
  auto shown = config_to_json(*load("dpServer: {tlsMinVersion: TLSv1_3, tlsCipherSuites: [TLS_AES_128_GCM_SHA256]}"));
  EXPECT_EQ(shown["dpServer"]["tlsMinVersion"], "TLSv1_3");
  EXPECT_EQ(shown["dpServer"]["tlsCipherSuites"], nlohmann::json::array({"TLS_AES_128_GCM_SHA256"}));
  EXPECT_EQ(shown["general"]["tlsMinVersion"], "TLSv1_2");
}

TEST_F(ControlPlaneConfig, AZoneIsFederatedByTheAddressOfItsGlobalControlPlane) {
  auto alone = load("");
  EXPECT_FALSE(alone->federated());
  EXPECT_FALSE(config_to_json(*alone)["multizone"]["zone"].contains("globalAddress"));
  variables["KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS"] = "grpcs://127.0.0.1:5685";
  auto under = load("");
  EXPECT_TRUE(under->federated());
  EXPECT_EQ(config_to_json(*under)["multizone"]["zone"]["globalAddress"], "grpcs://127.0.0.1:5685");
  variables["KUMA_MODE"] = "global";
  EXPECT_FALSE(load("")->federated());
}

TEST_F(ControlPlaneConfig, AZoneHasANameAndAnAddressToConnectTo) {
  EXPECT_EQ(error("multizone: {zone: {name: a b}}"), "multizone.zone.name: a b has to be a valid DNS name");
  EXPECT_EQ(error("multizone: {zone: {name: 10.0.0.1}}"), "multizone.zone.name: 10.0.0.1 has to be a valid DNS name");
  EXPECT_EQ(error("multizone: {zone: {name: a..b}}"), "multizone.zone.name: a..b has to be a valid DNS name");
  EXPECT_EQ(error("multizone: {zone: {name: " + std::string(40, 'a') + "." + std::string(40, 'b') + "}}"),
            "multizone.zone.name cannot be longer than 63 characters");
  EXPECT_EQ(error("multizone: {zone: {globalAddress: \"https://g:1\"}}"),
            "multizone.zone.globalAddress: unsupported scheme \"https\". Use one of grpc, grpcs");
  EXPECT_EQ(error("multizone: {zone: {globalAddress: g}}"),
            "multizone.zone.globalAddress: unsupported scheme \"\". Use one of grpc, grpcs");
  EXPECT_EQ(error("multizone: {zone: {globalAddress: \"grpc://g\", kds: {refreshInterval: 0s}}}"),
            "multizone.zone.kds.refreshInterval must be positive");
  EXPECT_EQ(error("multizone: {zone: {globalAddress: \"grpc://g\", kds: {msgSendTimeout: 0s}}}"),
            "multizone.zone.kds.msgSendTimeout must be positive");
  EXPECT_EQ(error("general: {resilientComponentBaseBackoff: 0s}\nmultizone: {zone: {globalAddress: \"grpc://g\"}}"),
            "general.resilientComponentBaseBackoff must be positive");
  EXPECT_EQ(error("mode: global\nmultizone: {zone: {name: a b}}"), "accepted");
  EXPECT_EQ(error("multizone: {global: {kds: {tlsCertFile: c}}}"), "accepted");
  auto plain = parse_global_address("grpc://[::1]:5685");
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->tls);
  EXPECT_EQ(plain->host, "::1");
  EXPECT_EQ(plain->port, 5685);
  auto secure = parse_global_address("grpcs://global");
  ASSERT_TRUE(secure);
  EXPECT_TRUE(secure->tls);
  EXPECT_EQ(secure->port, 443);
}

TEST_F(ControlPlaneConfig, TheServerOfZonesIsSetAsInKuma) {
  auto shown = config_to_json(*load(""));
  EXPECT_EQ(shown["multizone"]["global"], nlohmann::json::parse(R"({"kds": {
      "grpcPort": 5685, "labels": {}, "maxMsgSize": 10485760, "msgSendTimeout": "1m0s", "nackBackoff": "5s",
      "refreshInterval": "1s", "responseBackoff": "0s", "tlsCertFile": "", "tlsCipherSuites": [], "tlsEnabled": true,
      "tlsKeyFile": "", "tlsMaxVersion": "", "tlsMinVersion": "TLSv1_2", "tracing": {"enabled": true},
      "zoneHealthCheck": {"closeStaleConn": false, "pollInterval": "0s", "timeout": "0s"},
      "zoneInsightFlushInterval": "10s"}})"));
  EXPECT_EQ(shown["metrics"]["zone"],
            nlohmann::json::parse(
                R"({"compactFinishedSubscriptions": false, "idleTimeout": "5m0s", "subscriptionLimit": 10})"));
  variables["KUMA_MULTIZONE_GLOBAL_KDS_LABELS_SKIP_PREFIXES"] = "a.io,b.io";
  variables["KUMA_GENERAL_TLS_MIN_VERSION"] = "TLSv1_3";
  auto config = load("mode: global");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config_to_json(*config)["multizone"]["global"]["kds"]["labels"]["skipPrefixes"],
            nlohmann::json::array({"a.io", "b.io"}));
  EXPECT_EQ(tls_bounds(config->kds_server_tls, "multizone.global.kds")->version_min, TlsVersion::v1_3);
  EXPECT_EQ(error("mode: global\nmultizone: {global: {kds: {zoneHealthCheck: {timeout: 1s}}}}"),
            "multizone.global.kds.zoneHealthCheck: timeout and pollInterval must both be either set or unset");
  EXPECT_EQ(error("mode: global\nmultizone: {global: {kds: {refreshInterval: 0s}}}"),
            "multizone.global.kds.refreshInterval must be positive");
  EXPECT_EQ(error("mode: global\nmultizone: {global: {kds: {msgSendTimeout: 0s}}}"),
            "multizone.global.kds.msgSendTimeout must be positive");
  EXPECT_EQ(error("multizone: {global: {kds: {refreshInterval: 0s}}}"), "accepted") << "in a zone";
}

TEST_F(ControlPlaneConfig, PublicKeysHaveAnIdAndATextOrAFile) {
  auto with = [&](const std::string& keys) {
    return error("apiServer:\n authn:\n  tokens:\n   validator:\n    publicKeys: " + keys + "\n");
  };
  const std::string name = "cp.yaml:5: apiServer.authn.tokens.validator.publicKeys: ";
  EXPECT_EQ(with("7"), name + "expected a list of keys");
  EXPECT_EQ(with("[7]"), name + "expected a key: kid, and key or keyFile");
  EXPECT_EQ(with("[{kid: [a]}]"), name + "kid: expected a single value");
  EXPECT_EQ(with("[{kid: a, color: red}]"), name + "there is no such field: color");
  EXPECT_EQ(with("[{key: b}]"), name + ".KID is required");
  EXPECT_EQ(with("[{kid: a}]"), name + "either .KeyFile or .Key has to be defined");
  EXPECT_EQ(with("[{kid: a, key: b, keyFile: c}]"), name + "both .KeyFile or .Key cannot be defined");
  auto config = load(
      "dpServer: {authn: {dpProxy: {dpToken: {validator: {publicKeys: "
      "[{kid: a, key: text, mesh: demo}, {kid: b, keyFile: /keys/b}]}}}}}");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->dp_token_keys.size(), 2u);
  EXPECT_EQ(config->dp_token_keys[0].mesh, "demo");
  EXPECT_EQ(config->dp_token_keys[1].key_file, "/keys/b");
  EXPECT_EQ(
      config_to_json(*config)["dpServer"]["authn"]["dpProxy"]["dpToken"]["validator"]["publicKeys"],
      nlohmann::json::parse(R"([{"kid": "a", "key": "text", "mesh": "demo"}, {"kid": "b", "keyFile": "/keys/b"}])"));
}

TEST_F(ControlPlaneConfig, ListsAndTimesAreReadFromFileAndVariable) {
  EXPECT_EQ(error("general: {tlsCipherSuites: some}"), "cp.yaml:1: general.tlsCipherSuites: expected a list");
  EXPECT_EQ(error("general: {tlsCipherSuites: [[a]]}"), "cp.yaml:1: general.tlsCipherSuites: expected a list of texts");
  EXPECT_EQ(error("dpServer: {hds: {interval: soon}}"),
            "cp.yaml:1: dpServer.hds.interval: expected a duration such as 1s, 500ms or 1h30m, found \"soon\"");
  EXPECT_EQ(error("dpServer: {hds: {interval: -1s}}"),
            "cp.yaml:1: dpServer.hds.interval: expected a duration such as 1s, 500ms or 1h30m, found \"-1s\"");
  EXPECT_EQ(error("dpServer: {hds: null, port: null}\nmode:\n"), "accepted") << "null leaves what was there";
  EXPECT_EQ(error("apiServer: {https: {tlsCertFile: a}}"),
            "apiServer.https.tlsCertFile and apiServer.https.tlsKeyFile have to be set together");
  variables["KUMA_GENERAL_TLS_CIPHER_SUITES"] = "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384";
  variables["KUMA_GENERAL_TLS_CERT_FILE"] = "/c";
  variables["KUMA_GENERAL_TLS_KEY_FILE"] = "/k";
  variables["KUMA_MODE"] = "standalone";
  auto config = load("");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->general_tls.ciphers,
            (std::vector<std::string>{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"}));
  EXPECT_EQ(config->mode, "zone") << "the old name";
  auto shown = config_to_json(*config);
  for (const char* server : {"dpServer", "diagnostics", "monitoringAssignmentServer"})
    EXPECT_EQ(shown[server]["tlsCertFile"], "/c") << server;
  EXPECT_EQ(shown["multizone"]["global"]["kds"]["tlsKeyFile"], "/k");
}

TEST_F(ControlPlaneConfig, AMapIsOneSetting) {
  variables["KUMA_RUNTIME_KUBERNETES_INJECTOR_EXCEPTIONS_LABELS"] = "a.io/b:x,c:y";
  auto config = load("");
  ASSERT_TRUE(config);
  EXPECT_EQ(config_to_json(*config)["runtime"]["kubernetes"]["injector"]["exceptions"]["labels"],
            (nlohmann::json{{"a.io/b", "x"}, {"c", "y"}}));
}

TEST_F(ControlPlaneConfig, ShowsNoPassword) {
  auto shown = config_to_json(*load("store: {postgres: {password: hunter2, user: mesh}}"));
  EXPECT_EQ(shown["store"]["postgres"]["user"], "mesh");
  EXPECT_EQ(shown["store"]["postgres"]["password"], "*****");
}

}  // namespace
}  // namespace kumasim::cp
