/// Recordings of real Kuma's REST API, replayed against ours: every case whose kinds we have must answer the same.
///
/// The corpus lies beside the project (../shared/conformance); where it does not, the test says so and passes over it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/rest/inspect/inspect_endpoints.hpp"
#include "reference-cp/xds/derive/mesh_services.hpp"
#include "reference-cp/xds/derive/vips.hpp"
#include "reference-cp/xds/text/envoy_text_error.hpp"
#include "rest/cp_under_test.hpp"

namespace kumasim::cp::testing {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const fs::path corpus = "../shared/conformance/rest";

/// Cases that need what other parts bring (certificate authorities, keys, xDS, host names, Envoy's admin), and cases
/// whose certificates the recording holds as what check.py makes of them.
const std::set<std::string> beyond = {
    "secrets/provided-ca-garbage",
    "secrets/provided-ca-missing",
    "secrets/mesh-builtin-ca-conf-bad",
    "secrets/delete-used-secret",
    "secrets/list",
    "crud-misc/mesh-default-secrets",
    "crud-get/meshtrust",
    "crud-k8s-format/meshtrust",
    "crud-labels/meshtrust",
    "crud-misc/external-service-status",
    "crud-misc/multizone-service-status",
    "kuma-crud/put-meshexternalservice-1",
    "kuma-crud/put-meshmultizoneservice-1",
    "list/secrets-all-fresh",
    "list/meshservices-by-label",
    "list/meshservices-generated",
    "system/envoy-admin-bad-type",
    "system/envoy-admin-missing",
    "system/envoy-admin-stats",
    "system/config",
    "system/global-insight-fresh",
    "system/global-insights-fresh",
    "system/mesh-insights-fresh",
    "system/mesh-insight-default-fresh",
    "global-cp/globalsecrets-fresh",
    "kuma-crud/list-global-secret",
    "kuma-crud/list-globalsecret",
    "kuma-crud/list-meshservices",
    "kuma-crud/put-meshservice-1",
    "kuma-crud/put-meshservice-with-status-1",
    "kuma-crud/put-meshservice-with-status-3",
    "system/mesh-insight-mtls",
};

const std::vector<std::string> areas = {
    "crud-create",
    "crud-delete",
    "crud-get",
    "crud-get-deleted",
    "crud-k8s-format",
    "crud-labels",
    "crud-list",
    "crud-misc",
    "crud-missing-mesh",
    "crud-not-found",
    "crud-read-only",
    "crud-update",
    "list",
    "malformed",
    "meta",
    "secrets",
    "global-cp",
    "kuma-crud",
    "system",
    "inspect",
    "kuma-dataplanes-layout",
    "kuma-dataplanes-policies",
    "kuma-dataplanes-policies-inbounds",
    "kuma-dataplanes-policies-outbounds",
    "kuma-dataplanes-policies-routes",
    "kuma-dataplanes-routes",
    "kuma-dataplanes-rules",
    "kuma-meshgateways-rules",
    "kuma-policies-dataplanes",
    "kuma-service-insights",
    "kuma-services-hostnames",
    "validate-mesh",
    "validate-dataplane",
    "validate-trafficroute",
    "validate-trafficpermission",
    "validate-meshaccesslog",
    "validate-meshexternalservice",
    "validate-meshfaultinjection",
    "validate-meshhealthcheck",
    "validate-meshidentity",
    "validate-meshloadbalancingstrategy",
    "validate-meshmetric",
    "validate-meshmultizoneservice",
    "validate-meshpassthrough",
    "validate-meshproxypatch",
    "validate-meshratelimit",
    "validate-meshtcproute",
    "validate-meshtls",
    "validate-meshtrace",
    "validate-meshtrust",
    "validate-circuitbreaker",
    "validate-externalservice",
    "validate-faultinjection",
    "validate-healthcheck",
    "validate-meshgateway",
    "validate-meshgatewayroute",
    "validate-proxytemplate",
    "validate-ratelimit",
    "validate-retry",
    "validate-timeout",
    "validate-trafficlog",
    "validate-traffictrace",
    "validate-virtualoutbound",
    "validate-zoneegress",
    "validate-zoneingress",
    "validate-meshtimeout",
    "validate-meshtrafficpermission",
    "validate-meshhttproute",
    "validate-meshretry",
    "validate-meshcircuitbreaker",
    "validate-hostnamegenerator",
    "validate-meshservice",
};

const std::set<std::string> pages = {
    "",    "config",  "who-am-i", "policies",       "_resources",      "versions",     "gui",
    "api", "metrics", "ready",    "global-insight", "global-insights", "mesh-insights"};

/// Whether a path is about kinds that we have.
bool is_ours(const std::string& path) {
  std::string clean = path.substr(0, path.find('?'));
  std::vector<std::string> parts;
  std::stringstream stream(clean);
  for (std::string part; std::getline(stream, part, '/');) {
    if (!part.empty()) parts.push_back(part);
  }
  if (parts.empty()) return true;
  std::string collection = parts[0] == "meshes" && parts.size() >= 3 ? parts[2] : parts[0];
  if (parts.back() == "_hostnames") return true;
  return find_kind_by_path(collection) != nullptr || pages.contains(collection) || collection == "_overview" ||
         collection == "dataplanes+insights" || collection == "zones+insights" ||
         collection == "zoneingresses+insights" || collection == "zoneegressoverviews";
}

HttpRequest to_request(const json& call) {
  HttpRequest out{.method = call.value("method", "GET"), .target = call.value("path", "/")};
  bool has_body = call.contains("body") || call.contains("raw");
  if (call.contains("headers")) {
    for (const auto& [key, value] : call["headers"].items()) out.headers.add(key, value.get<std::string>());
  } else if (has_body) {
    out.headers.add("Content-Type", "application/json");
  }
  if (call.contains("raw")) out.body = call["raw"].get<std::string>();
  if (call.contains("body")) out.body = call["body"].dump();
  return out;
}

/// What changes from run to run becomes a placeholder, as in the recordings.
json normal(const json& value, const std::string& key = "") {
  static const std::regex vip(R"(\b24[01](\.\d+){3}\b)");
  static const std::regex time(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))");
  if (value.is_string()) {
    if (key == "instanceId" || key == "clusterId" || key == "hostname") return "<" + key + ">";
    std::string text = std::regex_replace(value.get<std::string>(), time, "<time>");
    text = std::regex_replace(text, vip, "<vip>");
    return std::regex_replace(text, std::regex("http://cp\\.test"), "http://127.0.0.1:<rest-port>");
  }
  if (value.is_array()) {
    json out = json::array();
    for (const auto& item : value) out.push_back(normal(item, key));
    if (key == "causes" || key == "invalid_parameters") std::sort(out.begin(), out.end());
    return out;
  }
  if (!value.is_object()) return value;
  json out = json::object();
  for (const auto& [name, item] : value.items()) out[name] = normal(item, name);
  return out;
}

/// /policies and /_resources of the kinds that we have.
json of_our_kinds(json body) {
  for (const char* list : {"policies", "resources"}) {
    if (!body.is_object() || !body.contains(list) || !body[list].is_array()) continue;
    json kept = json::array();
    for (const auto& entry : body[list]) {
      if (entry.contains("name") && find_kind(entry.value("name", "")) != nullptr) kept.push_back(entry);
    }
    body[list] = kept;
  }
  return body;
}

struct Case {
  std::string name;
  json content;
};

std::vector<Case> cases_of(const std::string& area) {
  std::vector<Case> out;
  if (!fs::exists(corpus / area)) return out;
  for (const auto& entry : fs::directory_iterator(corpus / area)) {
    std::ifstream file(entry.path());
    Case one{area + "/" + entry.path().stem().string(), json::parse(file)};
    const json& setup = one.content["setup"];
    bool ours = is_ours(one.content["request"].value("path", ""));
    for (const auto& call : setup) ours = ours && call.contains("method") && is_ours(call.value("path", ""));
    if (ours && !beyond.contains(one.name)) out.push_back(std::move(one));
  }
  std::ranges::sort(out, {}, &Case::name);
  return out;
}

/// The mesh as it is stored.
MeshView::Ptr view_of(Store& store, const std::string& mesh) {
  std::vector<ResourcePtr> all;
  for (const Kind* kind : kinds()) {
    auto list = run_now(store.list(*kind, {}));
    if (list) all.insert(all.end(), list->items.begin(), list->items.end());
  }
  MeshView::Ptr view = MeshView::build(mesh, {}, all);
  return view->with_vips(std::make_shared<const VipTable>(derive::vips(*view, {})));
}

/// What the control plane derives in the background: MeshServices of the Dataplanes.
void settle(Store& store, WallTime now) {
  for (const ResourcePtr& mesh : run_now(store.list(kind::mesh(), {}))->items) {
    std::uint32_t given = 0;
    auto next_vip = [&] { return "241.0.0." + std::to_string(given++); };
    auto writes = derive::mesh_services(*view_of(store, mesh->meta.name), next_vip, now);
    for (Resource& service : writes.create) EXPECT_TRUE(run_now(store.create(std::move(service), now)));
  }
}

/// "" where the answer is the recorded one.
std::string difference(const Case& one) {
  ManagerOptions options;
  options.envoy_text_error = envoy_text_error;
  RestOptions rest;
  std::string profile = one.content["run"].value("profile", "zone");
  if (profile == "zone-routing") options.routing_policies = true;
  if (profile == "global") options.labels.mode = CpMode::global;
  if (profile == "zone-noadmin")
    rest.authenticate = [](const HttpRequest&) -> asio::awaitable<Result<User>> { co_return anonymous_user(); };
  std::optional<InspectEndpoints> inspect;
  rest.further = [&](const HttpRequest& request, const User& user) { return inspect->handle(request, user); };
  CpUnderTest cp(options, rest);
  inspect.emplace(cp.store, InspectOptions{.global = profile == "global",
                                           .view = [&](const std::string& mesh) { return view_of(cp.store, mesh); },
                                           .config = {}});
  for (const auto& call : one.content["setup"]) {
    cp.ask(to_request(call));
    cp.clock.time += std::chrono::seconds(1);
  }
  if (one.content.value("eventual", false)) {
    settle(cp.store, cp.clock.wall_now());
    cp.write_insights();
  }
  HttpResponse got = cp.ask(to_request(one.content["request"]));
  const json& want = one.content["response"];
  std::string out;
  if (got.status != want["status"])
    out += "status " + std::to_string(got.status) + ", recorded " + want["status"].dump() + "\n";
  json body = json::parse(got.body, nullptr, false);
  bool is_json = want["body"].is_object() || want["body"].is_array();
  json mine = is_json ? normal(body) : json(got.body);
  std::string path = one.content["request"].value("path", "");
  bool lists_kinds = path == "/policies" || path == "/_resources";
  json recorded = is_json ? normal(want["body"]) : want["body"];
  if (lists_kinds) recorded = of_our_kinds(std::move(recorded));
  if (body.is_discarded() && is_json) mine = got.body;
  if (mine != recorded) {
    out += "from the recorded body to ours:\n";
    for (const auto& step : json::diff(recorded, mine))
      out += "  " + step.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  }
  for (const char* header : {"allow", "location"}) {
    if (want.contains(header) && got.headers.get(header) != want[header].get<std::string>()) {
      out +=
          std::string(header) + " " + std::string(got.headers.get(header)) + ", recorded " + want[header].dump() + "\n";
    }
  }
  return out;
}

class RestConformance : public ::testing::TestWithParam<std::string> {};

TEST_P(RestConformance, AnswersAsRecorded) {
  if (!fs::exists(corpus)) GTEST_SKIP() << "no recordings at " << corpus;
  auto cases = cases_of(GetParam());
  std::size_t passed = 0;
  for (const auto& one : cases) {
    std::string wrong = difference(one);
    if (wrong.empty()) ++passed;
    if (!wrong.empty()) ADD_FAILURE() << one.name << "\n" << wrong;
  }
  RecordProperty("passed", static_cast<int>(passed));
  std::cout << GetParam() << ": " << passed << " of " << cases.size() << "\n";
}

INSTANTIATE_TEST_SUITE_P(Areas, RestConformance, ::testing::ValuesIn(areas), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace kumasim::cp::testing
