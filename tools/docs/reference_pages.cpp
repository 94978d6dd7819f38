#include "tools/docs/reference_pages.hpp"

#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/app/kuma_cp/config_shown.hpp"
#include "reference-cp/app/kuma_dp/config.hpp"
#include "reference-cp/model/documents/kind_page.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/rest/description/operations.hpp"

namespace kumasim::docs {
namespace {

using nlohmann::json;

/// In a cell of a table a bar would end it.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\|");
  return text;
}

std::string code(const std::string& text) { return text.empty() ? text : "`" + text + "`"; }

std::string value_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_array() && value.empty() ? std::string() : value.dump();
}

std::string index_page() {
  std::string out =
      "# Reference\n\n- [REST API](rest.md); `kumactl generate openapi` prints it as an OpenAPI document\n"
      "- [settings of kuma-cp](kuma-cp.md)\n- [settings of kuma-dp](kuma-dp.md)\n- [commands](commands.md)\n\n"
      "## Kinds\n\n| kind | what it is |\n|---|---|\n";
  for (const cp::Kind* kind : cp::kinds())
    out += fmt::format("| [{0}](kinds/{0}.md) | {1} |\n", kind->type(), cell(kind->table().text));
  return out + "\n`kumactl install crds` prints the definitions of the kinds for Kubernetes.\n";
}

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return text;
}

std::string query_text(const cp::RestOperation& operation) {
  std::vector<std::string> out;
  for (const auto& each : operation.query) out.push_back(fmt::format("`{}`: {}", each.name, each.text));
  for (const auto& [name, values] : operation.choices)
    out.push_back(fmt::format("`{{{}}}` is one of {}", name, fmt::join(values, ", ")));
  return fmt::format("{}", fmt::join(out, "; "));
}

std::string rest_page() {
  std::set<std::string> tags;
  const std::vector<cp::RestOperation> all = cp::rest_operations();
  for (const cp::RestOperation& each : all) tags.insert(each.tag);
  std::string out =
      "# REST API\n\nBodies and answers are JSON. What is refused is told as\n"
      "`{\"type\", \"title\", \"status\", \"detail\", \"invalid_parameters\": [{\"field\", \"reason\"}]}`.\n";
  for (const std::string& tag : tags) {
    out += fmt::format("\n## {}\n\n| operation | what it does | may be given |\n|---|---|---|\n", tag);
    for (const cp::RestOperation& each : all) {
      if (each.tag != tag) continue;
      out += fmt::format("| `{} {}` | {}{} | {} |\n", upper(each.method), each.path, cell(each.text),
                         each.deprecated ? " An old path." : "", cell(query_text(each)));
    }
  }
  return out;
}

std::string control_plane_page() {
  std::string out =
      "# Settings of kuma-cp\n\nIn the file of `kuma-cp run --config-file`, where the dots of a name are levels of the "
      "YAML, or as variables, which win.\n\n| setting | variable | default | what it is |\n|---|---|---|---|\n";
  for (const cp::Setting& setting : cp::settings()) {
    std::string text(setting.text);
    if (!setting.values.empty()) text += fmt::format(" One of `{}`.", fmt::join(setting.values, "`, `"));
    out += fmt::format("| `{}` | {} | {} | {} |\n", setting.name, code(std::string(setting.variable)),
                       code(value_text(cp::setting_value(cp::Config{}, setting))), cell(text));
  }
  out += "\n## Taken, and without effect in this version\n\n| setting | variable | Kuma's default |\n|---|---|---|\n";
  for (const std::string& name : cp::passive_names()) {
    std::string pointer = "/" + name;
    for (char& c : pointer)
      if (c == '.') c = '/';
    out += fmt::format("| `{}` | `{}` | {} |\n", name, cp::variable_of(name),
                       code(value_text(cp::passive_defaults().at(json::json_pointer(pointer)))));
  }
  return out;
}

std::string proxy_page() {
  std::string out =
      "# Settings of kuma-dp\n\nAs flags of `kuma-dp run` or as variables, which win.\n\n"
      "| variable | flag | what it is |\n|---|---|---|\n";
  for (const dp::Setting& setting : dp::settings())
    out += fmt::format("| `{}` | {} | {} |\n", setting.variable,
                       code(setting.flag.empty() ? std::string() : "--" + setting.flag), cell(setting.text));
  return out;
}

}  // namespace

std::map<std::string, std::string> reference_pages() {
  std::map<std::string, std::string> out = {{"README.md", index_page()},
                                            {"rest.md", rest_page()},
                                            {"kuma-cp.md", control_plane_page()},
                                            {"kuma-dp.md", proxy_page()}};
  for (const cp::Kind* kind : cp::kinds()) out["kinds/" + kind->type() + ".md"] = cp::kind_page(*kind);
  return out;
}

}  // namespace kumasim::docs
