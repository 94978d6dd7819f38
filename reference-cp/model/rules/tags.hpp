/// Rules of tags, selectors, names and labels.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "reference-cp/model/violation.hpp"

namespace kumasim::cp {

struct TagRules {
  bool tag_needed = false;
  bool service_needed = false;
  bool only_service = false;             // exactly the tag kuma.io/service
  bool elements_optional = false;        // an empty list of selectors is fine
  std::vector<std::string> forbidden{};  // keys that must not be there
  /// Said before the single tags are looked at.
  std::function<void(const nlohmann::json& tags, const Path&, Violations&)> extra{};
};

/// Tags that a proxy carries: values of letters, digits, dots, dashes, underscores, colons.
void validate_tags(const nlohmann::json& tags, const TagRules& rules, const Path& path, Violations& out);

/// Tags that select: values may also hold slashes, or be "*".
void validate_selector(const nlohmann::json& tags, const TagRules& rules, const Path& path, Violations& out);

/// `sources` and `destinations` of the old policies: `[{match: tags}]`.
void validate_selectors(const nlohmann::json& selectors, const TagRules& rules, const Path& path, Violations& out);

/// What a tag's name may be made of; may be empty.
bool is_tag_name(std::string_view text);

/// Labels of lower-case letters, digits and inner dashes, with dots between.
bool is_domain(std::string_view text);

/// Lower-case letters, digits, '-', '.' and '_'; may be empty.
bool is_name(std::string_view text);

/// Labels as Kubernetes has them (IsQualifiedName, IsValidLabelValue); the messages for a key and for a value.
std::vector<std::string> label_key_errors(std::string_view key);
std::vector<std::string> label_value_errors(std::string_view value);

/// What a resource's name breaks of RFC 1035's labels, as Kubernetes says it; empty for a good one.
std::vector<std::string> dns_1035_label_errors(std::string_view name);

/// What a text breaks of RFC 1123's subdomains, as Kubernetes says it.
std::vector<std::string> dns_1123_subdomain_errors(std::string_view name);

/// Kuma's rule for names of resources: an RFC 1123 subdomain of at most 253 characters.
void validate_resource_name(std::string_view name, const Path& path, Violations& out);

/// Kuma's rule for the mesh of a resource, which may also hold '_'.
void validate_mesh_name(std::string_view name, const Path& path, Violations& out);

/// The warning for a Mesh, Zone or MeshService whose name is no RFC 1035 label.
void warn_name(const std::string& type, const std::string& name, std::vector<std::string>& out);

}  // namespace kumasim::cp
