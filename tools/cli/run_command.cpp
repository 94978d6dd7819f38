/// `kumasim run` and `kumasim replay`.
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tools/cli/arguments.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/execute.hpp"
#include "tools/cli/output.hpp"
#include "tools/cli/run_name.hpp"

namespace kumasim::cli {
namespace {

int exit_code_of(const Executed& done) {
  int code = static_cast<int>(scenario::exit_code_of(done.report));
  return code == passed && !done.differences.empty() ? broken : code;
}

struct RunArguments {
  std::string file;
  std::uint64_t seed = 1;
  std::string seeds;
  std::string world = "sim";
  std::string output = "text";
  std::string report;
  std::string bug;
  bool twice = false;
  bool logs = false;
  std::string envoy;
};

int run(const RunArguments& arguments) {
  auto scenario = load_or_complain(arguments.file);
  if (!scenario) return bad_input;
  if (arguments.twice && arguments.world != "sim") {
    std::cerr << "--twice compares fingerprints, which only the simulated world has: use --world sim\n";
    return bad_input;
  }
  ExecuteOptions options{.seeds = {arguments.seed},
                         .world = arguments.world,
                         .planted_bug = arguments.bug,
                         .twice = arguments.twice,
                         .logs = arguments.logs,
                         .messages = arguments.output == "html",
                         .envoy = arguments.envoy};
  if (!arguments.seeds.empty()) options.seeds = *parse_seeds(arguments.seeds);
  Executed done = execute(*scenario, options);
  if (!write_report(*scenario, done.report, arguments.output, arguments.report)) return bad_input;
  for (const std::string& difference : done.differences) std::cerr << difference << "\n";
  if (arguments.twice && done.differences.empty()) {
    std::cerr << fmt::format("each of {} run{} was done twice: equal fingerprints\n", options.seeds.size(),
                             options.seeds.size() == 1 ? "" : "s");
  }
  return exit_code_of(done);
}

struct ReplayArguments {
  RunName run;
  std::string output = "text";
  bool logs = false;
};

int replay(ReplayArguments arguments) {
  RunName& run = arguments.run;
  if (!resolve(run)) return bad_input;
  auto scenario = load_or_complain(run.file);
  if (!scenario) return bad_input;
  ExecuteOptions options{.seeds = {run.seed.value_or(1)},
                         .world = "sim",
                         .planted_bug = run.planted_bug,
                         .twice = false,
                         .logs = arguments.logs,
                         .messages = arguments.output == "html",
                         .envoy = {}};
  Executed done = execute(*scenario, options);
  if (!write_report(*scenario, done.report, arguments.output, "")) return bad_input;
  if (!same_run(run, done.report.runs[0].fingerprint)) return bad_input;
  if (!run.fingerprint.empty()) std::cerr << fmt::format("replayed: fingerprint {} again\n", run.fingerprint);
  return exit_code_of(done);
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("run", "Run a scenario and judge what it expects");
  auto arguments = std::make_shared<RunArguments>();
  command->add_option("FILE", arguments->file, "Scenario file")->required();
  auto* seed = command->add_option("--seed", arguments->seed, "Seed of everything that is chance")
                   ->check(check_whole)
                   ->capture_default_str();
  command->add_option("--seeds", arguments->seeds, "Run once for each seed of a range such as 1..200")
      ->excludes(seed)
      ->check(check_seeds);
  command
      ->add_option("--world", arguments->world,
                   "sim: virtual time; live: real Envoys on this machine; both: side by side")
      ->check(CLI::IsMember({"sim", "live", "both"}))
      ->capture_default_str();
  command->add_option("--output", arguments->output, "Format of the report")
      ->check(CLI::IsMember(output_formats))
      ->capture_default_str();
  command->add_option("--report", arguments->report, "Write the report to this file, and a text to the terminal");
  command
      ->add_option("--planted-bug", arguments->bug,
                   "Plant a known bug in the control plane, or in simulated Envoys (envoy-...), to see it caught")
      ->check(known_bug);
  command->add_option("--envoy", arguments->envoy,
                      "Envoy executable for the live world; default: the one that the build installed");
  command->add_flag("--twice", arguments->twice, "Run each seed twice and compare; name the first event that differs");
  command->add_flag("--logs", arguments->logs, "Print what the simulated processes log");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
  command->footer(
      "Exit code: 0 all expectations held; 1 one broke, or the run went wrong: a change was refused, the control "
      "plane\n"
      "failed, a process died; 2 bad input, a mesh that did not come up, or an interrupt; 3 kumasim itself failed.\n"
      "Example: kumasim run scenarios/quickstart.yaml --seeds 1..20 --twice");
}

void add_replay(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("replay", "Do a run again and see that it is the same");
  auto arguments = std::make_shared<ReplayArguments>();
  command->add_option("FILE", arguments->run.file, "Scenario file, or the JSON report of a run")->required();
  command->add_option("--seed", arguments->run.seed, "Seed of the run; default: 1, or the report's first")
      ->check(check_whole);
  command->add_option("--planted-bug", arguments->run.planted_bug, "The bug that was planted");
  command->add_option("--fingerprint", arguments->run.fingerprint, "What the fingerprint must be");
  command->add_option("--output", arguments->output, "Format of the report")
      ->check(CLI::IsMember(output_formats))
      ->capture_default_str();
  command->add_flag("--logs", arguments->logs, "Print what the simulated processes log");
  command->callback([arguments, &exit_code] { exit_code = replay(*arguments); });
  command->footer("The last line of every report of `kumasim run` is the command that replays it.");
}

}  // namespace kumasim::cli
