/// kumactl get: one resource or a list, as a table, YAML or JSON.
#include <algorithm>
#include <ostream>

#include <CLI/CLI.hpp>

#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/printing.hpp"
#include "reference-cp/app/kumactl/resource_path.hpp"
#include "reference-cp/app/kumactl/session.hpp"
#include "reference-cp/app/kumactl/table.hpp"
#include "reference-cp/live/live_runtime.hpp"

namespace kumasim::cp {

namespace {

using nlohmann::json;

struct Options {
  std::string output = "table";
  std::string name;
  int size = 0;
  std::string offset;
};

std::string text_at(const json& item, const std::string& pointer) {
  json::json_pointer at(pointer);
  return item.contains(at) && item.at(at).is_string() ? item.at(at).get<std::string>() : std::string();
}

std::string flag_text(const json& item, const std::string& pointer) {
  json::json_pointer at(pointer);
  return item.contains(at) && item.at(at) == json(true) ? "on" : "off";
}

/// Whether the pointer leads to a flag, as the table says.
bool is_flag(const Schema& schema, std::string_view pointer) {
  const Schema* at = &schema;
  while (at != nullptr && !pointer.empty()) {
    pointer.remove_prefix(1);
    auto end = std::min(pointer.find('/'), pointer.size());
    const Field* field = at->field(pointer.substr(0, end));
    at = field == nullptr ? nullptr : field->schema.get();
    pointer.remove_prefix(end);
  }
  return at != nullptr && at->type == Type::boolean;
}

/// "builtin/ca-1", or "off".
std::string mtls_text(const json& mesh) {
  auto enabled = text_at(mesh, "/mtls/enabledBackend");
  if (enabled.empty() || !mesh["mtls"].contains("backends")) return "off";
  for (const auto& backend : mesh["mtls"]["backends"])
    if (backend.value("name", "") == enabled) return backend.value("type", "") + "/" + enabled;
  return "off";
}

std::string address_text(const json& dataplane) {
  auto advertised = text_at(dataplane, "/networking/advertisedAddress");
  return advertised.empty() ? text_at(dataplane, "/networking/address") : advertised;
}

/// REQUIRES: the kind is flat, so that its specification is in the item itself.
std::string cell_text(const Kind& kind, const Column& column, const json& item) {
  if (column.heading == "TAGS") return tags_text(item);
  if (column.heading == "mTLS") return mtls_text(item);
  if (column.pointer.empty()) return address_text(item);
  return is_flag(kind.schema(), column.pointer) ? flag_text(item, column.pointer) : text_at(item, column.pointer);
}

/// The columns of the kind's table, between its name and its age.
Table table_for(const Kind& kind, const std::vector<json>& items, WallTime now) {
  const std::vector<Column>& columns = kind.table().columns;
  std::vector<std::string> headings;
  if (!kind.is_global()) headings.push_back("MESH");
  headings.push_back("NAME");
  for (const Column& column : columns) headings.push_back(column.heading);
  headings.push_back("AGE");
  Table table(std::move(headings));
  for (const auto& item : items) {
    std::vector<std::string> row;
    if (!kind.is_global()) row.push_back(item.value("mesh", ""));
    row.push_back(item.value("name", ""));
    for (const Column& column : columns) row.push_back(cell_text(kind, column, item));
    row.push_back(age_text(item.value("modificationTime", ""), now));
    table.add(std::move(row));
  }
  return table;
}

Result<> get_one(Session& session, const Kind& kind, const Options& options) {
  session.check_compatibility();
  auto client = session.client();
  if (!client) return fail(client.error());
  auto answer = (*client)->call("GET", resource_path(kind, session.mesh, options.name));
  if (!answer && answer.error().code == Code::not_found)
    return fail(Code::not_found,
                kind.is_global() ? "No resources found" : "No resources found in " + session.mesh + " mesh");
  if (!answer) return fail(answer.error());
  if (options.output != "table") return print_resource(session.out(), kind, answer->json, options.output);
  table_for(kind, {json(answer->json)}, session.live().runtime().clock.wall_now()).print(session.out());
  return {};
}

Result<> get_list(Session& session, const Kind& kind, const Options& options) {
  session.check_compatibility();
  auto client = session.client();
  if (!client) return fail(client.error());
  auto target = resource_path(kind, session.mesh, "");
  auto separator = '?';
  if (!options.offset.empty()) target += std::exchange(separator, '&') + ("offset=" + percent_encode(options.offset));
  if (options.size != 0) target += separator + ("size=" + std::to_string(options.size));
  auto answer = (*client)->call("GET", target);
  if (!answer) return fail(answer.error());
  if (options.output != "table") return print_formatted(session.out(), answer->json, options.output);
  std::vector<json> items;
  if (answer->json.contains("items") && answer->json["items"].is_array())
    for (const auto& item : answer->json["items"]) items.emplace_back(item);
  table_for(kind, items, session.live().runtime().clock.wall_now()).print(session.out());
  if (auto next = next_offset(answer->json); !next.empty())
    session.out() << "\nRerun command with --offset=" << next << " argument to retrieve more resources\n";
  return {};
}

}  // namespace

void add_get(CLI::App& root, Session& session) {
  auto* get = root.add_subcommand("get", "Show Kuma resources.");
  auto options = std::make_shared<Options>();
  get->add_option("-o,--output", options->output, "output format: one of table|yaml|json");
  for (const auto* kind : shown_kinds()) {
    auto* list = get->add_subcommand(kind->plural(), "Show " + kind->type() + " entities.");
    if (auto alias = list_alias_of(*kind); !alias.empty()) list->alias(alias);
    list->add_option("--size", options->size, "maximum number of elements to return");
    list->add_option("--offset", options->offset,
                     "the offset that indicates starting element of the resources list to retrieve");
    list->add_option("-m,--mesh", session.mesh, "mesh to use");
    list->callback([&session, kind, options] {
      session.action = [&session, kind, options] { return get_list(session, *kind, *options); };
    });
    auto* one = get->add_subcommand(kind->singular(), "Show a single " + kind->type() + " resource.");
    if (auto alias = alias_of(*kind); !alias.empty()) one->alias(alias);
    one->add_option("NAME", options->name, "its name")->required();
    one->add_option("-m,--mesh", session.mesh, "mesh to use");
    one->callback([&session, kind, options] {
      session.action = [&session, kind, options] { return get_one(session, *kind, *options); };
    });
  }
}

}  // namespace kumasim::cp
