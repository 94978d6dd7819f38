#include "reference-cp/xds/mesh_identity.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reference-cp/model/rules/resource_template.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::mesh_identity {
namespace {

constexpr char domain_default[] = "{{ .Mesh }}.{{ .Zone }}.mesh.local";
constexpr char path_default[] = "/ns/{{ .Namespace }}/sa/{{ .ServiceAccount }}";

/// An empty text is one, too.
std::string template_of(const Resource& identity, const char* field, const char* fallback) {
  const nlohmann::json& text = at(identity.spec, "spiffeID", field);
  return text.is_string() ? text.get<std::string>() : fallback;
}

bool is_domain_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_path_char(char c) { return is_domain_char(c) || (c >= 'A' && c <= 'Z'); }

Result<> check_path(std::string_view path) {
  if (path.empty()) return {};
  if (path.ends_with('/')) return fail(Code::invalid_argument, "path cannot have a trailing slash");
  for (std::size_t from = 1; from <= path.size();) {
    std::size_t end = std::min(path.find('/', from), path.size());
    std::string_view segment = path.substr(from, end - from);
    if (segment.empty()) return fail(Code::invalid_argument, "path cannot contain empty segments");
    if (segment == "." || segment == "..") return fail(Code::invalid_argument, "path cannot contain dot segments");
    if (!std::ranges::all_of(segment, is_path_char))
      return fail(Code::invalid_argument,
                  "path segment characters are limited to letters, numbers, dots, dashes, and underscores");
    from = end + 1;
  }
  return {};
}

}  // namespace

const Resource* matched(const MeshView& mesh, const Meta& proxy) {
  const Resource* best = nullptr;
  std::size_t most = 0;
  for (const auto& [name, identity] : mesh.all("MeshIdentity")) {
    const nlohmann::json& selector = at(identity->spec, "selector", "dataplane");
    if (!selector.is_object()) continue;
    auto labels = tags_of(at(selector, "matchLabels"));
    bool selects = std::ranges::all_of(labels, [&](const auto& label) {
      auto found = proxy.labels.find(label.first);
      return found != proxy.labels.end() && found->second == label.second;
    });
    if (!selects || (best && labels.size() <= most)) continue;
    best = identity.get();
    most = labels.size();
  }
  return best;
}

bool is_ready(const Resource& identity) {
  return std::ranges::any_of(at(identity.status, "conditions"), [](const nlohmann::json& condition) {
    return text_at(condition, "type") == "Ready" && text_at(condition, "status") == "True";
  });
}

Result<std::string> trust_domain(const Resource& identity, const Meta& of, const std::string& local_zone) {
  std::string zone = of.label("kuma.io/zone");
  return render_resource_template(template_of(identity, "trustDomain", domain_default),
                                  {{"Mesh", of.mesh}, {"Zone", zone.empty() ? local_zone : zone}}, of.labels);
}

Result<std::string> spiffe_id(const Resource& identity, const std::string& trust_domain, const Meta& proxy) {
  return render_resource_template("spiffe://{{ .TrustDomain }}" + template_of(identity, "path", path_default),
                                  {{"TrustDomain", trust_domain},
                                   {"Namespace", proxy.label("k8s.kuma.io/namespace")},
                                   {"ServiceAccount", proxy.label("k8s.kuma.io/service-account")}},
                                  proxy.labels);
}

std::map<std::string, std::string> trust_bundles(const MeshView& mesh) {
  std::map<std::string, std::string> out;
  for (const auto& [name, trust] : mesh.all("MeshTrust"))
    for (const nlohmann::json& bundle : at(trust->spec, "caBundles")) {
      std::string& all = out[text_at(trust->spec, "trustDomain")];
      if (!all.empty()) all += '\n';
      all += text_at(bundle, "pem", "value");
    }
  return out;
}

Result<> check_trust_domain(std::string_view name) {
  if (name.empty()) return fail(Code::invalid_argument, "trust domain is missing");
  if (!std::ranges::all_of(name, is_domain_char))
    return fail(Code::invalid_argument,
                "trust domain characters are limited to lowercase letters, numbers, dots, dashes, and underscores");
  return {};
}

Result<> check_spiffe_id(std::string_view id) {
  constexpr std::string_view scheme = "spiffe://";
  if (id.empty()) return fail(Code::invalid_argument, "cannot be empty");
  if (!id.starts_with(scheme)) return fail(Code::invalid_argument, "scheme is missing or invalid");
  id.remove_prefix(scheme.size());
  std::size_t slash = std::min(id.find('/'), id.size());
  if (auto domain = check_trust_domain(id.substr(0, slash)); !domain) return domain;
  return check_path(id.substr(slash));
}

}  // namespace kumasim::cp::mesh_identity
