/// HostnameGenerator: a template that gives destinations their host names.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/go_template_parser.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

void validate(const Resource& resource, Violations& out) {
  const Path path("spec");
  const json& selector = at(resource.spec, "selector");
  int defined = 0;
  for (const char* name : {"meshService", "meshExternalService", "meshMultiZoneService"})
    defined += has(selector, name) ? 1 : 0;
  if (defined != 1)
    out.add(path.at("selector"), "exact one selector (meshService, meshExternalService) must be defined");
  std::string text = text_at(resource.spec, "template");
  if (text.empty()) out.add(path.at("template"), "must not be empty");
  if (std::string why = go_template_parse_error(text); !why.empty())
    out.add(path.at("template"), "couldn't parse template: " + why);
  if (has(resource.spec, "extension") && text_at(at(resource.spec, "extension"), "type").empty()) {
    out.add(path.at("extension").at("type"), "must not be empty");
  }
}

}  // namespace

const Kind& kind::hostname_generator() {
  static const Kind out = [] {
    KindTable table;
    table.type = "HostnameGenerator";
    table.path = table.plural = "hostnamegenerators";
    table.singular = "hostnamegenerator";
    table.singular_text = "Hostname Generator";
    table.plural_text = "Hostname Generators";
    table.short_name = "hg";
    table.text = "A template that gives destinations their host names.";
    table.scope = Scope::global;
    table.kds = {.global_to_zones = true, .zone_to_global = true};
    SchemaPtr labels = object({{"matchLabels", map(string()), "labels that a destination carries"}});
    table.schema = object({
        always({"selector",
                object({
                    {"meshService", labels, "MeshServices"},
                    {"meshExternalService", labels, "MeshExternalServices"},
                    {"meshMultiZoneService", labels, "MeshMultiZoneServices"},
                }),
                "the destinations"}),
        required({"template", string(), "Go template of the host name"}),
        {"extension",
         object({
             required({"type", string(), "name of the extension"}),
             {"config", any(), "its configuration"},
         }),
         "a generator beyond Kuma's own"},
    });
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
