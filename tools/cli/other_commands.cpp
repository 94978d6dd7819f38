/// `kumasim graph`, `validate`, `schema` and `version`.
#include <fstream>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "kumasim/scenario/grammar.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/commit.hpp"
#include "tools/cli/execute.hpp"
#include "tools/graph/topology_graph.hpp"

namespace kumasim::cli {
namespace {

struct GraphArguments {
  std::string file;
  std::string format = "svg";
  std::string to;
};

int graph(const GraphArguments& arguments) {
  std::string file = arguments.file;
  std::optional<scenario::Report> report;
  std::ifstream in(file);
  nlohmann::json json = nlohmann::json::parse(in, nullptr, false);
  if (!json.is_discarded() && json.is_object() && json.contains("runs")) {
    auto read = scenario::report_from_json(json);
    if (!read || read->runs.empty()) {
      std::cerr << file << ": " << (read ? "the report holds no run" : read.error().message) << "\n";
      return bad_input;
    }
    report = std::move(*read);
    file = report->file;
  }
  auto scenario = load_or_complain(file);
  if (!scenario) return bad_input;
  auto format = arguments.format == "dot" ? scenario::GraphFormat::dot : scenario::GraphFormat::svg;
  auto picture = scenario::draw_graph(*scenario, report ? &report->runs[0] : nullptr, format);
  if (!picture) {
    std::cerr << "kumasim: " << picture.error().message << "\n";
    return bad_input;
  }
  if (arguments.to.empty()) {
    std::cout << *picture << std::flush;
    return passed;
  }
  std::ofstream out(arguments.to, std::ios::binary);
  out << *picture << std::flush;
  if (out) return passed;
  std::cerr << "kumasim: cannot write " << arguments.to << "\n";
  return bad_input;
}

int validate(const std::vector<std::string>& files) {
  int out = passed;
  for (const std::string& file : files) {
    auto scenario = load_or_complain(file);
    if (!scenario) {
      out = bad_input;
      continue;
    }
    std::cout << fmt::format("{}: valid: {} services, {} instances, {} resources, {} faults, {} expectations, {}\n",
                             file, scenario->services.size(), scenario->instances.size(), scenario->resources.size(),
                             scenario->faults.size(), scenario->expectations.size(),
                             scenario::duration_text(scenario->duration));
  }
  return out;
}

}  // namespace

void add_graph(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("graph", "Draw a scenario, or a run with its traffic, faults and verdicts");
  auto arguments = std::make_shared<GraphArguments>();
  command->add_option("FILE", arguments->file, "Scenario file, or the JSON report of a run")->required();
  command->add_option("-o,--output", arguments->format, "Format")
      ->check(CLI::IsMember({"svg", "dot"}))
      ->capture_default_str();
  command->add_option("--to", arguments->to, "Write to this file instead of standard output");
  command->callback([arguments, &exit_code] { exit_code = graph(*arguments); });
}

void add_validate(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("validate", "Check scenario files without running them");
  auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("FILE", *files, "Scenario files")->required();
  command->callback([files, &exit_code] { exit_code = validate(*files); });
}

void add_schema(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("schema", "Print the JSON Schema of scenario files");
  command->callback([&exit_code] {
    std::cout << scenario::scenario_json_schema().dump(2) << "\n";
    exit_code = passed;
  });
}

void add_version(CLI::App& app, int& exit_code) {
  const std::string text = fmt::format("kumasim 0.1.0 commit={} Kuma 2.12 Envoy 1.40", commit());
  app.set_version_flag("--version", text, "Print version and commit");
  CLI::App* command = app.add_subcommand("version", "Print version and commit");
  command->callback([&exit_code, text] {
    std::cout << text << "\n";
    exit_code = passed;
  });
}

}  // namespace kumasim::cli
