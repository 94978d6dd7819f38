#include "reference-cp/app/kumactl/config_file.hpp"

#include "reference-cp/app/kumactl/yaml_text.hpp"
#include "reference-cp/model/yaml.hpp"

namespace kumasim::cp {

namespace {

using nlohmann::json;

json* find_named(json& list, const std::string& name) {
  for (auto& item : list)
    if (item.value("name", "") == name) return &item;
  return nullptr;
}

std::unexpected<Error> missing(const std::string& name) {
  return fail(Code::not_found, "there is no Control Plane with name \"" + name + "\"");
}

}  // namespace

ConfigFile ConfigFile::standard() {
  ConfigFile file;
  file.document_ = {{"contexts", {{{"controlPlane", "local"}, {"name", "local"}}}},
                    {"controlPlanes",
                     {{{"coordinates", {{"apiServer", {{"url", "http://localhost:5681"}}}}}, {"name", "local"}}}},
                    {"currentContext", "local"}};
  return file;
}

Result<ConfigFile> ConfigFile::parse(std::string_view text, const std::string& file) {
  auto documents = parse_yaml(text, file);
  if (!documents) return fail(documents.error());
  ConfigFile config;
  config.document_ = json::object();
  if (!documents->empty() && !documents->front().value.is_null()) config.document_ = documents->front().value;
  auto bad = [&](const std::string& path, const std::string& why) {
    auto place = documents->front().place(file, path);
    return fail(Code::invalid_argument, "Failed to parse configuration: " + place + ": " + path + ": " + why, path);
  };
  if (!config.document_.is_object()) return bad("", "must be a map");
  for (const auto* list : {"contexts", "controlPlanes"}) {
    if (!config.document_.contains(list) || config.document_[list].is_null()) config.document_[list] = json::array();
    if (!config.document_[list].is_array()) return bad(list, "must be a list");
    for (std::size_t i = 0; i < config.document_[list].size(); ++i) {
      auto path = std::string(list) + "[" + std::to_string(i) + "]";
      const auto& item = config.document_[list][i];
      if (!item.is_object()) return bad(path, "must be a map");
      if (!item.contains("name") || !item["name"].is_string()) return bad(path + ".name", "must be set");
    }
  }
  return config;
}

std::string ConfigFile::text() const { return yaml_text(document_); }

std::string ConfigFile::current() const {
  auto found = document_.find("currentContext");
  return found != document_.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const json& ConfigFile::control_planes() const { return document_.at("controlPlanes"); }

std::optional<json> ConfigFile::control_plane(const std::string& name) const {
  for (const auto& item : control_planes())
    if (item.value("name", "") == name) return item;
  return std::nullopt;
}

std::optional<std::string> ConfigFile::context_control_plane(const std::string& name) const {
  for (const auto& item : document_.at("contexts"))
    if (item.value("name", "") == name) return item.value("controlPlane", "");
  return std::nullopt;
}

Result<> ConfigFile::add(json control_plane, bool overwrite) {
  auto name = control_plane.value("name", "");
  auto* known = find_named(document_["controlPlanes"], name);
  if (known && !overwrite)
    return fail(Code::already_exists, "Control Plane with name \"" + name +
                                          "\" already exists. Use --overwrite to replace an existing one.");
  auto* context = find_named(document_["contexts"], name);
  if (context && !overwrite) return fail(Code::already_exists, "Context with name \"" + name + "\" already exists");
  json made{{"controlPlane", name}, {"name", name}};
  if (known) *known = std::move(control_plane);
  else document_["controlPlanes"].push_back(std::move(control_plane));
  if (context) *context = std::move(made);
  else document_["contexts"].push_back(std::move(made));
  document_["currentContext"] = name;
  return {};
}

Result<> ConfigFile::remove(const std::string& name) {
  auto& planes = document_["controlPlanes"];
  auto* known = find_named(planes, name);
  if (!known) return missing(name);
  planes.erase(planes.begin() + (known - &planes[0]));
  auto left = json::array();
  auto active_gone = false;
  for (auto& context : document_["contexts"]) {
    if (context.value("controlPlane", "") != name) left.push_back(context);
    else if (context.value("name", "") == current()) active_gone = true;
  }
  document_["contexts"] = std::move(left);
  if (!active_gone) return {};
  document_.erase("currentContext");
  if (!document_["contexts"].empty()) document_["currentContext"] = document_["contexts"][0]["name"];
  return {};
}

Result<> ConfigFile::switch_to(const std::string& name) {
  if (!find_named(document_["contexts"], name)) return missing(name);
  document_["currentContext"] = name;
  return {};
}

}  // namespace kumasim::cp
