/// What the rules of its kind say of a resource.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/yaml.hpp"

namespace kumasim::cp::testing {

/// A row of a table of tests: a resource, and what is wrong with it.
struct Row {
  const char* name;
  const char* yaml;
  std::vector<std::string> wrong;  ///< "field: message", sorted
};

inline std::vector<std::string> violations_of(const char* yaml) {
  auto documents = parse_yaml(yaml, "row");
  if (!documents) return {documents.error().message};
  auto form = universal_form(documents->front().value);
  if (!form) return {form.error().message};
  auto resource = decode(*form->kind, form->body, UnknownFields::drop);
  if (resource) return {};
  std::vector<std::string> out;
  if (!resource.error().reason.empty()) out.push_back(resource.error().reason);
  for (const auto& violation : resource.error().violations.list())
    out.push_back(violation.field + ": " + violation.message);
  std::ranges::sort(out);
  return out;
}

}  // namespace kumasim::cp::testing
