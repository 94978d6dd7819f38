/// Raw resources and modifications of ProxyTemplate.
#include "reference-cp/model/rules/proxy_template.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

/// What the rules find in one resource.
struct Found {
  Violations& violations;
  EnvoyTexts& texts;

  void note(const json& holder, const char* field, const char* type, bool whole, const Path& path) {
    texts.push_back({.path = path.at(field),
                     .text = text_at(holder, field),
                     .type = type,
                     .whole = whole,
                     .place = violations.size()});
  }
};

/// Operations of clusters, listeners and virtual hosts.
void validate_resource_change(const json& change, const EnvoyChange& target, const Path& path, Found& found) {
  const std::string operation = text_at(change, "operation");
  const bool virtual_host = std::string_view(target.field) == "virtualHost";
  if (operation == "add") {
    if (virtual_host && !text_at(at(change, "match"), "name").empty())
      found.violations.add(path.at("match.name"), "cannot be defined");
    if (!virtual_host && has(change, "match")) found.violations.add(path.at("match"), "cannot be defined");
    found.note(change, "value", target.message, true, path);
  } else if (operation == "patch") {
    found.note(change, "value", target.message, false, path);
  } else if (operation != "remove") {
    found.violations.add(path.at("operation"), R"(invalid operation. Available operations: "add", "patch", "remove")");
  }
}

/// Operations of network and HTTP filters.
void validate_filter_change(const json& change, const EnvoyChange& target, const Path& path, Found& found) {
  const std::string operation = text_at(change, "operation");
  const bool unnamed = text_at(at(change, "match"), "name").empty();
  if (operation == "remove") return;
  const bool beside = operation == "addBefore" || operation == "addAfter";
  if (beside && unnamed) {
    found.violations.add(path.at("match.name"),
                         fmt::format("cannot be empty. You need to pick a filter {} which this one will be added",
                                     operation == "addBefore" ? "before" : "after"));
  }
  if (beside || operation == "addFirst" || operation == "addLast")
    return found.note(change, "value", target.message, true, path);
  if (operation != "patch") {
    return found.violations.add(
        path.at("operation"),
        R"(invalid operation. Available operations: "addFirst", "addLast", "addBefore", "addAfter", "patch", )"
        R"("remove")");
  }
  if (unnamed) found.violations.add(path.at("match.name"), "cannot be empty");
  found.note(change, "value", target.message, false, path);
}

void validate_imports(const json& imports, Violations& out) {
  constexpr std::array<std::string_view, 4> profiles = {"default-proxy", "egress-proxy", "gateway-proxy",
                                                        "ingress-proxy"};
  for (std::size_t i = 0; i < imports.size(); ++i) {
    Path item = Path("conf.imports").at(i);
    if (imports[i] == "") {
      out.add(item, "cannot be empty");
    } else if (std::ranges::find(profiles, imports[i].get<std::string>()) == profiles.end()) {
      out.add(item, "profile not found. Available profiles: default-proxy,egress-proxy,gateway-proxy,ingress-proxy");
    }
  }
}

void validate_raw(const json& resources, const Path& path, Found& found) {
  for (std::size_t i = 0; i < resources.size(); ++i) {
    for (const char* field : {"name", "version", "resource"}) {
      if (text_at(resources[i], field).empty()) found.violations.add(path.at(i).at(field), "cannot be empty");
    }
    if (!text_at(resources[i], "resource").empty())
      found.note(resources[i], "resource", "google.protobuf.Any", true, path.at(i));
  }
}

}  // namespace

void validate_proxy_template(const Resource& resource, Violations& out, EnvoyTexts& texts) {
  TagRules selectors = service_tags;
  selectors.elements_optional = true;
  validate_selectors(at(resource.spec, "selectors"), selectors, Path("selectors"), out);
  const json& conf = at(resource.spec, "conf");
  validate_imports(at(conf, "imports"), out);
  Found found{out, texts};
  validate_raw(at(conf, "resources"), Path("conf.resources"), found);
  const json& changes = at(conf, "modifications");
  for (std::size_t i = 0; i < changes.size(); ++i) {
    for (const EnvoyChange& target : envoy_changes) {
      if (!has(changes[i], target.field)) continue;
      const Path path = Path("conf.modifications").at(i).at(target.field);
      const auto validate = target.filter ? validate_filter_change : validate_resource_change;
      validate(at(changes[i], target.field), target, path, found);
    }
  }
}

}  // namespace kumasim::cp
