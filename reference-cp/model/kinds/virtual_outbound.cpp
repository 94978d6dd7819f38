/// VirtualOutbound: host names and ports for services, made from their tags.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include <fmt/format.h>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/go_template.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/model/rules/virtual_outbound_rules.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

const std::string package = "kuma.mesh.v1alpha1.VirtualOutbound";

SchemaPtr spec() {
  SchemaPtr parameter =
      message(package + ".Conf.TemplateParameter",
              {{"name", string(), "name in the templates"}, {"tagKey", string(), "the tag; the name when absent"}});
  SchemaPtr conf = message(package + ".Conf", {{"host", string(), "template of the host name"},
                                               {"port", string(), "template of the port"},
                                               {"parameters", list(parameter), "tags that the templates use"}});
  return message(package, {{"selectors", selectors_schema(), "the services"}, {"conf", conf, "templates"}});
}

bool is_key(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return c < 0x80 && std::isalnum(c); });
}

void validate_parameters(const json& parameters, const Path& path, Violations& out) {
  bool service = false;
  std::set<std::string> names;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Path item = path.at(i);
    std::string name = text_at(parameters[i], "name"), key = text_at(parameters[i], "tagKey");
    if (!names.insert(name).second) out.add(item.at("name"), "name is already used");
    service = service || key == "kuma.io/service";
    if (!key.empty() && !is_tag_name(key)) out.add(item.at("tagKey"), "must be a valid tag name");
    if (key.empty() && !is_tag_name(name)) {
      out.add(item.at("name"), "must be a valid tag name if you are not setting tagKey");
    }
    if (!is_key(name)) {
      out.add(item.at("name"), "must consist of alphanumeric characters to be used as a gotemplate key");
    }
  }
  if (!service) out.add(path, "must contain a parameter with kuma.io/service as a tagKey");
}

/// Evaluates a template with made-up tags, as a check.
void validate_template(const json& conf, const char* field, const std::string& sample, const Path& path,
                       Violations& out) {
  if (text_at(conf, field).empty()) return out.add(path.at(field), "has to be defined");
  std::map<std::string, std::string> tags;
  for (const auto& parameter : at(conf, "parameters")) tags[parameter_tag(parameter)] = sample;
  std::string error;
  if (std::string_view(field) == "host") {
    auto host = virtual_outbound_host(conf, tags);
    if (!host) error = host.error().message;
  } else {
    auto port = virtual_outbound_port(conf, tags);
    if (!port) error = port.error().message;
  }
  if (!error.empty())
    out.add(path.at(field), fmt::format("template pre evaluation failed with error={}", go_quoted(error)));
}

void validate(const Resource& resource, Violations& out) {
  validate_selectors(at(resource.spec, "selectors"), any_tags, Path("selectors"), out);
  const Path path("conf");
  const json& conf = at(resource.spec, "conf");
  if (conf.is_null()) return out.add(path, "has to be defined");
  validate_parameters(at(conf, "parameters"), path.at("parameters"), out);
  validate_template(conf, "host", "dummy", path, out);
  validate_template(conf, "port", "1", path, out);
}

}  // namespace

const Kind& kind::virtual_outbound() {
  static const Kind out = [] {
    KindTable table = flat_table("VirtualOutbound", "virtual-outbound", "virtual-outbounds", "");
    table.text = "Host names and ports for services, made from their tags (old: use HostnameGenerator).";
    table.policy = true;
    table.kds = {.global_to_zones = true};
    table.schema = spec();
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
