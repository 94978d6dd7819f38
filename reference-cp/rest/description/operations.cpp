#include "reference-cp/rest/description/operations.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

std::vector<RestVariable> page_query() {
  return {
      {"size", "most items of the answer", {{"type", "integer"}, {"minimum", 0}, {"maximum", 1000}, {"default", 100}}},
      {"offset", "first item of the answer; `next` of the page before has it", {{"type", "integer"}, {"minimum", 0}}}};
}

std::vector<RestVariable> list_query(const Kind& kind) {
  auto out = page_query();
  out.push_back({"name", "a part of the names that are wanted"});
  const json texts = {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
  out.push_back({"filter", "labels that are wanted: `filter[labels.team]=a`", texts, true});
  if (&kind == &kind::dataplane()) {
    const json modes = json::array({"true", "false", "builtin", "delegated"});
    out.push_back({"gateway", "gateways, or only those of one type", {{"type", "string"}, {"enum", modes}}});
  }
  if (&kind == &kind::dataplane() || &kind == &kind::external_service())
    out.push_back({"tag",
                   "a tag that is wanted, `key:value`; once for each tag",
                   {{"type", "array"}, {"items", {{"type", "string"}}}}});
  if (&kind == &kind::service_insight())
    out.push_back({"type",
                   "types of services that are wanted, parted by commas: internal, external, gateway_builtin, "
                   "gateway_delegated"});
  return out;
}

std::vector<RestVariable> one_query() {
  const json formats = json::array({"universal", "kubernetes", "k8s"});
  return {{"format", "form of the resource", {{"type", "string"}, {"enum", formats}}},
          {"namespace", "namespace that the Kubernetes form names"}};
}

bool has_overview(const Kind& kind) {
  return &kind == &kind::dataplane() || &kind == &kind::zone() || &kind == &kind::zone_ingress() ||
         &kind == &kind::zone_egress();
}

/// The paths of one kind below one name of its collection.
class KindPaths {
 public:
  KindPaths(const Kind& kind, std::string collection, bool old)
      : kind_(kind), collection_("/" + std::move(collection)), suffix_(old ? "ByOldPath" : ""), old_(old) {}

  void add_resources(std::vector<RestOperation>& out) const {
    const std::string& type = kind_.type();
    RestOperation list = make("get", base(), "get" + type + "List", "List resources of type " + type + ".");
    list.query = list_query(kind_);
    list.answer = type + "List";
    out.push_back(list);
    if (!kind_.is_global()) out.push_back(of_all_meshes(list));
    RestOperation get = make("get", base() + "/{name}", "get" + type, "The " + type + " of this name.");
    get.query = one_query();
    get.answer = type + "Item";
    out.push_back(std::move(get));
    if (kind_.is_read_only()) return;
    RestOperation put = make("put", base() + "/{name}", "put" + type, "Create or replace a " + type + ".");
    put.request = type + "Item";
    put.answer = "WriteAnswer";
    put.creates = true;
    put.problems = {400, 404, 405, 409};
    out.push_back(std::move(put));
    RestOperation remove = make("delete", base() + "/{name}", "delete" + type, "Delete a " + type + ".");
    remove.answer = "WriteAnswer";
    remove.problems = {400, 404, 405};
    out.push_back(std::move(remove));
  }

  /// `tail` is "/_overview", or "" where the collection itself is of overviews.
  void add_overviews(std::vector<RestOperation>& out, const std::string& tail) const {
    const std::string name = kind_.type() + "Overview";
    RestOperation list =
        make("get", base() + tail, "get" + name + "List", "List the type " + kind_.type() + " with insights.");
    list.query = list_query(kind_);
    list.answer = name + "List";
    out.push_back(list);
    if (!kind_.is_global()) out.push_back(of_all_meshes(list));
    RestOperation one =
        make("get", base() + "/{name}" + tail, "get" + name, "A " + kind_.type() + " and what is known of its state.");
    one.answer = name;
    out.push_back(std::move(one));
  }

 private:
  std::string base() const { return (kind_.is_global() ? "" : "/meshes/{mesh}") + collection_; }

  RestOperation make(std::string method, std::string path, std::string id, std::string text) const {
    RestOperation out;
    out.method = std::move(method);
    out.path = std::move(path);
    out.id = std::move(id) + suffix_;
    out.tag = kind_.type();
    out.text = std::move(text);
    out.deprecated = old_;
    return out;
  }

  /// Resources of all meshes can be listed at once.
  static RestOperation of_all_meshes(RestOperation list) {
    list.path = list.path.substr(std::string_view("/meshes/{mesh}").size());
    list.id += "OfAllMeshes";
    list.text.insert(list.text.size() - 1, " of all meshes");
    return list;
  }

  const Kind& kind_;
  std::string collection_;
  std::string suffix_;
  bool old_;
};

RestOperation page(std::string path, std::string id, std::string answer, std::string text) {
  RestOperation out;
  out.method = "get";
  out.path = std::move(path);
  out.id = std::move(id);
  out.tag = "ControlPlane";
  out.text = std::move(text);
  out.answer = std::move(answer);
  out.problems = {};
  return out;
}

RestOperation token(std::string kind, std::string id, std::string request, std::string text) {
  RestOperation out;
  out.method = "post";
  out.path = "/tokens/" + std::move(kind);
  out.id = std::move(id);
  out.tag = "Tokens";
  out.text = std::move(text);
  out.request = std::move(request);
  out.problems = {400, 403, 404};
  return out;
}

}  // namespace

std::vector<RestOperation> rest_operations() {
  std::vector<RestOperation> out = {
      page("/", "index", "Index", "What this control plane is."),
      page("/_resources", "get-resource-type-description", "ResourceTypeDescriptionList", "The kinds of resources."),
      page("/config", "get-config", "Configuration", "The effective configuration, without secrets."),
      page("/global-insight", "get-global-insight", "GlobalInsight", "Counts over all meshes."),
      page("/global-insights", "get-global-insights", "GlobalInsights", "Counts of resources that are in no mesh."),
      page("/policies", "get-policies", "PolicyDescriptionList", "The kinds that are policies."),
      page("/who-am-i", "who-am-i", "WhoAmI", "The user that asks."),
      token("dataplane", "generate-dataplane-token", "DataplaneTokenRequest", "Issue a token of a Dataplane."),
      token("user", "generate-user-token", "UserTokenRequest", "Issue a token of a user."),
      token("zone", "generate-zone-token", "ZoneTokenRequest", "Issue a token of a zone's proxies."),
  };
  for (RestOperation& each : out)
    if (each.path == "/global-insights") each.deprecated = true;
  for (const Kind* kind : kinds()) {
    if (kind->path().empty()) continue;
    KindPaths paths(*kind, kind->path(), false);
    paths.add_resources(out);
    if (has_overview(*kind)) paths.add_overviews(out, "/_overview");
    if (const std::string& old = kind->table().path_old; !old.empty()) {
      KindPaths older(*kind, old, true);
      older.add_resources(out);
      if (has_overview(*kind)) older.add_overviews(out, "/_overview");
    }
  }
  for (auto [kind, collection] :
       {std::pair{&kind::dataplane(), "dataplanes+insights"}, std::pair{&kind::zone(), "zones+insights"},
        std::pair{&kind::zone_ingress(), "zoneingresses+insights"},
        std::pair{&kind::zone_egress(), "zoneegressoverviews"}}) {
    std::vector<RestOperation> older;
    KindPaths(*kind, collection, true).add_overviews(older, "");
    for (RestOperation& each : older) each.id += "OfInsights";
    std::ranges::move(older, std::back_inserter(out));
  }
  std::ranges::move(inspect_operations(), std::back_inserter(out));
  std::ranges::sort(out, {}, [](const RestOperation& each) { return std::tie(each.path, each.method); });
  return out;
}

std::vector<std::string> path_variables(const std::string& path) {
  std::vector<std::string> out;
  for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{', at + 1))
    out.push_back(path.substr(at + 1, path.find('}', at) - at - 1));
  return out;
}

}  // namespace kumasim::cp
