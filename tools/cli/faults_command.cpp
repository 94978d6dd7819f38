/// `kumasim faults`: the reference of faults and events.
#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "kumasim/scenario/fault_reference.hpp"
#include "tools/cli/commands.hpp"

namespace kumasim::cli {

void add_faults(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("faults", "List the faults of scenarios, their parameters, and the events that fire them");
  auto format = std::make_shared<std::string>("table");
  command->add_option("-o,--output", *format, "Format")
      ->check(CLI::IsMember({"table", "json", "yaml", "markdown"}))
      ->capture_default_str();
  command->callback([format, &exit_code] {
    std::cout << (*format == "json"       ? scenario::fault_reference_json().dump(2) + "\n"
                  : *format == "yaml"     ? scenario::fault_reference_yaml()
                  : *format == "markdown" ? scenario::fault_reference_markdown()
                                          : scenario::fault_reference_text())
              << std::flush;
    exit_code = passed;
  });
  command->footer("A fault in a scenario: {fault: net.loss, at: 10s, for: 5s, between: [web, backend], loss: 5%}");
}

}  // namespace kumasim::cli
