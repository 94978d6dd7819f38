/// `kumasim inspect`: the mesh, a process or a proxy's configuration at one moment of a run.
#include <algorithm>
#include <iostream>
#include <iterator>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kumasim/scenario/diagnostic.hpp"
#include "kumasim/scenario/quantity.hpp"
#include "scenarios/inspect/call_selector.hpp"
#include "scenarios/inspect/configuration.hpp"
#include "scenarios/inspect/inspection.hpp"
#include "tools/cli/arguments.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/execute.hpp"
#include "tools/cli/inspection_text.hpp"
#include "tools/cli/recorded.hpp"

namespace kumasim::cli {
namespace {

struct InspectArguments {
  RunName run;
  std::string at, process, call, config;
  std::string output = "text";
};

int bad(const std::string& message) {
  std::cerr << "kumasim: " << message << "\n";
  return bad_input;
}

std::string check_time(const std::string& text) {
  return scenario::parse_duration(text) ? std::string() : "expected a time such as 61.2s, found `" + text + "`";
}

/// "TYPE/NAME"; "all" for the whole dump.
struct ConfigName {
  std::string type, name;
};

ConfigName config_name(const std::string& text) {
  std::size_t slash = text.find('/');
  return {scenario::config_type(text.substr(0, slash)),
          slash == std::string::npos ? std::string() : text.substr(slash + 1)};
}

std::string check_config(const std::string& text) {
  if (text == "all" || !config_name(text).type.empty()) return {};
  return fmt::format("expected all or one of {}, with /NAME for one resource; found `{}`",
                     fmt::join(scenario::config_words(), ", "), text);
}

/// The moment when the call began, and its caller where no process was named.
int find_moment(const scenario::Scenario& scenario, InspectArguments& arguments, Duration& at) {
  auto selector = scenario::parse_call(arguments.call, scenario);
  if (!selector) return bad(selector.error());
  auto whole = record(scenario, arguments.run, std::nullopt);
  if (!whole) return bad_input;
  auto found = scenario::find_call(*selector, whole->seen());
  if (!found) return bad(fmt::format("the run has no call {}", arguments.call));
  const scenario::CallRecord& call = whole->seen().calls[*found];
  at = call.start;
  if (arguments.process.empty()) arguments.process = call.from_process;
  return passed;
}

int show(const scenario::RecordedRun& run, const InspectArguments& arguments) {
  const std::string& process = arguments.process;
  bool text = arguments.output == "text";
  if (arguments.config == "all") {
    print_value(scenario::config_dump(run, process), arguments.output);
  } else if (!arguments.config.empty()) {
    ConfigName wanted = config_name(arguments.config);
    nlohmann::json value = scenario::resources_json(run, process, wanted.type, wanted.name);
    if (value["resources"].empty()) return bad(fmt::format("{} has no {} then", process, arguments.config));
    if (text)
      std::cout << resources_text(run, process, wanted.type, wanted.name);
    else
      print_value(value, arguments.output);
  } else if (text) {
    std::cout << (process.empty() ? mesh_text(run) : process_text(run, process));
  } else {
    print_value(process.empty() ? scenario::mesh_json(run) : scenario::process_json(run, process), arguments.output);
  }
  return passed;
}

int check_process(const scenario::Scenario& scenario, const InspectArguments& arguments) {
  const std::string& process = arguments.process;
  std::vector<std::string> names = scenario.control_planes();
  std::ranges::copy(scenario.stores(), std::back_inserter(names));
  for (const scenario::Instance& instance : scenario.instances) names.push_back(instance.process);
  if (!process.empty() && std::ranges::find(names, process) == names.end()) {
    std::string near = scenario::nearest(process, names);
    return bad(fmt::format("there is no process `{}`{}", process,
                           near.empty() ? "" : fmt::format(" (did you mean `{}`?)", near)));
  }
  bool of_caller = process.empty() && !arguments.call.empty();
  if (arguments.config.empty() || of_caller || scenario.find_instance(process) != nullptr) return passed;
  return bad("--config needs --process: an instance, which has a proxy");
}

int inspect(InspectArguments arguments) {
  if (arguments.at.empty() && arguments.call.empty()) return bad("inspect needs a moment: --at or --call");
  if (!resolve(arguments.run)) return bad_input;
  auto scenario = load_or_complain(arguments.run.file);
  if (!scenario) return bad_input;
  if (int code = check_process(*scenario, arguments); code != passed) return code;
  Duration at{};
  if (!arguments.call.empty()) {
    if (int code = find_moment(*scenario, arguments, at); code != passed) return code;
  } else {
    at = *scenario::parse_duration(arguments.at);
    warn_of_commit(arguments.run);  // there is no fingerprint to compare before the end
  }
  if (at > scenario->duration)
    return bad(fmt::format("--at {} is after the end of the run, {}", arguments.at,
                           scenario::duration_text(scenario->duration)));
  auto run = record(*scenario, arguments.run, at);
  return run ? show(*run, arguments) : bad_input;
}

}  // namespace

void add_inspect(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("inspect", "Show the mesh, a process or a proxy's configuration at a moment");
  auto arguments = std::make_shared<InspectArguments>();
  command->add_option("FILE", arguments->run.file, "Scenario file, or the JSON report of a run")->required();
  command->add_option("--seed", arguments->run.seed, "Seed of the run; default: 1, or the report's first")
      ->check(check_whole);
  command->add_option("--planted-bug", arguments->run.planted_bug, "The bug that was planted");
  auto* at = command
                 ->add_option("--at", arguments->at,
                              "When: time from the moment when the mesh was up, such as 61.2s; else --call")
                 ->check(check_time);
  command
      ->add_option("--call", arguments->call,
                   "When this call began: its number, `web -> backend` or `web -> backend @ 61.2s`; of its caller")
      ->excludes(at);
  command->add_option("--process", arguments->process, "Only this process, with all that is known of it");
  command
      ->add_option("--config", arguments->config,
                   "What the process's proxy runs: all, as its Envoy would dump it, or clusters, endpoints, listeners, "
                   "routes, secrets, or one such as listeners/NAME, each with why it is so")
      ->check(check_config);
  command->add_option("--output", arguments->output, "Format")
      ->check(CLI::IsMember({"text", "json", "yaml"}))
      ->capture_default_str();
  command->callback([arguments, &exit_code] { exit_code = inspect(*arguments); });
  command->footer(
      "The run is done again up to that moment, the same event by event. Why a resource is so: the commit to the "
      "control\nplane's store that changed it last, when it was made, pushed and acknowledged, and the resources of "
      "the store without\nwhich it would be another one or none, found by making it without each.\n"
      "Exit code: 0 shown; 2 bad input, a mesh that did not come up, or, with --call, not the run of the report; 3 "
      "kumasim\nitself failed.\n"
      "Example: kumasim inspect scenarios/quickstart.yaml --seed 7 --at 61.2s --process web-0 --config clusters");
}

}  // namespace kumasim::cli
