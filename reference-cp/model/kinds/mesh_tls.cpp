/// MeshTLS: whether proxies take traffic without mTLS, and which versions and ciphers they speak.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/target_ref.hpp"
#include "reference-cp/model/kinds/tls_version.hpp"
#include "reference-cp/model/rules/target_ref_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

SchemaPtr conf() {
  SchemaPtr cipher = enumeration({"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                                  "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-AES128-GCM-SHA256",
                                  "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"});
  return object({
      {"tlsVersion", tls_version_schema(), "versions of TLS; only with a policy for the whole mesh"},
      {"tlsCiphers", list(cipher), "ciphers; only with a policy for the whole mesh"},
      {"mode", enumeration({"Permissive", "Strict"}), "whether plain traffic is taken; Strict by default"},
  });
}

void validate_default(const json& conf, const Path& path, const std::string& top, Violations& out) {
  if (!at(conf, "tlsCiphers").empty() && top != "Mesh")
    out.add(path.at("tlsCiphers"), "tlsCiphers can only be defined with top level targetRef kind: Mesh");
  if (!has(conf, "tlsVersion")) return;
  if (top != "Mesh") {
    out.add(path.at("tlsVersion"), "tlsVersion can only be defined with top level targetRef kind: Mesh");
  } else {
    validate_tls_version(at(conf, "tlsVersion"), path.at("tlsVersion"), out);
  }
}

void validate(const Resource& resource, Violations& out) {
  const Path path("spec");
  const json& from = at(resource.spec, "from");
  const json& rules = at(resource.spec, "rules");
  validate_top_level(resource, {.kinds = {"Mesh", "MeshSubset", "Dataplane"}, .inbound = affects_inbounds(resource)},
                     out);
  if (!rules.empty() && !from.empty()) out.add(path, "field 'from' must be empty when 'rules' is defined");
  const std::string top = top_level_kind(resource.spec);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    validate_default(at(rules[i], "default"), path.at("rules").at(i).at("default"), top, out);
  }
  for (std::size_t i = 0; i < from.size(); ++i) {
    Path item = path.at("from").at(i);
    validate_target_ref(at(from[i], "targetRef"), {.kinds = {"Mesh"}}, item.at("targetRef"), out);
    validate_default(at(from[i], "default"), item.at("default"), top, out);
  }
}

void warn(const Resource& resource, std::vector<std::string>& out) {
  warn_from(resource, out);
  warn_top_level(resource, out);
}

}  // namespace

const Kind& kind::mesh_tls() {
  static const Kind out = [] {
    KindTable table = policy_table("MeshTLS", "meshtls", "meshtlses", "mtls");
    table.plural_text = "Mesh TLSes";
    table.text = "Whether proxies take plain traffic, and how they speak TLS.";
    table.has_from = table.has_rules = table.from_as_rules = true;
    table.schema = object({
        {"targetRef", target_ref_schema(), "the proxies that the policy takes effect on; the whole mesh when absent"},
        {"from", target_list_schema(conf(), "the clients"), "TLS of inbound traffic (deprecated: use rules)"},
        {"rules", rule_list_schema(conf()), "TLS of inbound traffic"},
    });
    table.validate = validate;
    table.warn = warn;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
