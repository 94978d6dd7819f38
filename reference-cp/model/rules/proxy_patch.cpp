/// Rules of the modifications of MeshProxyPatch.
#include "reference-cp/model/rules/proxy_patch.hpp"

#include <string_view>

#include "reference-cp/model/rules/target_ref_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

/// One change: what is wrong with it, and its text.
class ChangeRules {
 public:
  ChangeRules(const json& change, const EnvoyChange& target, Path path, Violations& out, EnvoyTexts& texts)
      : change_(change), target_(target), path_(std::move(path)), out_(out), texts_(texts) {}

  void check() {
    const std::string operation = text_at(change_, "operation");
    const json& match = at(change_, "match");
    const Path name = path_.at("match").at("name");
    if (operation == "Remove") {
      if (has(change_, "value")) out_.add(path_.at("value"), "must not be defined");
      return;
    }
    if (operation == "Patch") {
      if (target_.filter && !has(match, "name")) out_.add(name, "must be defined");
      return check_patch();
    }
    if (operation == "Add") {
      if (std::string_view(target_.field) == "virtualHost") {
        if (has(match, "name")) out_.add(name, "must not be defined");
      } else if (has(change_, "match")) {
        out_.add(path_.at("match"), "must not be defined");
      }
    }
    if (operation == "AddBefore" && !has(match, "name"))
      out_.add(name, "must be defined. You need to pick a filter before which this one will be added");
    if (operation == "AddAfter" && !has(match, "name"))
      out_.add(name, "must be defined. You need to pick a filter after which this one will be added");
    if (!has(change_, "value")) return out_.add(path_.at("value"), "must be defined");
    note_text(true);
  }

 private:
  /// Messages name the path from the modification on, as Kuma does.
  void check_patch() {
    const json& patches = at(change_, "jsonPatches");
    const std::string field = target_.field;
    if (has(change_, "value")) {
      if (!patches.empty()) return out_.add(path_, field + " must have only one type defined: value, jsonPatches");
      return note_text(false);
    }
    if (!patches.empty()) return validate_json_patches(patches, path_.at("jsonPatches"), out_);
    out_.add(path_, field + " must have exactly one defined: value, jsonPatches");
  }

  void note_text(bool whole) {
    texts_.push_back({.path = path_.at("value"),
                      .text = text_at(change_, "value"),
                      .type = target_.message,
                      .whole = whole,
                      .place = out_.size()});
  }

  const json& change_;
  const EnvoyChange& target_;
  const Path path_;
  Violations& out_;
  EnvoyTexts& texts_;
};

void validate_changes(const Resource& resource, Violations& out, EnvoyTexts& texts) {
  const json& changes = at(at(resource.spec, "default"), "appendModifications");
  const Path path = Path("spec").at("default").at("appendModifications");
  if (changes.empty()) out.add(path, "must not be empty");
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const EnvoyChange* chosen = nullptr;
    int count = 0;
    for (const EnvoyChange& target : envoy_changes) {
      if (!has(changes[i], target.field)) continue;
      chosen = &target;
      ++count;
    }
    if (count != 1) {
      out.add(path.at(i), "exactly one modification can be defined at a time. Currently, " + std::to_string(count) +
                              " modifications are defined");
      continue;
    }
    ChangeRules(at(changes[i], chosen->field), *chosen, path.at(i).at(chosen->field), out, texts).check();
  }
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

void validate_proxy_patch(const Resource& resource, Violations& out, EnvoyTexts& texts) {
  TargetRefRules rules{.kinds = {"Mesh", "MeshSubset", "MeshService", "MeshServiceSubset", "Dataplane"}};
  if (is_system_policy(resource)) rules.kinds.push_back("MeshGateway");
  validate_top_level(resource, rules, out);
  validate_changes(resource, out, texts);
}

}  // namespace kumasim::cp
