/// What is counted of proxies and services, and that it is the same however it came about.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference-cp/insights/mesh_tally.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

ResourcePtr make(const Kind& kind, const std::string& name, json spec) {
  auto out = std::make_shared<Resource>();
  out->kind = &kind;
  out->meta.mesh = "default";
  out->meta.name = name;
  out->spec = std::move(spec);
  return out;
}

ResourcePtr dataplane(const std::string& name, json inbounds) {
  return make(kind::dataplane(), name, {{"networking", {{"address", "10.0.0.1"}, {"inbound", std::move(inbounds)}}}});
}

ResourcePtr gateway(const std::string& name, const char* type, const char* service) {
  json networking = {{"gateway", {{"type", type}, {"tags", {{"kuma.io/service", service}}}}}};
  return make(kind::dataplane(), name, {{"networking", std::move(networking)}});
}

json inbound(const std::string& service, const char* state = nullptr) {
  json out = {{"port", 80}, {"tags", {{"kuma.io/service", service}, {"kuma.io/zone", "east"}}}};
  if (state != nullptr) out["state"] = state;
  return out;
}

ResourcePtr external(const std::string& name, const std::string& service) {
  return make(kind::external_service(), name,
              {{"networking", {{"address", "x.y:443"}}}, {"tags", {{"kuma.io/service", service}}}});
}

ResourcePtr connected(const std::string& name, const char* backend = "ca-1") {
  return make(kind::dataplane_insight(), name,
              {{"subscriptions",
                {{{"connectTime", "2026-01-01T00:00:00Z"},
                  {"version", {{"kumaDp", {{"version", "2.12.14"}}}, {"envoy", {{"version", "1.34.1"}}}}}}}},
               {"mTLS", {{"issuedBackend", backend}, {"supportedBackends", {"ca-1", "ca-2"}}}}});
}

bool set(MeshTally& tally, const ResourcePtr& resource) {
  return tally.set(*resource->kind, resource->meta.name, resource);
}

bool remove(MeshTally& tally, const ResourcePtr& resource) {
  return tally.set(*resource->kind, resource->meta.name, nullptr);
}

TEST(ProxyStatus, FollowsTheStreamAndTheInbounds) {
  auto insight = connected("dp");
  auto status = [&](json inbounds) { return proxy_status(*dataplane("dp", std::move(inbounds)), insight.get()); };
  EXPECT_EQ(status({inbound("a")}), ProxyStatus::online);
  EXPECT_EQ(status({inbound("a"), inbound("b", "NotReady")}), ProxyStatus::partially_degraded);
  EXPECT_EQ(status({inbound("a", "NotReady")}), ProxyStatus::offline);
  EXPECT_EQ(status(json::array()), ProxyStatus::offline);
  EXPECT_EQ(proxy_status(*dataplane("dp", {inbound("a")}), nullptr), ProxyStatus::offline);
  EXPECT_EQ(proxy_status(*gateway("gw", "DELEGATED", "edge"), insight.get()), ProxyStatus::online);
}

TEST(MeshTally, CountsByVersionBackendAndService) {
  MeshTally tally;
  for (const auto& each :
       {dataplane("a1", {inbound("a")}), dataplane("a2", {inbound("a"), inbound("b")}), connected("a1"),
        external("ext", "x"), gateway("g", "BUILTIN", "edge"), make(kind::mesh_timeout(), "t", json::object())})
    EXPECT_TRUE(set(tally, each)) << each->meta.name;
  json insight = tally.mesh_insight();
  EXPECT_EQ(insight["dataplanes"], json::parse(R"({"total":3,"online":1,"offline":2})"));
  EXPECT_EQ(insight["dataplanesByType"], json::parse(R"({"standard":{"total":2,"online":1,"offline":1},
    "gateway":{"total":1,"offline":1},"gatewayBuiltin":{"total":1,"offline":1},"gatewayDelegated":{}})"));
  EXPECT_EQ(insight["dpVersions"]["kumaDp"],
            json::parse(R"({"2.12.14":{"total":1,"online":1},"unknown":{"total":2,"offline":2}})"));
  EXPECT_EQ(insight["mTLS"]["supportedBackends"],
            json::parse(R"({"ca-1":{"total":1,"online":1},"ca-2":{"total":1,"online":1}})"));
  EXPECT_EQ(insight["services"], json::parse(R"({"total":4,"internal":3,"external":1})"));
  EXPECT_EQ(insight["resources"], json::parse(R"({"Dataplane":{"total":3},"ExternalService":{"total":1},
    "MeshTimeout":{"total":1}})"));
  EXPECT_EQ(insight["policies"], json::parse(R"({"MeshTimeout":{"total":1}})"));
}

TEST(MeshTally, TellsTheStateOfEachService) {
  MeshTally tally;
  for (const auto& each : {dataplane("a1", {inbound("a")}), dataplane("a2", {inbound("a"), inbound("b", "Ignored")}),
                           connected("a1"), external("ext", "x")})
    set(tally, each);
  json services = tally.service_insight()["services"];
  EXPECT_EQ(services, json::parse(R"({"a":{"status":"partially_degraded","zones":["east"],
    "dataplanes":{"online":1,"offline":1},"issuedBackends":{"ca-1":1}},
    "x":{"status":"not_available","serviceType":"external","addressPort":"x.y:443","dataplanes":{}}})"));
}

TEST(MeshTally, SaysWhatChangesNothing) {
  MeshTally tally;
  auto insight = connected("a");
  EXPECT_TRUE(set(tally, dataplane("a", {inbound("a")})));
  EXPECT_TRUE(set(tally, insight));
  auto counted = std::make_shared<Resource>(*insight);
  counted->spec["subscriptions"][0]["status"] = {{"total", {{"responsesSent", "7"}}}};
  EXPECT_FALSE(set(tally, counted)) << "a count of responses";
  EXPECT_TRUE(set(tally, make(kind::mesh_timeout(), "t", json::object())));
  EXPECT_FALSE(set(tally, make(kind::mesh_timeout(), "t", {{"other", 1}}))) << "an update";
  EXPECT_FALSE(remove(tally, make(kind::mesh_timeout(), "never", json::object())));
}

ResourcePtr any_resource() {
  const std::string name = "r" + std::to_string(*rc::gen::inRange(0, 4));
  auto service = [] { return "s" + std::to_string(*rc::gen::inRange(0, 3)); };
  switch (*rc::gen::inRange(0, 8)) {
    case 0:
      return gateway(name, *rc::gen::inRange(0, 2) ? "BUILTIN" : "DELEGATED", *rc::gen::inRange(0, 2) ? "s1" : "");
    case 1: return external(name, service());
    case 2: return make(kind::mesh_timeout(), name, json::object());
    case 3:
    case 4: {
      auto out = std::make_shared<Resource>(*connected(name, *rc::gen::inRange(0, 2) ? "ca-1" : "ca-2"));
      if (*rc::gen::inRange(0, 3) == 0) out->spec["subscriptions"][0]["disconnectTime"] = "2026-01-01T00:00:01Z";
      if (*rc::gen::inRange(0, 3) == 0) out->spec.erase("mTLS");
      return out;
    }
    default: {
      json inbounds = json::array();
      for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
        static constexpr const char* states[] = {nullptr, "NotReady", "Ignored"};
        std::string name_of = service();
        inbounds.push_back(inbound(name_of, states[*rc::gen::inRange(0, 3)]));
      }
      return dataplane(name, std::move(inbounds));
    }
  }
}

RC_GTEST_PROP(MeshTally, IsTheSameHoweverItCameAbout, ()) {
  MeshTally followed;
  std::map<std::pair<const Kind*, std::string>, ResourcePtr> held;
  for (int i = *rc::gen::inRange(0, 40); i > 0; --i) {
    ResourcePtr resource = any_resource();
    const std::pair key{resource->kind, resource->meta.name};
    const json before = {followed.mesh_insight(), followed.service_insight()};
    bool changed = false;
    if (*rc::gen::inRange(0, 4) == 0) {
      changed = remove(followed, resource);
      held.erase(key);
    } else {
      changed = set(followed, resource);
      held[key] = resource;
    }
    const json after = {followed.mesh_insight(), followed.service_insight()};
    RC_ASSERT(changed || before == after);
  }
  MeshTally fresh;
  for (const auto& [key, resource] : held) set(fresh, resource);
  RC_ASSERT(followed.mesh_insight() == fresh.mesh_insight());
  RC_ASSERT(followed.service_insight() == fresh.service_insight());
}

}  // namespace
}  // namespace kumasim::cp
