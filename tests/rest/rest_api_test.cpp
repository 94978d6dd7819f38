/// The REST API where the recordings are not at hand: statuses, bodies, paging, access, warnings.
#include <gtest/gtest.h>

#include "reference-cp/model/kinds.hpp"
#include "rest/cp_under_test.hpp"

namespace kumasim::cp::testing {
namespace {

using nlohmann::json;

json body_of(const HttpResponse& response) { return json::parse(response.body, nullptr, false); }

json timeout(const std::string& name, const std::string& idle = "1s") {
  return {{"type", "MeshTimeout"},
          {"mesh", "default"},
          {"name", name},
          {"spec", {{"to", {{{"targetRef", {{"kind", "Mesh"}}}, {"default", {{"idleTimeout", idle}}}}}}}}};
}

TEST(RestApi, CreatesUpdatesAndDeletes) {
  CpUnderTest cp;
  EXPECT_EQ(cp.put("/meshes/default/meshtimeouts/t", timeout("t")).status, 201);
  EXPECT_EQ(cp.put("/meshes/default/meshtimeouts/t", timeout("t", "2s")).status, 200);
  json got = body_of(cp.get("/meshes/default/meshtimeouts/t"));
  EXPECT_EQ(got["spec"]["to"][0]["default"]["idleTimeout"], "2s");
  EXPECT_EQ(got["creationTime"], "2027-01-15T08:00:00Z");
  EXPECT_EQ(got["labels"]["kuma.io/origin"], "zone");
  EXPECT_EQ(cp.remove("/meshes/default/meshtimeouts/t").status, 200);
  HttpResponse gone = cp.get("/meshes/default/meshtimeouts/t");
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(body_of(gone)["title"], "Could not retrieve a resource");
}

TEST(RestApi, ViolationsAreListedTwice) {
  CpUnderTest cp;
  HttpResponse refused = cp.put("/meshes/default/meshtimeouts/t", timeout("t", "-1s"));
  EXPECT_EQ(refused.status, 400);
  json body = body_of(refused);
  EXPECT_EQ(body["type"], "/std-errors");
  EXPECT_EQ(
      body["invalid_parameters"],
      json::parse(R"([{"field": "spec.to[0].default.idleTimeout", "reason": "must not be negative when defined"}])"));
  EXPECT_EQ(
      body["causes"],
      json::parse(R"([{"field": "spec.to[0].default.idleTimeout", "message": "must not be negative when defined"}])"));
}

TEST(RestApi, UrlAndBodyMustAgree) {
  CpUnderTest cp;
  json body = body_of(cp.put("/meshes/default/meshtimeouts/other", timeout("t")));
  EXPECT_EQ(body["causes"][0]["message"], "name from the URL has to be the same as in body");
}

TEST(RestApi, RulesThatAskForMetadataComeWithTheWrite) {
  CpUnderTest cp;
  const std::string name(64, 'a');
  json service = {{"type", "MeshService"}, {"mesh", "default"}, {"name", name}};
  service["spec"]["selector"]["dataplaneTags"] = {{"a", "b"}};
  service["spec"]["ports"] = json::array({{{"port", 80}}});
  HttpResponse refused = cp.put("/meshes/default/meshservices/" + name, service);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(body_of(refused)["title"], "Failed to create a resource");
  EXPECT_EQ(body_of(refused)["causes"],
            json::parse(R"([{"field": "name", "message": "must not be longer than 63 characters"}])"));
}

TEST(RestApi, RoleOfAPolicyCountsAsItIsStored) {
  CpUnderTest cp;
  json body = timeout("t");
  body["labels"] = {{"kuma.io/policy-role", "producer"}};
  body["spec"]["targetRef"] = {{"kind", "MeshGateway"}, {"name", "g"}};
  const std::string path = "/meshes/default/meshtimeouts/t";
  HttpResponse refused = cp.put(path, body);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(body_of(refused)["title"], "Failed to create a resource");
  EXPECT_EQ(body_of(refused)["causes"],
            json::parse(R"([{"field": "spec.targetRef.kind", "message": "value is not supported"}])"));
  json plain = body;
  plain.erase("labels");
  EXPECT_EQ(cp.put(path, plain).status, 201);
  EXPECT_EQ(cp.put(path, body).status, 200) << "the stored one has no role yet";
  EXPECT_EQ(body_of(cp.put(path, plain))["title"], "Failed to update a resource");
}

TEST(RestApi, BytesThatAreNoTextAreRefusedAsAnyOthers) {
  CpUnderTest cp;
  EXPECT_EQ(cp.get("/meshes?offset=%ff").status, 400);
  for (const char* body : {"\xff", "{\"type\": \"\xff\"}"}) {
    auto refused = cp.ask({.method = "PUT",
                           .target = "/meshes/demo",
                           .headers = {{"Content-Type", "application/json"}},
                           .body = body});
    EXPECT_EQ(refused.status, 400) << refused.body;
  }
}

TEST(RestApi, MissingMeshIsNotFound) {
  CpUnderTest cp;
  HttpResponse response = cp.put("/meshes/gone/meshtimeouts/t", timeout("t"));
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(body_of(response)["title"], "Failed to retrieve Mesh");
}

TEST(RestApi, PagesLinkToTheNext) {
  CpUnderTest cp;
  for (const char* name : {"a", "b", "c"})
    EXPECT_EQ(cp.put(std::string("/meshes/default/meshtimeouts/") + name, timeout(name)).status, 201);
  json page = body_of(cp.get("/meshes/default/meshtimeouts?size=2&name="));
  EXPECT_EQ(page["total"], 5) << "three and the mesh's own two";
  EXPECT_EQ(page["items"].size(), 2u);
  EXPECT_EQ(page["next"], "http://cp.test/meshes/default/meshtimeouts?name=&offset=2&size=2");
  page = body_of(cp.get("/meshtimeouts?size=10"));
  EXPECT_EQ(page["items"].size(), 5u);
  EXPECT_TRUE(page["next"].is_null());
  EXPECT_EQ(cp.get("/meshtimeouts?size=1001").status, 400);
  EXPECT_EQ(cp.get("/meshtimeouts?offset=x").status, 400);
}

TEST(RestApi, SizesOfPagesBelowOneAreAsInKuma) {
  CpUnderTest cp;
  for (const char* name : {"b", "a"}) {
    cp.clock.time += std::chrono::seconds(1);
    EXPECT_EQ(cp.put(std::string("/meshes/default/meshtimeouts/") + name, timeout(name)).status, 201);
  }
  auto names = [&](const std::string& query) {
    std::string out;
    const json page = body_of(cp.get("/meshes/default/meshtimeouts" + query));
    for (const json& item : page["items"])
      if (auto name = item["name"].get<std::string>(); name.size() == 1) out += name;
    return out;
  };
  EXPECT_EQ(names(""), "ab");
  EXPECT_EQ(names("?size=0"), "ba") << "in the order in which they were made";
  EXPECT_EQ(names("?size=0&offset=x"), "ab") << "an offset makes for sorting, and is not read";
  json page = body_of(cp.get("/meshes/default/meshtimeouts?size=-1"));
  EXPECT_EQ(page["items"], json::array());
  EXPECT_EQ(page["total"], 4);
  EXPECT_EQ(page["next"], "http://cp.test/meshes/default/meshtimeouts?offset=-1&size=-1");
  json refused = body_of(cp.get("/meshes/default/meshtimeouts?offset=99999999999999999999"));
  EXPECT_EQ(refused["detail"],
            "invalid: invalid offset: strconv.Atoi: parsing \"99999999999999999999\": value out of range");
}

TEST(RestApi, QueriesAreJudgedBeforeTheMeshIsLookedFor) {
  CpUnderTest cp;
  for (const char* query : {"size=abc", "gateway=x", "filter[name]=y"}) {
    HttpResponse refused = cp.get(std::string("/meshes/absent/dataplanes?") + query);
    EXPECT_EQ(refused.status, 400) << query;
    EXPECT_EQ(body_of(refused)["title"], "Could not retrieve resources") << query;
  }
  EXPECT_EQ(cp.get("/meshes/absent/dataplanes?offset=x").status, 404);
}

TEST(RestApi, ServicesAreTurnedIntoPagesByThePage) {
  CpUnderTest cp;
  json dataplane = {{"type", "Dataplane"}, {"mesh", "default"}, {"name", "d"}};
  dataplane["networking"]["address"] = "10.0.0.1";
  dataplane["networking"]["inbound"] = json::array({{{"port", 80}, {"tags", {{"kuma.io/service", "a"}}}}});
  ASSERT_EQ(cp.put("/meshes/default/dataplanes/d", dataplane).status, 201);
  cp.write_insights();
  EXPECT_EQ(body_of(cp.get("/service-insights"))["items"].size(), 1u);
  EXPECT_EQ(cp.get("/service-insights?filter[name]=x").status, 200);
  for (const char* query : {"size=abc", "size=1001", "offset=abc"})
    EXPECT_EQ(body_of(cp.get(std::string("/service-insights?") + query))["title"], "Could not paginate resources");
  json none = body_of(cp.get("/service-insights?size=0"));
  EXPECT_EQ(none["items"], json::array());
  EXPECT_EQ(none["next"], "http://cp.test/service-insights?offset=0&size=0");
}

TEST(RestApi, SecretsAreForAdmins) {
  RestOptions options;
  options.authenticate = [](const HttpRequest&) -> asio::awaitable<Result<User>> { co_return anonymous_user(); };
  CpUnderTest cp({}, options);
  HttpResponse refused = cp.get("/meshes/default/secrets");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(body_of(refused)["detail"],
            "user \"mesh-system:anonymous/mesh-system:unauthenticated\" cannot access the resource of type \"Secret\"");
  EXPECT_EQ(cp.get("/meshes/default/meshtimeouts").status, 200);
  EXPECT_EQ(body_of(cp.remove("/meshes/default/secrets/absent"))["title"], "Could not delete a resource");
  Resource secret;
  secret.kind = &kind::secret();
  secret.meta.mesh = "default";
  secret.meta.name = "s";
  secret.spec = {{"data", "Zm9v"}};
  ASSERT_TRUE(run_now(cp.store.create(secret, cp.clock.wall_now())).has_value());
  EXPECT_EQ(cp.remove("/meshes/default/secrets/s").status, 403);
}

TEST(RestApi, TheWebPageIsPointedToAlsoWhereThereIsNone) {
  CpUnderTest cp({}, {.gui = false});
  HttpResponse answer = cp.get("/gui");
  EXPECT_EQ(answer.status, 307);
  EXPECT_EQ(answer.headers.get("Location"), "/gui/");
}

TEST(RestApi, BadAuthenticationIs401) {
  RestOptions options;
  options.authenticate = [](const HttpRequest&) -> asio::awaitable<Result<User>> {
    co_return fail(Code::unauthenticated, "bad token");
  };
  CpUnderTest cp({}, options);
  EXPECT_EQ(cp.get("/meshes").status, 401);
}

TEST(RestApi, GlobalControlPlaneTakesNoDataplanes) {
  ManagerOptions options;
  options.labels.mode = CpMode::global;
  CpUnderTest cp(options);
  HttpResponse refused = cp.put("/meshes/default/dataplanes/d", {{"type", "Dataplane"}});
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(body_of(refused)["title"], "Method not allowed");
}

TEST(RestApi, ZoneUnderAGlobalControlPlaneTakesWhatZonesMake) {
  CpUnderTest cp({}, {.federated = true});
  for (const char* target : {"/meshes/default", "/meshes/default/timeouts/t"}) {
    HttpResponse refused = cp.remove(target);
    EXPECT_EQ(refused.status, 405) << target;
    EXPECT_TRUE(body_of(refused)["detail"].get<std::string>().starts_with("On zone control plane you can only modify"));
  }
  json body = timeout("t");
  json refused = body_of(cp.put("/meshes/default/meshtimeouts/t", body));
  EXPECT_EQ(refused["causes"], json::parse(R"([{"field": "labels[\"kuma.io/origin\"]",
                                                "message": "the origin label must be set to 'zone'"}])"));
  body["labels"] = {{"kuma.io/origin", "zone"}};
  EXPECT_EQ(cp.put("/meshes/default/meshtimeouts/t", body).status, 201);
}

TEST(RestApi, WarningsComeWithTheAnswer) {
  CpUnderTest cp;
  json body = timeout("t");
  body["spec"]["from"] = body["spec"]["to"];
  json answer = body_of(cp.put("/meshes/default/meshtimeouts/t", body));
  EXPECT_EQ(answer["warnings"], json({"'from' field is deprecated, use 'rules' instead"}));
}

TEST(RestApi, OverviewsJoinResourceAndInsight) {
  CpUnderTest cp;
  json dataplane = {
      {"type", "Dataplane"},
      {"mesh", "default"},
      {"name", "d"},
      {"networking", {{"address", "10.0.0.1"}, {"inbound", {{{"port", 80}, {"tags", {{"kuma.io/service", "a"}}}}}}}}};
  ASSERT_EQ(cp.put("/meshes/default/dataplanes/d", dataplane).status, 201);
  json alone = body_of(cp.get("/meshes/default/dataplanes/d/_overview"));
  EXPECT_EQ(alone["type"], "DataplaneOverview");
  EXPECT_EQ(alone["dataplaneInsight"], json::object());
  EXPECT_EQ(body_of(cp.get("/meshes/default/dataplanes/d/_overview?format=bogus"))["title"], "invalid format");
  Resource insight;
  insight.kind = &kind::dataplane_insight();
  insight.meta.mesh = "default";
  insight.meta.name = "d";
  insight.spec = {{"subscriptions", {{{"id", "1"}}}}};
  ASSERT_TRUE(run_now(cp.store.create(insight, cp.clock.wall_now())).has_value());
  json list = body_of(cp.get("/meshes/default/dataplanes+insights"));
  EXPECT_EQ(list["items"][0]["dataplaneInsight"]["subscriptions"][0]["id"], "1");
  EXPECT_EQ(list["items"][0]["dataplane"]["networking"]["address"], "10.0.0.1");
  list = body_of(cp.get("/meshes/default/dataplanes/_overview?filter[labels.kuma.io/mesh]=default"));
  ASSERT_EQ(list["items"].size(), 1u);
  EXPECT_FALSE(list["items"][0].contains("dataplaneInsight")) << "an insight has no such label";
}

TEST(RestApi, MediaTypesAreComparedAsAWhole) {
  CpUnderTest cp;
  auto status = [&](const char* method, const char* target, const char* header, const char* value) {
    HttpRequest request{.method = method, .target = target};
    request.headers.add(header, value);
    if (std::string_view(method) == "PUT") request.body = timeout("t").dump();
    return cp.ask(std::move(request)).status;
  };
  constexpr const char *mesh = "/meshes/default", *policy = "/meshes/default/meshtimeouts/t";
  EXPECT_EQ(status("GET", mesh, "Content-Type", "application/yaml"), 415);
  EXPECT_EQ(status("GET", mesh, "Content-Type", "application/json"), 200);
  EXPECT_EQ(status("PUT", policy, "Content-Type", "*/*"), 415);
  EXPECT_EQ(status("PUT", policy, "Content-Type", "application/json-patch+json"), 415);
  EXPECT_EQ(status("PUT", policy, "Content-Type", "text/plain, application/json; charset=utf-8"), 201);
  EXPECT_EQ(status("GET", mesh, "Accept", "application/json-seq"), 406);
  EXPECT_EQ(status("GET", mesh, "Accept", "text/html, */*;q=0.8"), 200);
  EXPECT_EQ(status("GET", "/global-insight", "Accept", "text/plain"), 406);
  EXPECT_EQ(status("GET", "/service-insights", "Accept", "text/plain"), 406);
  HttpResponse refused = cp.ask({.method = "POST", .target = "/global-insights"});
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.headers.get("Allow"), "GET");
}

TEST(RestApi, KumaHasNoPageOfVersions) {
  CpUnderTest cp;
  EXPECT_EQ(cp.get("/versions").status, 404);
}

TEST(RestApi, EveryKindOfAFederatedZoneIsDescribedAsReadOnly) {
  CpUnderTest cp({}, {.federated = true});
  const json page = body_of(cp.get("/_resources"));
  ASSERT_FALSE(page["resources"].empty());
  for (const json& one : page["resources"]) EXPECT_EQ(one["readOnly"], true) << one["name"];
}

TEST(RestApi, FurtherEndpointsAreAskedLast) {
  RestOptions options;
  options.further = [](const HttpRequest& request, const User& user) -> asio::awaitable<std::optional<HttpResponse>> {
    if (request.target != "/tokens/dataplane") co_return std::nullopt;
    co_return HttpResponse{200, {}, user.name};
  };
  CpUnderTest cp({}, options);
  EXPECT_EQ(cp.ask({.method = "POST", .target = "/tokens/dataplane"}).body, "mesh-system:admin");
  EXPECT_EQ(cp.get("/tokens/nothing").status, 404);
}

TEST(RestApi, CountsWhatIsThere) {
  CpUnderTest cp;
  EXPECT_EQ(cp.get("/mesh-insights/default").status, 404) << "it is counted some time later";
  cp.write_insights();
  json insight = body_of(cp.get("/mesh-insights/default"));
  EXPECT_EQ(insight["policies"]["MeshTimeout"]["total"], 2);
  EXPECT_EQ(body_of(cp.get("/global-insight"))["meshes"]["total"], 1);
  EXPECT_EQ(cp.get("/mesh-insights/gone").status, 404);
}

}  // namespace
}  // namespace kumasim::cp::testing
