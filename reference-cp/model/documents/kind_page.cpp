#include "reference-cp/model/documents/kind_page.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-cp/model/documents/examples.hpp"
#include "reference-cp/model/documents/kubernetes_kinds.hpp"

namespace kumasim::cp {
namespace {

/// In a cell of a table a bar would end it.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\|");
  return text;
}

const char* type_text(const Schema& schema) {
  switch (schema.type) {
    case Type::string: return "text";
    case Type::boolean: return "true or false";
    case Type::integer: return "whole number";
    case Type::number: return "number";
    case Type::duration:
    case Type::proto_duration: return "duration";
    case Type::timestamp: return "time";
    case Type::bytes: return "bytes in base64";
    case Type::enumeration: return "one of some words";
    case Type::list: return "list";
    case Type::map: return "map";
    case Type::object: return "object";
    case Type::int_or_string: return "number or text";
    case Type::any: return "any";
  }
  return "";
}

std::string range_text(const Schema& schema) {
  const char* what = schema.type == Type::string ? " characters" : schema.type == Type::list ? " items" : "";
  const bool counts = schema.type == Type::string || schema.type == Type::list;
  const bool open = !schema.max || *schema.max >= (counts ? INT32_MAX : INT64_MAX);
  if (counts && schema.min == 0 && open) return {};
  if (schema.min && !open) return fmt::format("{} to {}{}", *schema.min, *schema.max, what);
  if (schema.min) return fmt::format("at least {}{}", *schema.min, what);
  return open ? std::string() : fmt::format("at most {}{}", *schema.max, what);
}

std::string constraints(const Field& field) {
  const Schema& schema = *field.schema;
  std::vector<std::string> out;
  if (field.required) out.push_back("required");
  if (!field.oneof.empty()) out.push_back("one of the fields of `" + field.oneof + "`");
  if (schema.type == Type::enumeration) out.push_back(fmt::format("`{}`", fmt::join(schema.values, "`, `")));
  if (!schema.choices.empty()) out.push_back(fmt::format("{}", fmt::join(schema.choices, ", ")));
  if (std::string range = range_text(schema); !range.empty()) out.push_back(std::move(range));
  if (!schema.pattern.empty()) out.push_back("matches `" + schema.pattern + "`");
  return fmt::format("{}", fmt::join(out, "; "));
}

void add_fields(const Schema& schema, const std::string& at, std::string& out);

/// What is below a field: the fields of an object, or of a list's or a map's elements.
void add_below(const Schema& schema, const std::string& at, std::string& out) {
  if (schema.type == Type::object) add_fields(schema, at + ".", out);
  if (schema.type == Type::list) add_below(*schema.element, at + "[]", out);
  if (schema.type == Type::map) add_below(*schema.element, at + "{}", out);
}

void add_fields(const Schema& schema, const std::string& at, std::string& out) {
  for (const Field& field : schema.fields) {
    const std::string fallback = field.fallback.is_null() ? std::string() : "`" + field.fallback.dump() + "`";
    std::string type = type_text(*field.schema);
    if (field.schema->element) type += std::string(" of ") + type_text(*field.schema->element);
    out += fmt::format("| `{}{}` | {} | {} | {} | {} |\n", at, field.name, type, fallback, cell(constraints(field)),
                       cell(field.text));
    add_below(*field.schema, at + field.name, out);
  }
}

std::string field_table(const Schema& schema, const std::string& at) {
  std::string out = "| field | type | default | constraints | what it is |\n|---|---|---|---|---|\n";
  add_fields(schema, at, out);
  return out;
}

std::string names(const Kind& kind) {
  const KindTable& table = kind.table();
  std::string out = "| | |\n|---|---|\n";
  auto row = [&](const char* name, const std::string& value) {
    if (!value.empty()) out += fmt::format("| {} | {} |\n", name, value);
  };
  row("scope", kind.is_global() ? "global" : "mesh");
  if (!table.path.empty()) row("REST", fmt::format("`{}/{}`", kind.is_global() ? "" : "/meshes/{mesh}", table.path));
  if (!table.singular.empty()) row("kumactl", fmt::format("`get {}`, `get {} NAME`", table.plural, table.singular));
  if (!kind.is_admin_only() && table.type != "Config")
    row("Kubernetes", fmt::format("`{}.kuma.io`", kubernetes_plural(table.type)));
  if (!table.short_name.empty()) row("short name", "`" + table.short_name + "`");
  if (table.policy) row("policy", table.target_ref ? "by targetRef" : "by sources and destinations, or by selectors");
  if (table.read_only) row("written", "by the control plane only");
  if (table.admin_only) row("seen", "by the administrator only");
  return out;
}

}  // namespace

std::string kind_page(const Kind& kind) {
  const KindTable& table = kind.table();
  const bool flat = kind.wire() == Wire::flat;
  std::string out = fmt::format("# {}\n\n{}\n\n{}\n## Fields\n\n", table.type, table.text, names(kind));
  if (flat) out += "Beside `type`, `name`, `labels`" + std::string(kind.is_global() ? "" : " and `mesh`") + ":\n\n";
  out += field_table(kind.schema(), flat ? "" : "spec.");
  if (table.has_status)
    out += "\n## Status\n\nWritten by the control plane.\n\n" + field_table(*table.status_schema, "status.");
  return out + fmt::format("\n## Example\n\n```yaml\n{}```\n", example_of(kind));
}

}  // namespace kumasim::cp
