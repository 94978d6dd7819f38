/// `kumasim import-isotope`.
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "kumasim/scenario/isotope.hpp"
#include "kumasim/scenario/quantity.hpp"
#include "tools/cli/commands.hpp"

namespace kumasim::cli {
namespace {

struct ImportArguments {
  std::string file;
  std::string to;
  scenario::IsotopeOptions options;
};

int import_isotope(const ImportArguments& arguments) {
  std::ifstream in(arguments.file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || !text) {
    std::cerr << arguments.file << ": cannot be read\n";
    return bad_input;
  }
  auto made = scenario::scenario_from_isotope(std::move(text).str(), arguments.file, arguments.options);
  if (!made) {
    for (const scenario::Diagnostic& diagnostic : made.error()) std::cerr << diagnostic.text() << "\n";
    return bad_input;
  }
  for (const std::string& note : made->notes) std::cerr << note << "\n";
  if (arguments.to.empty()) {
    std::cout << made->yaml << std::flush;
    return passed;
  }
  std::ofstream out(arguments.to, std::ios::binary);
  out << made->yaml << std::flush;
  if (out) return passed;
  std::cerr << "kumasim: cannot write " << arguments.to << "\n";
  return bad_input;
}

}  // namespace

void add_import_isotope(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("import-isotope", "Print a topology of Istio's Isotope as a scenario");
  auto arguments = std::make_shared<ImportArguments>();
  scenario::IsotopeOptions& options = arguments->options;
  command->add_option("FILE", arguments->file, "Isotope's topology, YAML")->required();
  command->add_option("--name", options.name, "Name of the scenario")->capture_default_str();
  command->add_option("--client", options.client, "Name of the service that calls the entry points")
      ->capture_default_str();
  command->add_option("--rate", options.rate, "Calls to each entry point")
      ->capture_default_str()
      ->check([](const std::string& rate) {
        return scenario::parse_rate(rate) ? std::string() : "expected a rate such as 100/s, found `" + rate + "`";
      });
  command->add_option("--duration", options.duration, "Length of the run")
      ->capture_default_str()
      ->check([](const std::string& duration) {
        return scenario::parse_duration(duration) ? std::string()
                                                  : "expected a duration such as 60s, found `" + duration + "`";
      });
  command->add_option("--to", arguments->to, "Write to this file instead of standard output");
  command->callback([arguments, &exit_code] { exit_code = import_isotope(*arguments); });
  command->footer("Example: kumasim import-isotope canonical.yaml --to canonical-scenario.yaml");
}

}  // namespace kumasim::cli
