/// Differences as patches, and what is counted of proxies and services.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/rest/inspect/json_diff.hpp"
#include "reference-cp/rest/inspect/subject.hpp"
#include "reference-cp/rest/mesh_insights.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

json small_json(int depth) {
  const int what = *rc::gen::inRange(0, depth == 0 ? 4 : 8);
  if (what < 4) return what == 0 ? json() : json(what);
  static constexpr const char* names[] = {"a", "b/c", "d~e", ""};
  const int size = *rc::gen::inRange(0, 4);
  json out = what < 6 ? json::array() : json::object();
  for (int i = 0; i < size; ++i) {
    json inner = small_json(depth - 1);
    if (out.is_array()) {
      out.push_back(std::move(inner));
    } else {
      const char* name = names[*rc::gen::inRange(0, 4)];
      out[name] = std::move(inner);
    }
  }
  return out;
}

RC_GTEST_PROP(JsonDiff, TurnsTheOneIntoTheOther, ()) {
  const json before = small_json(3);
  const json after = small_json(3);
  RC_ASSERT(before.patch(inspect::json_diff(before, after)) == after);
}

TEST(JsonDiff, SaysNothingOfWhatIsEqual) {
  const json same = {{"a", {1, 2}}, {"b", nullptr}};
  EXPECT_TRUE(inspect::json_diff(same, same).empty());
}

ResourcePtr make(const Kind& kind, const char* name, json spec) {
  auto out = std::make_shared<Resource>();
  out->kind = &kind;
  out->meta.mesh = "default";
  out->meta.name = name;
  out->spec = std::move(spec);
  return out;
}

ResourcePtr dataplane(const char* name, json inbounds) {
  return make(kind::dataplane(), name, {{"networking", {{"address", "10.0.0.1"}, {"inbound", std::move(inbounds)}}}});
}

json inbound(const char* service, const char* state = nullptr) {
  json out = {{"port", 80}, {"tags", {{"kuma.io/service", service}, {"kuma.io/zone", "east"}}}};
  if (state != nullptr) out["state"] = state;
  return out;
}

ResourcePtr connected(const char* name) {
  return make(kind::dataplane_insight(), name,
              {{"subscriptions",
                {{{"connectTime", "2026-01-01T00:00:00Z"},
                  {"version", {{"kumaDp", {{"version", "2.12.14"}}}, {"envoy", {{"version", "1.34.1"}}}}}}}},
               {"mTLS", {{"issuedBackend", "ca-1"}, {"supportedBackends", {"ca-1", "ca-2"}}}}});
}

TEST(ProxyStatus, FollowsTheStreamAndTheInbounds) {
  auto insight = connected("dp");
  auto status = [&](json inbounds) { return proxy_status(*dataplane("dp", std::move(inbounds)), insight.get()); };
  EXPECT_EQ(status({inbound("a")}), ProxyStatus::online);
  EXPECT_EQ(status({inbound("a"), inbound("b", "NotReady")}), ProxyStatus::partially_degraded);
  EXPECT_EQ(status({inbound("a", "NotReady")}), ProxyStatus::offline);
  EXPECT_EQ(status(json::array()), ProxyStatus::offline);
  EXPECT_EQ(proxy_status(*dataplane("dp", {inbound("a")}), nullptr), ProxyStatus::offline);
  json gateway = {{"networking", {{"gateway", {{"tags", {{"kuma.io/service", "edge"}}}}}}}};
  EXPECT_EQ(proxy_status(*make(kind::dataplane(), "gw", gateway), insight.get()), ProxyStatus::online);
}

TEST(MeshInsights, CountByVersionBackendAndService) {
  MeshInventory inventory;
  inventory.dataplanes = {dataplane("a1", {inbound("a")}), dataplane("a2", {inbound("a"), inbound("b")})};
  inventory.insights["a1"] = connected("a1");
  inventory.external_services = {
      make(kind::external_service(), "ext",
           {{"networking", {{"address", "x.y:443"}}}, {"tags", {{"kuma.io/service", "x"}}}})};
  MeshCounts counts = count_mesh(inventory);
  EXPECT_EQ(counts.all.sparse(), json::parse(R"({"total":2,"online":1,"offline":1})"));
  EXPECT_EQ(counts.dp_versions()["kumaDp"],
            json::parse(R"({"2.12.14":{"total":1,"online":1},"unknown":{"total":1,"offline":1}})"));
  EXPECT_EQ(counts.mtls()["supportedBackends"],
            json::parse(R"({"ca-1":{"total":1,"online":1},"ca-2":{"total":1,"online":1}})"));
  EXPECT_EQ(counts.services(), json::parse(R"({"total":3,"internal":2,"external":1})"));
}

TEST(ServiceInsights, TellTheStateOfEachService) {
  MeshInventory inventory;
  inventory.dataplanes = {dataplane("a1", {inbound("a")}), dataplane("a2", {inbound("a"), inbound("b", "Ignored")})};
  inventory.insights["a1"] = connected("a1");
  auto services = service_insights(inventory, ".mesh:80");
  EXPECT_EQ(services.size(), 1u);
  EXPECT_EQ(services["a"], json::parse(R"({"status":"partially_degraded","addressPort":"a.mesh:80","zones":["east"],
    "dataplanes":{"total":2,"online":1,"offline":1},"issuedBackends":{"ca-1":1}})"));
}

TEST(InspectedKri, SaysWhyItIsNone) {
  EXPECT_EQ(inspect::read_kri("kri_msvc_m_z__web_http")->section, "http");
  EXPECT_EQ(inspect::read_kri("nonsense").error().message, R"(invalid identifier string: "nonsense")");
  EXPECT_EQ(inspect::read_kri("id_msvc_m_z__web_").error().message,
            R"(identifier must start with 'kri': "id_msvc_m_z__web_")");
  EXPECT_EQ(inspect::read_kri("kri_zzz_m_z__web_").error().message, R"(unknown short name of resource type: "zzz")");
}

}  // namespace
}  // namespace kumasim::cp
