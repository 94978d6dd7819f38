/// `kumasim explain`: why a call of a run went as it did.
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "scenarios/inspect/call_selector.hpp"
#include "scenarios/inspect/explanation.hpp"
#include "tools/cli/arguments.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/execute.hpp"
#include "tools/cli/recorded.hpp"

namespace kumasim::cli {
namespace {

struct ExplainArguments {
  RunName run;
  std::string call, first_failed;
  std::string output = "text";
};

int bad(const std::string& message) {
  std::cerr << "kumasim: " << message << "\n";
  return bad_input;
}

/// That of the first broken expectation that names one.
std::optional<std::size_t> offending_call(const scenario::RecordedRun& run, std::string& expectation) {
  for (const scenario::Verdict& verdict : run.run().verdicts) {
    if (!verdict.broken()) continue;
    if (auto found = scenario::find_call(verdict, run.seen())) {
      expectation = verdict.title;
      return found;
    }
  }
  return std::nullopt;
}

int explain(ExplainArguments arguments) {
  if (!resolve(arguments.run)) return bad_input;
  auto scenario = load_or_complain(arguments.run.file);
  if (!scenario) return bad_input;
  bool by_verdict = arguments.call.empty() && arguments.first_failed.empty();
  std::expected<scenario::CallSelector, std::string> selector;
  if (!by_verdict)
    selector = arguments.call.empty() ? scenario::parse_failed(arguments.first_failed, *scenario)
                                      : scenario::parse_call(arguments.call, *scenario);
  if (!selector) return bad(selector.error());
  auto whole = record(*scenario, arguments.run, std::nullopt);
  if (!whole) return bad_input;
  std::string expectation;
  auto found = by_verdict ? offending_call(*whole, expectation) : scenario::find_call(*selector, whole->seen());
  if (!found && by_verdict) return bad("no expectation is broken by a call: name one with --call or --first-failed");
  if (!found)
    return bad(arguments.call.empty() ? "no call of " + arguments.first_failed + " failed"
                                      : "the run has no call " + arguments.call);
  auto then = record(*scenario, arguments.run, whole->seen().calls[*found].start);
  if (!then) return bad_input;
  scenario::Explanation explanation = scenario::explain(*whole, *then, *found);
  if (arguments.output == "text") {
    if (!expectation.empty()) std::cout << "broke: " << expectation << "\n";
    std::cout << scenario::explanation_text(*whole, *then, explanation);
  } else {
    nlohmann::json value = scenario::explanation_json(*whole, *then, explanation);
    if (!expectation.empty()) value["expectation"] = expectation;
    print_value(value, arguments.output);
  }
  return passed;
}

}  // namespace

void add_explain(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("explain", "Say why a call went as it did: commit, push, ACK, pick, fault");
  auto arguments = std::make_shared<ExplainArguments>();
  command->add_option("FILE", arguments->run.file, "Scenario file, or the JSON report of a run")->required();
  command->add_option("--seed", arguments->run.seed, "Seed of the run; default: 1, or the report's first")
      ->check(check_whole);
  command->add_option("--planted-bug", arguments->run.planted_bug, "The bug that was planted");
  auto* call = command->add_option("--call", arguments->call,
                                   "Its number, `web -> backend` for the first of a flow, or `web -> backend @ 61.2s` "
                                   "for the first from then on; default: that of the first broken expectation");
  command->add_option("--first-failed", arguments->first_failed, "The first failed call of this flow, or of any")
      ->excludes(call);
  command->add_option("--output", arguments->output, "Format")
      ->check(CLI::IsMember({"text", "json", "yaml"}))
      ->capture_default_str();
  command->callback([arguments, &exit_code] { exit_code = explain(*arguments); });
  command->footer(
      "For each step of its way: the commit that changed what the proxy ran, its snapshot, push and ACK, and what it "
      "is made\nof; the state of the proxies and of the control plane when the call began; what happened since the "
      "flow was well;\nand the faults: those that strike who had to do with the call, in force or begun since then; "
      "else "
      "the last one before.\n"
      "Exit code: 0 explained; 2 bad input, no such call, a mesh that did not come up, or not the run of the report; "
      "3\nkumasim itself failed.\n"
      "Example: kumasim explain scenarios/quickstart.yaml --planted-bug rbac-rule-dropped");
}

}  // namespace kumasim::cli
