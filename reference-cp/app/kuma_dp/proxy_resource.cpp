/// Reading a proxy's resource from its template.
#include "reference-cp/app/kuma_dp/proxy_resource.hpp"

#include <nlohmann/json.hpp>

#include "reference-cp/app/kuma_dp/mustache.hpp"
#include "reference-cp/model/yaml.hpp"

namespace kumasim::dp {
namespace {

std::string type_of(const std::string& proxy_type) {
  if (proxy_type == "ingress") return "ZoneIngress";
  if (proxy_type == "egress") return "ZoneEgress";
  return "Dataplane";
}

Result<std::string> text_at(const nlohmann::json& json, const char* name) {
  auto found = json.find(name);
  if (found == json.end() || found->is_null()) return std::string();
  if (found->is_string()) return found->get<std::string>();
  if (found->is_number() || found->is_boolean()) return found->dump();  // an unquoted name such as 1
  return fail(Code::invalid_argument, std::string(name) + ": must be text", name);
}

}  // namespace

Result<ProxyResource> read_proxy_resource(std::string_view text, const std::map<std::string, std::string>& variables,
                                          const std::string& proxy_type) {
  auto documents = cp::parse_yaml(render_template(text, variables), "dataplane");
  if (!documents) return fail(documents.error());
  if (documents->size() != 1 || !documents->front().value.is_object())
    return fail(Code::invalid_argument, "the dataplane template must hold one resource");
  auto& json = documents->front().value;
  ProxyResource out;
  for (auto [name, target] : {std::pair{"type", &out.type}, {"mesh", &out.mesh}, {"name", &out.name}}) {
    auto value = text_at(json, name);
    if (!value) return fail(value.error());
    *target = std::move(*value);
  }
  if (out.type.empty()) return fail(Code::invalid_argument, "type: cannot be empty", "type");
  if (auto expected = type_of(proxy_type); out.type != expected)
    return fail(Code::invalid_argument, "invalid proxy resource type \"" + out.type + "\", expected " + expected,
                "type");
  if (out.name.empty()) return fail(Code::invalid_argument, "name: cannot be empty", "name");
  if (out.type == "Dataplane" && out.mesh.empty()) return fail(Code::invalid_argument, "mesh: cannot be empty", "mesh");
  json["name"] = out.name;
  if (!out.mesh.empty()) json["mesh"] = out.mesh;
  out.json = json.dump();
  return out;
}

}  // namespace kumasim::dp
