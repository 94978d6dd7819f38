#include "scenarios/live/mesh_source.hpp"

#include <chrono>

#include "reference-cp/app/kumactl/resource_path.hpp"
#include "reference-cp/app/kumactl/rest_client.hpp"
#include "reference-cp/live/live_runtime.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr Duration timeout = std::chrono::minutes(1);

/// As an entry of kumactl's configuration.
json control_plane(const MeshSource& source) {
  json server{{"url", source.url}};
  if (!source.ca_file.empty()) server["caCertFile"] = source.ca_file;
  if (!source.token.empty()) {
    server["authType"] = "tokens";
    server["authConf"] = {{"token", source.token}};
  }
  return {{"coordinates", {{"apiServer", std::move(server)}}}};
}

Result<> take(cp::RestClient& client, const cp::Kind& kind, const std::string& mesh, FetchedMesh& out) {
  auto items = client.list(cp::resource_path(kind, mesh, ""));
  if (!items) return fail(items.error().code, kind.type() + " cannot be listed: " + items.error().message);
  for (const ordered_json& item : *items) {
    json resource(item);
    // Lists of global kinds leave it out.
    if (!resource.contains("type")) resource["type"] = kind.type();
    out.resources.push_back(std::move(resource));
  }
  return {};
}

}  // namespace

Result<FetchedMesh> fetch_mesh(const MeshSource& source) {
  live::LiveRuntime live({.log = {.level = LogLevel::off}});
  auto client = cp::RestClient::create(live, control_plane(source), timeout);
  if (!client) return fail(client.error());
  auto index = (*client)->index();
  if (!index) return fail(index.error());
  FetchedMesh out;
  out.server = index->value("product", "") + " " + index->value("version", "");
  auto described = (*client)->call("GET", "/_resources");
  if (!described) return fail(described.error());
  auto meshes = (*client)->list("/meshes");
  if (!meshes) return fail(meshes.error());
  for (const ordered_json& each : described->json.value("resources", ordered_json::array())) {
    std::string type = each.value("name", "");
    const cp::Kind* kind = cp::find_kind(type);
    if (kind == nullptr) {
      out.unknown.push_back(type);
      continue;
    }
    if (kind->path().empty() || kind->is_admin_only() || kind->is_read_only()) continue;
    if (kind->is_global()) {
      if (auto taken = take(**client, *kind, "", out); !taken) return fail(taken.error());
      continue;
    }
    for (const ordered_json& mesh : *meshes)
      if (auto taken = take(**client, *kind, mesh.value("name", ""), out); !taken) return fail(taken.error());
  }
  return out;
}

}  // namespace kumasim::scenario
