/// `kumasim import`: a scenario made from what a control plane holds.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "reference-cp/app/kumactl/yaml_text.hpp"
#include "scenarios/behaviour/imported_scenario.hpp"
#include "scenarios/live/mesh_source.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/policy_files.hpp"

namespace kumasim::cli {
namespace {

struct ImportMeshArguments {
  std::string from;
  std::string token;
  std::string ca;
  std::string name = "imported";
  std::string out;
};

struct Collected {
  std::vector<nlohmann::json> resources;
  std::vector<std::string> notes;
  std::string origin;
};

std::optional<Collected> fetch(const ImportMeshArguments& arguments) {
  auto fetched = scenario::fetch_mesh({.url = arguments.from, .token = arguments.token, .ca_file = arguments.ca});
  if (!fetched) {
    std::cerr << arguments.from << ": " << fetched.error().message << "\n";
    return std::nullopt;
  }
  Collected out{
      .resources = std::move(fetched->resources), .notes = {}, .origin = fetched->server + " at " + arguments.from};
  for (const std::string& kind : fetched->unknown)
    out.notes.push_back(fmt::format("left out: {}, a kind that is not known here", kind));
  out.notes.emplace_back("left out: secrets, which are not asked for");
  return out;
}

std::optional<Collected> read(const ImportMeshArguments& arguments) {
  auto sources = read_sources({arguments.from});
  if (!sources) return std::nullopt;
  auto set = scenario::read_policy_set(arguments.from, *sources);
  if (!set) {
    complain(arguments.from, set.error());
    return std::nullopt;
  }
  Collected out{.resources = {}, .notes = set->notes, .origin = arguments.from};
  for (scenario::ResourceText& each : set->resources) out.resources.push_back(std::move(each.body));
  return out;
}

/// Notes stand as comments before the document.
std::string text_of(const scenario::ImportedScenario& imported, const std::vector<std::string>& notes) {
  std::string out;
  for (const auto* list : {&notes, &imported.notes})
    for (const std::string& note : *list) out += "# " + note + "\n";
  return out + cp::yaml_text(imported.document);
}

int import_mesh(const ImportMeshArguments& arguments) {
  bool remote = arguments.from.starts_with("http://") || arguments.from.starts_with("https://");
  auto collected = remote ? fetch(arguments) : read(arguments);
  if (!collected) return bad_input;
  auto imported = scenario::import_scenario(collected->resources, arguments.name, collected->origin);
  if (!imported) {
    complain(arguments.from, imported.error());
    return bad_input;
  }
  std::string text = text_of(*imported, collected->notes);
  if (arguments.out.empty()) {
    std::cout << text << std::flush;
    return passed;
  }
  std::ofstream file(arguments.out, std::ios::binary);
  file << text << std::flush;
  if (!file) {
    std::cerr << "kumasim: cannot write " << arguments.out << "\n";
    return bad_input;
  }
  for (const auto* list : {&collected->notes, &imported->notes})
    for (const std::string& note : *list) std::cerr << note << "\n";
  return passed;
}

}  // namespace

void add_import(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("import", "Make a scenario from a live control plane, or from files of its resources");
  auto arguments = std::make_shared<ImportMeshArguments>();
  command
      ->add_option("SOURCE", arguments->from, "URL of the REST API, such as http://localhost:5681, or a file or folder")
      ->required();
  command->add_option("--token", arguments->token, "User token for the REST API; others may read a command line")
      ->envname("KUMASIM_TOKEN");
  command->add_option("--ca", arguments->ca, "File with the authorities of an https URL, PEM; default: the machine's")
      ->check(CLI::ExistingFile);
  command->add_option("--name", arguments->name, "Name of the scenario")->capture_default_str();
  command->add_option("--out", arguments->out, "Write to this file instead of standard output");
  command->callback([arguments, &exit_code] { exit_code = import_mesh(*arguments); });
  command->footer(
      "Exit code: 0 made; 2 bad input or no answer; 3 kumasim itself failed.\n"
      "Example: kumasim import http://localhost:5681 --name twin --out twin.yaml && kumasim run twin.yaml");
}

}  // namespace kumasim::cli
