/// Kuma resources: inline or from files, overrides, and whether the meshes that are named exist.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/xds/specification_hash.hpp"
#include "scenarios/engine/reader.hpp"

namespace kumasim::scenario {

std::string specification_of(const nlohmann::json& body) {
  auto resource = cp::resource_from_json(body);
  return resource ? cp::specification_hash(*resource) : std::string();
}

ResourceName resource_name(const nlohmann::json& body) {
  ResourceName out;
  auto text = [](const nlohmann::json& parent, const char* key) {
    return parent.is_object() && parent.contains(key) && parent[key].is_string() ? parent[key].get<std::string>()
                                                                                 : std::string();
  };
  out.type = text(body, body.contains("apiVersion") ? "kind" : "type");
  out.name = text(body, "name");
  out.mesh = text(body, "mesh");
  nlohmann::json metadata = body.value("metadata", nlohmann::json::object());
  if (out.name.empty()) out.name = text(metadata, "name");
  nlohmann::json labels = metadata.is_object() ? metadata.value("labels", nlohmann::json()) : nlohmann::json();
  if (out.mesh.empty()) out.mesh = text(labels, "kuma.io/mesh");
  if (out.mesh.empty() && out.type != "Mesh") out.mesh = "default";
  return out;
}

void Reader::read_resource_file(const std::string& name, const std::string& path, const std::string& zone) {
  namespace fs = std::filesystem;
  fs::path file = fs::path(document_.file).parent_path() / name;
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in && fs::is_regular_file(file))
    text << in.rdbuf();
  else
    return complain(path, fmt::format("file `{}` cannot be read", file.string()));
  auto documents = parse_documents(std::move(text).str(), file.string());
  if (!documents) {
    out_.push_back(documents.error());
    return;
  }
  for (const Document& document : *documents) {
    if (!document.value.is_object()) {
      out_.push_back(document.complain("", "expected a Kuma resource"));
      continue;
    }
    if (auto resource = cp::resource_from_json(document.value); !resource) {
      out_.push_back(document.complain(resource.error().field, resource.error().message));
    }
    scenario_.resources.push_back({document.value, fmt::format("{}:{}", document.file, document.mark("").line), zone});
  }
}

void Reader::read_resource(const json& body, const std::string& path, std::string zone) {
  if (auto resource = cp::resource_from_json(body); !resource) {
    std::string field = resource.error().field;
    complain(field.empty() ? path : path + (field.starts_with('[') ? "" : ".") + field, resource.error().message);
  }
  scenario_.resources.push_back(
      {body, fmt::format("{}:{}", document_.file, document_.mark(path).line), std::move(zone)});
}

void Reader::read_resources(const json& resources, const std::string& path) {
  std::size_t index = 0;
  for (const json& body : resources) {
    std::string at = child_path(path, index++);
    bool zoned = body.size() == 2 && body.contains("zone");
    std::string zone = zoned ? zone_at(body, at) : std::string();
    if (body.contains("file") && (zoned || body.size() == 1)) {
      if (body["file"].is_string())
        read_resource_file(body["file"].get<std::string>(), at, zone);
      else
        complain(child_path(at, "file"), "expected the path of a file");
    } else if (zoned && body.contains("resource")) {
      read_resource(body["resource"], child_path(at, "resource"), std::move(zone));
    } else {
      read_resource(body, at, {});
    }
  }
  for (const ResourceText& resource : scenario_.resources) {
    ResourceName is = resource_name(resource.body);
    if (is.type == "Dataplane" && scenario_.find_instance(is.name) != nullptr)
      scenario_.overrides.push_back(
          fmt::format("Dataplane {}: that of the topology's instance is used instead of {}", is.name, resource.origin));
  }
}

void Reader::read_overrides(const json& overrides, const std::string& path) {
  std::size_t index = 0;
  for (const json& value : overrides) {
    std::string at = child_path(path, index++);
    auto type = value["type"].get<std::string>();
    auto name = value["name"].get<std::string>();
    auto found = std::ranges::find_if(scenario_.resources, [&](const ResourceText& resource) {
      ResourceName is = resource_name(resource.body);
      return is.type == type && is.name == name;
    });
    if (found == scenario_.resources.end()) {
      complain(at, fmt::format("there is no {} `{}` among the resources", type, name));
      continue;
    }
    json& spec = found->body.contains("spec") ? found->body["spec"] : found->body;
    for (const auto& [pointer, text] : value["set"].items()) {
      std::string where = child_path(child_path(at, "set"), pointer);
      try {
        json::json_pointer target(pointer);
        if (target.empty() || !spec.contains(target.parent_pointer())) {
          complain(where, fmt::format("{} `{}` has nothing at `{}` to set it in", type, name, pointer));
          continue;
        }
        std::string before = spec.contains(target) ? spec[target].dump() : "nothing";
        spec[target] = text;
        scenario_.overrides.push_back(
            fmt::format("{} {}: {} is {} here instead of {}", type, name, pointer, text.dump(), before));
      } catch (const json::exception&) {
        complain(where, "expected a JSON pointer such as /mtls/backends/0/dpCert/rotation/expiration");
      }
    }
    if (auto resource = cp::resource_from_json(found->body); !resource) {
      complain(at, fmt::format("{} `{}` is not valid with it: {}: {}", type, name, resource.error().field,
                               resource.error().message));
    }
  }
}

std::set<std::string> Reader::mesh_names() const {
  std::set<std::string> out{"default"};  // the control plane makes this one itself
  for (const ResourceText& resource : scenario_.resources) {
    ResourceName is = resource_name(resource.body);
    if (is.type == "Mesh") out.insert(is.name);
  }
  return out;
}

std::string Reader::mesh_hint(const std::string& mesh) const {
  std::set<std::string> names = mesh_names();
  std::string near = nearest(mesh, {names.begin(), names.end()});
  return near.empty() ? std::string("add a Mesh to spec.resources") : fmt::format("did you mean `{}`?", near);
}

void Reader::check_meshes() {
  std::set<std::string> meshes = mesh_names();
  for (std::size_t i = 0; i < scenario_.services.size(); ++i) {
    const std::string& mesh = scenario_.services[i].mesh;
    if (meshes.contains(mesh)) continue;
    complain(child_path(child_path("spec.topology.services", i), "mesh"), fmt::format("there is no mesh `{}`", mesh),
             mesh_hint(mesh));
  }
  for (const ResourceText& resource : scenario_.resources) {
    ResourceName is = resource_name(resource.body);
    if (is.mesh.empty() || meshes.contains(is.mesh)) continue;
    out_.push_back({resource.origin,
                    {},
                    "mesh",
                    fmt::format("{} `{}` is in mesh `{}`, which there is not", is.type, is.name, is.mesh),
                    mesh_hint(is.mesh)});
  }
}

}  // namespace kumasim::scenario
