/// Rules of the modifications of MeshProxyPatch.
#include "reference-cp/model/rules/proxy_patch.hpp"

#include <array>

#include "reference-cp/model/rules/envoy_text.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

/// A kind of modification and the Envoy message that its value is.
struct Target {
  const char* field;
  const char* message;
  bool filter;
};

constexpr std::array<Target, 5> targets = {{
    {"cluster", "Cluster", false},
    {"listener", "Listener", false},
    {"virtualHost", "VirtualHost", false},
    {"networkFilter", "Filter", true},
    {"httpFilter", "HttpFilter", true},
}};

void validate_text(const json& change, const Target& target, bool whole, const Path& path, Violations& out) {
  std::string why = envoy_message_error(text_at(change, "value"), target.message, whole);
  if (!why.empty()) out.add(path.at("value"), "native Envoy resource is not valid: " + why);
}

void validate_whole(const json& change, const Target& target, const Path& path, Violations& out) {
  if (!has(change, "value")) return out.add(path.at("value"), "must be defined");
  validate_text(change, target, true, path, out);
}

/// Messages name the path from the modification on, as Kuma does.
void validate_patch(const json& change, const Target& target, const Path& path, Violations& out) {
  const json& patches = at(change, "jsonPatches");
  if (has(change, "value")) {
    if (!patches.empty()) {
      return out.add(path, std::string(target.field) + " must have only one type defined: value, jsonPatches");
    }
    return validate_text(change, target, false, path, out);
  }
  if (!patches.empty()) return validate_json_patches(patches, path.at("jsonPatches"), out);
  out.add(path, std::string(target.field) + " must have exactly one defined: value, jsonPatches");
}

void validate_change(const json& change, const Target& target, const Path& path, Violations& out) {
  std::string operation = text_at(change, "operation");
  const json& match = at(change, "match");
  Path name = path.at("match").at("name");
  if (operation == "Remove") {
    if (has(change, "value")) out.add(path.at("value"), "must not be defined");
    return;
  }
  if (operation == "Patch") {
    if (target.filter && !has(match, "name")) out.add(name, "must be defined");
    return validate_patch(change, target, path, out);
  }
  if (operation == "Add") {
    if (std::string_view(target.field) == "virtualHost") {
      if (has(match, "name")) out.add(name, "must not be defined");
    } else if (has(change, "match")) {
      out.add(path.at("match"), "must not be defined");
    }
  }
  if (operation == "AddBefore" && !has(match, "name"))
    out.add(name, "must be defined. You need to pick a filter before which this one will be added");
  if (operation == "AddAfter" && !has(match, "name"))
    out.add(name, "must be defined. You need to pick a filter after which this one will be added");
  validate_whole(change, target, path, out);
}

}  // namespace

void validate_json_patches(const json& patches, const Path& path, Violations& out) {
  for (std::size_t i = 0; i < patches.size(); ++i) {
    const json& patch = patches[i];
    Path item = path.at(i);
    std::string op = text_at(patch, "op"), pointer = text_at(patch, "path");
    bool copies = op == "move" || op == "copy", sets = op == "add" || op == "replace";
    if (copies && !has(patch, "from"))
      out.add(item.at("from"), R"("from" must not be empty when "op" is one of ["move", "copy"])");
    if (!copies && has(patch, "from"))
      out.add(item.at("from"), R"("from" is allowed only when "op" is one of ["move", "copy"])");
    // JSON's null is a value.
    if (sets && !patch.contains("value"))
      out.add(item.at("value"), R"("value" must not be empty when "op" is one of ["add", "replace"])");
    if (!sets && patch.contains("value"))
      out.add(item.at("value"), R"("value" is allowed only when "op" is one of ["add", "replace"])");
    if (op == "remove" && (pointer.empty() || pointer == "/")) out.add(item.at("path"), "root path cannot be removed");
  }
}

void validate_proxy_patch(const Resource& resource, Violations& out) {
  const json& changes = at(at(resource.spec, "default"), "appendModifications");
  const Path path = Path("spec").at("default").at("appendModifications");
  if (changes.empty()) out.add(path, "must not be empty");
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Target* chosen = nullptr;
    int count = 0;
    for (const auto& target : targets) {
      if (!has(changes[i], target.field)) continue;
      chosen = &target;
      ++count;
    }
    if (count != 1) {
      out.add(path.at(i), "exactly one modification can be defined at a time. Currently, " + std::to_string(count) +
                              " modifications are defined");
      continue;
    }
    validate_change(at(changes[i], chosen->field), *chosen, path.at(i).at(chosen->field), out);
  }
}

}  // namespace kumasim::cp
