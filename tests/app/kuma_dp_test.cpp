/// kuma-dp's parts that need no machine: templates, configuration, the bootstrap client in the simulated world.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/task.hpp"
#include "kumasim/sim/world.hpp"
#include "kumasim/transport/http.hpp"
#include "reference-cp/app/kuma_dp/bootstrap_client.hpp"
#include "reference-cp/app/kuma_dp/config.hpp"
#include "reference-cp/app/kuma_dp/mustache.hpp"
#include "reference-cp/app/kuma_dp/proxy_resource.hpp"
#include "reference-cp/app/kuma_dp/readiness.hpp"

namespace kumasim::dp {
namespace {

using namespace std::chrono_literals;

TEST(Mustache, FillsInVariables) {
  std::map<std::string, std::string> variables{
      {"name", "web-1"}, {"address", "10.0.0.1"}, {"a.b", "deep"}, {"x", "<&>"}};
  EXPECT_EQ(render_template("{{ name }} at {{address}}", variables), "web-1 at 10.0.0.1");
  EXPECT_EQ(render_template("{{a.b}}", variables), "deep");
  EXPECT_EQ(render_template("[{{missing}}]", variables), "[]");
  EXPECT_EQ(render_template("{{x}} {{{x}}} {{&x}}", variables), "&lt;&amp;&gt; <&> <&>");
  EXPECT_EQ(render_template("a{{! nothing }}b", variables), "ab");
  EXPECT_EQ(render_template("unclosed {{name", variables), "unclosed {{name");
  EXPECT_EQ(render_template("", variables), "");
}

TEST(ProxyResource, IsReadFromItsTemplate) {
  auto text = "type: Dataplane\nmesh: default\nname: {{ name }}\nnetworking:\n  address: 10.0.0.1\n";
  auto resource = read_proxy_resource(text, {{"name", "web-1"}}, "dataplane");
  ASSERT_TRUE(resource) << resource.error().message;
  EXPECT_EQ(resource->name, "web-1");
  EXPECT_EQ(resource->mesh, "default");
  EXPECT_EQ(nlohmann::json::parse(resource->json)["networking"]["address"], "10.0.0.1");
}

TEST(ProxyResource, ErrorsNameTheField) {
  auto error = [](std::string_view text, const char* proxy = "dataplane") {
    auto resource = read_proxy_resource(text, {}, proxy);
    return resource ? std::string("accepted") : resource.error().message;
  };
  EXPECT_EQ(error("mesh: default\nname: a\n"), "type: cannot be empty");
  EXPECT_EQ(error("type: Dataplane\nmesh: default\n"), "name: cannot be empty");
  EXPECT_EQ(error("type: Dataplane\nname: a\n"), "mesh: cannot be empty");
  EXPECT_EQ(error("type: Mesh\nname: a\n"), "invalid proxy resource type \"Mesh\", expected Dataplane");
  EXPECT_EQ(error("type: Dataplane\nmesh: m\nname: a\n", "ingress"),
            "invalid proxy resource type \"Dataplane\", expected ZoneIngress");
  EXPECT_TRUE(error("type: Dataplane\n  name: [\n").starts_with("dataplane:")) << error("type: Dataplane\n  name: [\n");
  EXPECT_EQ(error("just text"), "the dataplane template must hold one resource");
}

TEST(DataplaneConfig, VariablesHaveKumasNames) {
  std::map<std::string, std::string> variables{{"KUMA_CONTROL_PLANE_URL", "https://cp:5678"},
                                               {"KUMA_DATAPLANE_DRAIN_TIME", "1m30s"},
                                               {"KUMA_DATAPLANE_RUNTIME_CONCURRENCY", "3"},
                                               {"KUMA_DNS_ENABLED", "false"},
                                               {"POD_NAME", "web"},
                                               {"POD_NAMESPACE", "shop"}};
  auto look_up = [&](const std::string& name) -> std::optional<std::string> {
    auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  Config config;
  ASSERT_TRUE(apply_environment(config, look_up));
  EXPECT_EQ(config.control_plane_url, "https://cp:5678");
  EXPECT_EQ(config.drain_time, 90s);
  EXPECT_EQ(config.concurrency, 3u);
  EXPECT_FALSE(config.dns_enabled);
  EXPECT_EQ(config.name, "web.shop");
  variables["KUMA_DATAPLANE_DRAIN_TIME"] = "soon";
  EXPECT_EQ(apply_environment(config, look_up).error().message,
            "KUMA_DATAPLANE_DRAIN_TIME: \"soon\" is not a duration such as 30s");
  variables["KUMA_DATAPLANE_DRAIN_TIME"] = "1s";
  variables["KUMA_READINESS_PORT"] = "99o2";
  EXPECT_EQ(apply_environment(config, look_up).error().message, "KUMA_READINESS_PORT: \"99o2\" is not a whole number");
}

TEST(DataplaneConfig, TellsAllThatIsWrongAtOnce) {
  Config config;
  EXPECT_EQ(validate(config).error().message,
            "Invalid configuration: .Dataplane is not valid: .Mesh must be non-empty; .Dataplane is not valid: .Name "
            "must be non-empty");
  config.mesh = "default";
  config.name = "web-1";
  EXPECT_TRUE(validate(config));
  config.drain_time = 0s;
  config.xds_variant = "SOAP";
  EXPECT_EQ(
      validate(config).error().message,
      "Invalid configuration: .Dataplane is not valid: .DrainTime must be positive; .DataplaneRuntime is not valid: "
      ".EnvoyXdsTransportProtocolVariant invalid value: SOAP . Must be one of: DELTA_GRPC or GRPC when defined");
}

TEST(DataplaneConfig, FeaturesAreInKumasOrder) {
  Config config;
  EXPECT_EQ(features(config),
            (std::vector<std::string>{"feature-tcp-accesslog-via-named-pipe", "feature-readiness-unix-socket"}));
  config.xds_variant = "DELTA_GRPC";
  config.readiness_unix_socket_disabled = true;
  EXPECT_EQ(features(config), (std::vector<std::string>{"feature-tcp-accesslog-via-named-pipe", "feature-delta-grpc"}));
}

TEST(DataplaneConfig, RefusesWhatKumaRefuses) {
  Config config;
  config.mesh = "default";
  config.name = "web-1";
  auto with = [&](auto member, auto value) {
    Config changed = config;
    changed.*member = value;
    auto valid = validate(changed);
    if (valid) return std::string("accepted");
    EXPECT_TRUE(valid.error().message.starts_with("Invalid configuration: "));
    return valid.error().message.substr(std::string("Invalid configuration: ").size());
  };
  EXPECT_EQ(with(&Config::proxy_type, std::string("gateway")),
            ".Dataplane is not valid: .ProxyType is not valid: \"gateway\" is not a supported proxy type");
  EXPECT_EQ(with(&Config::readiness_port, 0u), ".Dataplane is not valid: .ReadinessPort has to be in (0, 65353] range");
  EXPECT_EQ(with(&Config::readiness_port, 65400u),
            ".Dataplane is not valid: .ReadinessPort has to be in (0, 65353] range");
  EXPECT_EQ(with(&Config::retry_backoff, Duration::zero()),
            ".ControlPlane is not valid: .Retry is not valid: .Backoff must be a positive duration");
  EXPECT_EQ(with(&Config::retry_duration_max, Duration::zero()),
            ".ControlPlane is not valid: .Retry is not valid: .MaxDuration must be a positive duration");
  EXPECT_EQ(with(&Config::binary_path, std::string()), ".DataplaneRuntime is not valid: .BinaryPath must be non-empty");
  EXPECT_EQ(with(&Config::coredns_path, std::string()), ".DNS is not valid: .CoreDNSBinaryPath cannot be empty");
  config.mesh = "";
  EXPECT_EQ(with(&Config::proxy_type, std::string("ingress")), "accepted") << "a zone's proxy has no mesh";
  config.resource = "type: Dataplane";
  EXPECT_EQ(with(&Config::name, std::string()), "accepted") << "the template names it";
}

TEST(DataplaneConfig, FlagsHaveGosSpellings) {
  std::map<std::string, std::string> variables;
  auto read = [&](const char* value) {
    variables["KUMA_DNS_ENABLE_LOGGING"] = value;
    Config config;
    auto done = apply_environment(config, [&](const std::string& name) -> std::optional<std::string> {
      auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
    return !done ? done.error().message : config.coredns_logging ? std::string("yes") : std::string("no");
  };
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"}) EXPECT_EQ(read(yes), "yes") << yes;
  for (const char* no : {"0", "f", "F", "false", "FALSE", "False"}) EXPECT_EQ(read(no), "no") << no;
  EXPECT_EQ(read("on"), "KUMA_DNS_ENABLE_LOGGING: \"on\" is not true or false");
}

TEST(DataplaneConfig, EveryFeatureIsAskedFor) {
  Config config;
  config.dns_proxy_port = 15053;
  config.transparent_proxy = "{}";
  config.bind_outbounds = config.unified_naming = config.spire = true;
  EXPECT_EQ(features(config),
            (std::vector<std::string>{"feature-tcp-accesslog-via-named-pipe", "feature-embedded-dns",
                                      "feature-transparent-proxy-in-dataplane-metadata", "feature-bind-outbounds",
                                      "feature-unified-resource-naming", "feature-spire",
                                      "feature-readiness-unix-socket"}));
}

TEST(Readiness, IsReadyUntilItTerminates) {
  Readiness readiness;
  EXPECT_EQ(readiness.answer({.target = "/ready"}).status, 200);
  EXPECT_EQ(readiness.answer({.target = "/ready"}).body, "READY");
  EXPECT_EQ(readiness.answer({.target = "/other"}).status, 404);
  readiness.set_terminating();
  EXPECT_EQ(readiness.answer({.target = "/ready"}).status, 503);
  EXPECT_EQ(readiness.answer({.target = "/ready"}).body, "TERMINATING");
  EXPECT_EQ(readiness_socket("/run/dp"), "/run/dp/kuma-readiness-reporter.sock");
  EXPECT_EQ(readiness_socket("/" + std::string(200, 'x')).size(), 98u + 5u);
}

TEST(Bootstrap, TheRequestHasKumasForm) {
  auto body = nlohmann::json::parse(to_json({.mesh = "default",
                                             .name = "web-1",
                                             .dataplane_token = "secret",
                                             .envoy_version = "1.40.0",
                                             .envoy_build = "a/1.40.0/b/c/d",
                                             .features = {"feature-delta-grpc"},
                                             .workdir = "/run/dp"}));
  EXPECT_EQ(body["mesh"], "default");
  EXPECT_EQ(body["name"], "web-1");
  EXPECT_EQ(body["proxyType"], "dataplane");
  EXPECT_EQ(body["dataplaneToken"], "secret");
  EXPECT_FALSE(body.contains("dataplaneResource"));
  EXPECT_EQ(body["version"]["envoy"]["version"], "1.40.0");
  EXPECT_EQ(body["version"]["envoy"]["kumaDpCompatible"], true);
  EXPECT_EQ(body["readinessPort"], 9902);
  EXPECT_EQ(body["features"], nlohmann::json::array({"feature-delta-grpc"}));
  EXPECT_EQ(body["workdir"], "/run/dp");
  EXPECT_EQ(body["dynamicMetadata"], nlohmann::json::object());
}

TEST(Bootstrap, TheRequestTellsAllThatTheProxyHas) {
  BootstrapRequest request{.mesh = "default", .name = "web-1"};
  request.dataplane_token = "secret";
  request.dataplane_token_path = "/run/token";
  request.dataplane_resource = "{}";
  request.dns_port = 15053;
  request.app_probe_proxy = true;
  request.transparent_proxy = R"({"redirect": {}})";
  request.dynamic_metadata = {{"version", "7"}};
  auto body = nlohmann::json::parse(to_json(request));
  EXPECT_EQ(body["dataplaneTokenPath"], "/run/token");
  EXPECT_EQ(body["dataplaneResource"], "{}");
  EXPECT_EQ(body["dnsPort"], 15053);
  EXPECT_EQ(body["appProbeProxyDisabled"], true);
  EXPECT_EQ(body["dataplaneConfig"], (nlohmann::json{{"redirect", nlohmann::json::object()}}));
  EXPECT_EQ(body["dynamicMetadata"]["version"], "7");
}

constexpr const char* good_answer =
    R"({"bootstrap":"YWRtaW46CiAgYWRkcmVzczoKICAgIHNvY2tldEFkZHJlc3M6IHthZGRyZXNzOiAxMjcuMC4wLjEsIHBvcnRWYWx1ZTogOTkwMX0K",)"
    R"("kumaSidecarConfiguration":{"networking":{"corefileTemplate":"YWJj","address":"10.0.0.1"},)"
    R"("metrics":{"aggregate":[{"name":"app","address":"10.0.0.1","port":8080,"path":"/metrics"}]}}})";

TEST(Bootstrap, TheAnswerIsRead) {
  auto answer = parse_bootstrap_response(good_answer);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->bootstrap.starts_with("admin:\n"));
  EXPECT_EQ(answer->corefile_template, "abc");
  EXPECT_EQ(answer->address, "10.0.0.1");
  ASSERT_EQ(answer->metrics.size(), 1u);
  EXPECT_EQ(answer->metrics[0].port, 8080u);
  EXPECT_EQ(*admin_address(answer->bootstrap), (Address{"127.0.0.1", 9901}));
  EXPECT_EQ(admin_address("node: {id: a}")->port, 0);
  EXPECT_EQ(admin_address("admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9}}}")->port, 9);
  EXPECT_FALSE(admin_address("admin: [")) << "no YAML";
  EXPECT_EQ(admin_address("admin: text")->port, 0);
  EXPECT_TRUE(parse_bootstrap_response(R"({"bootstrap":"YQ==","kumaSidecarConfiguration":5})"));
  for (auto* broken : {"", "[]", "{}", R"({"bootstrap":"%%%"})", R"({"bootstrap":""})", R"({"bootstrap":7})",
                       R"({"bootstrap":"YQ==","kumaSidecarConfiguration":{"networking":{"corefileTemplate":"%"}}})"})
    EXPECT_EQ(parse_bootstrap_response(broken).error().code, Code::data_loss) << broken;
}

/// A control plane that gives the same answer to everybody, from `up_at` on, and a proxy that asks it.
struct Asked {
  Result<BootstrapResponse> outcome = fail(Code::internal, "not finished");
  std::int64_t seconds = -1;
  int requests = 0;
};

Asked ask(HttpResponse answer, Duration up_at = 0s, int good_after = 1'000'000) {
  sim::World world({.seed = 4});
  Asked asked;
  auto& control_plane = world.add_process("cp");
  auto serve = [&, answer](Runtime& runtime) {
    auto handler = [&asked, answer, good_after](HttpRequest request) -> asio::awaitable<HttpResponse> {
      EXPECT_EQ(request.method, "POST");
      EXPECT_EQ(request.target, "/bootstrap");
      if (++asked.requests > good_after) co_return HttpResponse{.body = good_answer};
      co_return answer;
    };
    auto accept = [](Runtime& r, HttpHandler handle) -> asio::awaitable<void> {
      auto listener = r.network.listen({"", 5678});
      for (;;) spawn(r.executor, r.log, "http", serve_http(co_await listener.accept(), handle, {}, r.timers));
    };
    spawn(runtime.executor, runtime.log, "accept", accept(runtime, handler));
  };
  world.schedule(MonotonicTime(up_at), [&] { control_plane.start(serve); });
  world.add_process("proxy").start([&](Runtime& runtime) {
    auto run = [](Runtime& r, Asked& out) -> asio::awaitable<void> {
      out.outcome =
          co_await fetch_bootstrap(r, {.mesh = "default", .name = "web"}, {.control_plane_url = "http://cp:5678"});
      out.seconds = r.clock.now().time_since_epoch() / 1s;
    };
    spawn(runtime.executor, runtime.log, "proxy", run(runtime, asked));
  });
  world.run_until(MonotonicTime(20min));
  return asked;
}

TEST(Bootstrap, WaitsForTheControlPlane) {
  auto asked = ask({.body = good_answer}, 30s);
  ASSERT_TRUE(asked.outcome) << asked.outcome.error().message;
  EXPECT_EQ(asked.requests, 1);
  EXPECT_GE(asked.seconds, 30);
  EXPECT_LE(asked.seconds, 34);  // one back-off later at the most
}

TEST(Bootstrap, WaitsForTheDataplaneToAppear) {
  auto asked = ask({.status = 404}, 0s, 5);
  ASSERT_TRUE(asked.outcome) << asked.outcome.error().message;
  EXPECT_EQ(asked.requests, 6);
  EXPECT_EQ(asked.seconds, 15);
}

TEST(Bootstrap, GivesUpAfterFiveMinutes) {
  auto asked = ask({.status = 404});
  ASSERT_FALSE(asked.outcome);
  EXPECT_EQ(asked.outcome.error().code, Code::not_found);
  EXPECT_TRUE(asked.outcome.error().message.starts_with("Dataplane entity not found."))
      << asked.outcome.error().message;
  EXPECT_GE(asked.seconds, 295);
  EXPECT_LE(asked.seconds, 300);
}

TEST(Bootstrap, ARefusalIsFinal) {
  auto asked = ask({.status = 422, .body = "mesh: cannot be empty"});
  ASSERT_FALSE(asked.outcome);
  EXPECT_EQ(asked.outcome.error(), (Error{Code::invalid_argument, "Invalid request: mesh: cannot be empty"}));
  EXPECT_EQ(asked.requests, 1);
}

TEST(Bootstrap, AServerThatIsOutOfOrderIsAskedAgain) {
  auto asked = ask({.status = 500}, 0s, 2);
  ASSERT_TRUE(asked.outcome) << asked.outcome.error().message;
  EXPECT_EQ(asked.requests, 3);
  asked = ask({.status = 302});
  EXPECT_EQ(asked.outcome.error(), (Error{Code::unavailable, "unexpected status code: 302"}));
}

TEST(Bootstrap, TheWrongPortIsExplained) {
  auto asked = ask({.status = 404, .body = "404: Page Not Found"});
  ASSERT_FALSE(asked.outcome);
  EXPECT_NE(asked.outcome.error().message.find("DP Server port (5678 by default)"), std::string::npos);
}

}  // namespace
}  // namespace kumasim::dp
