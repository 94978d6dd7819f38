/// `kumasim check`: expectations of who may call whom, where it goes and with which limits, without running anything.
#include <filesystem>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-cp/app/kumactl/table.hpp"
#include "reference-cp/app/kumactl/yaml_text.hpp"
#include "scenarios/behaviour/check_file.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/execute.hpp"
#include "tools/cli/policy_files.hpp"

namespace kumasim::cli {
namespace {

struct CheckArguments {
  std::vector<std::string> files;
  std::string policies;
  std::string topology;
  std::string output = "text";
};

/// A path in the file is beside the file.
std::string beside(const std::string& file, const std::string& path) {
  return (std::filesystem::path(file).parent_path() / path).string();
}

std::optional<scenario::CheckReport> check_one(const std::string& path, const CheckArguments& arguments) {
  auto text = read_or_complain(path);
  if (!text) return std::nullopt;
  auto file = scenario::read_check(*text, path);
  if (!file) {
    complain(path, file.error());
    return std::nullopt;
  }
  std::string topology_file = arguments.topology;
  if (topology_file.empty() && !file->topology.empty()) topology_file = beside(path, file->topology);
  std::optional<scenario::Scenario> topology;
  if (!topology_file.empty()) {
    topology = load_or_complain(topology_file);
    if (!topology) return std::nullopt;
  }
  std::vector<std::string> paths;
  for (const std::string& each : file->policies) paths.push_back(beside(path, each));
  if (!arguments.policies.empty()) paths = {arguments.policies};
  auto set = load_policies(fmt::format("{}", fmt::join(paths, ", ")), paths, topology ? &*topology : nullptr);
  if (!set) return std::nullopt;
  scenario::Workshop workshop;
  auto deployment = scenario::Deployment::make(*set, {.pairs = file->pairs()}, workshop);
  if (!deployment) {
    complain(set->name, deployment.error());
    return std::nullopt;
  }
  auto report = scenario::judge(*file, *deployment);
  if (report) return std::move(*report);
  complain(path, report.error());
  return std::nullopt;
}

void print_table(const std::vector<scenario::CheckReport>& reports) {
  cp::Table table({"CHECK", "VERDICT", "EXPECTATION", "SEEN", "RESOURCES"});
  for (const scenario::CheckReport& report : reports)
    for (const scenario::CheckVerdict& each : report.verdicts)
      table.add({report.name, each.held ? "ok" : "BROKEN", each.text, each.seen,
                 fmt::format("{}", fmt::join(each.policies, ", "))});
  table.print(std::cout);
}

void print(const std::vector<scenario::CheckReport>& reports, const std::string& output) {
  nlohmann::json all = nlohmann::json::array();
  for (const scenario::CheckReport& report : reports) {
    if (output == "text") std::cout << scenario::check_text(report);
    all.push_back(scenario::check_json(report));
  }
  if (output == "json") std::cout << all.dump(2) << "\n";
  if (output == "yaml") std::cout << cp::yaml_text(all);
  if (output == "junit") std::cout << scenario::check_junit(reports);
  if (output == "table") print_table(reports);
}

int check(const CheckArguments& arguments) {
  std::vector<scenario::CheckReport> reports;
  int code = passed;
  for (const std::string& file : arguments.files) {
    auto report = check_one(file, arguments);
    if (!report) {
      code = bad_input;
      continue;
    }
    if (!report->passed() && code == passed) code = broken;
    reports.push_back(std::move(*report));
  }
  print(reports, arguments.output);
  return code;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("check", "Judge expectations of single calls without running them");
  auto arguments = std::make_shared<CheckArguments>();
  command->add_option("FILE", arguments->files, "Files of kind Check")->required();
  command->add_option("--policies", arguments->policies,
                      "File or folder of resources, or a scenario, in place of those that the files name");
  command->add_option("--topology", arguments->topology,
                      "Scenario whose services call each other, in place of the one that the files name");
  command->add_option("--output", arguments->output, "Format")
      ->check(CLI::IsMember({"text", "json", "yaml", "table", "junit"}))
      ->capture_default_str();
  command->callback([arguments, &exit_code] { exit_code = check(*arguments); });
  command->footer(
      "Exit code: 0 all expectations hold; 1 one does not; 2 bad input; 3 kumasim itself failed.\n"
      "Lines such as: denied(audit -> backend GET /admin), timeout(web -> backend) == 5s,\n"
      "allowed(outside -> edge-gateway:8080 example.com GET /api). scenarios/README.md has the language.");
}

}  // namespace kumasim::cli
