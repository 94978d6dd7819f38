/// What `_config` shows of a proxy: everything that it would be sent, shadow policies only where asked for.
#include <gtest/gtest.h>

#include "reference-cp/app/kuma_cp/proxy_config.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/rest/inspect/json_diff.hpp"
#include "reference-cp/xds/type_url.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

ResourcePtr resource(const char* yaml) {
  auto read = resource_from_yaml(yaml);
  EXPECT_TRUE(read.has_value()) << (read ? "" : read.error().message);
  return std::make_shared<const Resource>(*std::move(read));
}

TEST(ProxyConfig, ShadowPoliciesCountWhereAskedFor) {
  std::vector<ResourcePtr> all = {resource("{type: Mesh, name: default}"), resource(R"(
type: Dataplane
mesh: default
name: web
networking:
  address: 127.0.0.1
  inbound: [{port: 8080, tags: {kuma.io/service: web, kuma.io/protocol: http}}]
)"),
                                  resource(R"(
type: MeshTimeout
mesh: default
name: later
labels: {kuma.io/effect: shadow}
spec:
  targetRef: {kind: Mesh}
  from: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 77s}}]
)")};
  MeshView::Ptr mesh = MeshView::build("default", {}, all);
  json now = proxy_config(*mesh, all[1], json::object(), false);
  json then = proxy_config(*mesh, all[1], json::object(), true);
  const json& cluster = now[std::string(type_url::cluster)]["localhost:8080"];
  EXPECT_EQ(cluster.value("name", ""), "localhost:8080") << now.dump(1);
  EXPECT_FALSE(cluster.contains("@type"));
  EXPECT_EQ(now.dump().find("77s"), std::string::npos);
  EXPECT_NE(then.dump().find("77s"), std::string::npos);
  EXPECT_EQ(now.patch(inspect::json_diff(now, then)), then);
}

TEST(ProxyConfig, ShowsWhatIsNotCompiledIn) {
  std::vector<ResourcePtr> all = {resource("{type: Mesh, name: default}"), resource(R"(
type: Dataplane
mesh: default
name: web
networking:
  address: 10.0.0.1
  inbound: [{port: 8080, tags: {kuma.io/service: web, kuma.io/protocol: http}}]
  transparentProxying: {redirectPortInbound: 15006, redirectPortOutbound: 15001}
)")};
  MeshView::Ptr mesh = MeshView::build("default", {}, all);
  json config = proxy_config(*mesh, all[1], {{"dataplane.dns.port", "15053"}}, false);
  const json& listener = config[std::string(type_url::listener)]["kuma:dns"];
  EXPECT_EQ(listener.value("name", ""), "kuma:dns") << config.dump(1);
  EXPECT_EQ(config.dump().find("undecoded"), std::string::npos) << config.dump(1);
  const json& filter = listener["listenerFilters"][0]["typedConfig"];
  EXPECT_TRUE(filter.contains("serverConfig")) << listener.dump(1);
}

TEST(ProxyConfig, ShowsWhatThePinnedEnvoyLacks) {
  std::vector<ResourcePtr> all = {resource("{type: Mesh, name: default}"), resource(R"(
type: Dataplane
mesh: default
name: broker
networking:
  address: 10.0.0.1
  inbound: [{port: 9092, tags: {kuma.io/service: broker, kuma.io/protocol: kafka}}]
)")};
  MeshView::Ptr mesh = MeshView::build("default", {}, all);
  json config = proxy_config(*mesh, all[1], json::object(), false);
  EXPECT_EQ(config.dump().find("undecoded"), std::string::npos) << config.dump(1);
  const json& listener = config[std::string(type_url::listener)]["inbound:10.0.0.1:9092"];
  const json& filter = listener["filterChains"][0]["filters"][0]["typedConfig"];
  EXPECT_EQ(filter.value("@type", ""),
            "type.googleapis.com/envoy.extensions.filters.network.kafka_broker.v3.KafkaBroker")
      << listener.dump(1);
  EXPECT_NE(filter.value("statPrefix", ""), "") << listener.dump(1);
}

}  // namespace
}  // namespace kumasim::cp
