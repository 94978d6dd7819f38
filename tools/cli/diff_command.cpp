/// `kumasim diff`: what changes for whom when one set of resources takes the place of another, without running it.
#include <algorithm>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-cp/app/kumactl/table.hpp"
#include "reference-cp/app/kumactl/yaml_text.hpp"
#include "scenarios/behaviour/behaviour_diff.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/execute.hpp"
#include "tools/cli/policy_files.hpp"

namespace kumasim::cli {
namespace {

struct DiffArguments {
  std::string before, after;
  std::string topology;
  std::string output = "text";
  std::vector<std::string> fail_on;
  bool all_pairs = false;
};

void print_table(const scenario::BehaviourDiff& diff) {
  cp::Table table({"FROM", "TO", "REQUESTS", "WHAT", "BEFORE", "AFTER", "RESOURCES"});
  for (const scenario::FlowDifference& each : diff.changes) {
    std::vector<std::string> causes;
    for (const scenario::ResourceDifference& policy : each.policies) causes.push_back(policy.text());
    table.add({fmt::format("{}", fmt::join(each.from, ",")), each.to,
               each.requests.empty() ? "all" : fmt::format("{}", fmt::join(each.requests, ", ")),
               std::string(scenario::fact_kind(each.fact).name), each.before, each.after,
               fmt::format("{}", fmt::join(causes, ", "))});
  }
  table.print(std::cout);
}

int exit_code_of(const scenario::BehaviourDiff& diff, const std::vector<std::string>& fail_on) {
  bool counts = std::ranges::any_of(diff.changes, [&](const scenario::FlowDifference& change) {
    return fail_on.empty() || std::ranges::find_first_of(fail_on, change.categories) != fail_on.end();
  });
  return counts ? broken : passed;
}

int diff(const DiffArguments& arguments) {
  std::optional<scenario::Scenario> topology;
  if (!arguments.topology.empty()) {
    topology = load_or_complain(arguments.topology);
    if (!topology) return bad_input;
  }
  auto load = [&](const std::string& path) { return load_policies(path, {path}, topology ? &*topology : nullptr); };
  auto before = load(arguments.before);
  auto after = load(arguments.after);
  if (!before || !after) return bad_input;
  scenario::Workshop workshop;
  scenario::DeploymentOptions options{.all_pairs = arguments.all_pairs};
  for (const scenario::PolicySet* set : {&*before, &*after})
    for (const scenario::ResourceText& each : set->resources)
      if (scenario::ResourceName is = scenario::resource_name(each.body); is.type == "Secret")
        options.secrets.insert({is.mesh, is.name});
  auto was = scenario::Deployment::make(*before, options, workshop);
  auto is = scenario::Deployment::make(*after, options, workshop);
  if (!was) complain(arguments.before, was.error());
  if (!is) complain(arguments.after, is.error());
  if (!was || !is) return bad_input;
  const scenario::Scenario* calls = topology ? &*topology : after->scenario ? &*after->scenario : nullptr;
  scenario::BehaviourDiff found = scenario::compare(*was, *is, calls);
  if (arguments.output == "json") std::cout << scenario::diff_json(found).dump(2) << "\n";
  if (arguments.output == "yaml") std::cout << cp::yaml_text(scenario::diff_json(found));
  if (arguments.output == "table") print_table(found);
  if (arguments.output == "text") std::cout << scenario::diff_text(found);
  return exit_code_of(found, arguments.fail_on);
}

}  // namespace

void add_diff(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("diff", "Compare two sets of resources by what they do to calls, without running them");
  auto arguments = std::make_shared<DiffArguments>();
  command->add_option("BEFORE", arguments->before, "File or folder of resources, or a scenario")->required();
  command->add_option("AFTER", arguments->after, "What takes its place")->required();
  command->add_option("--topology", arguments->topology,
                      "Scenario whose services call each other, beside the Dataplanes of the sets");
  command->add_flag("--all-pairs", arguments->all_pairs,
                    "Look at every pair of services, not only at declared outbounds");
  command->add_option("--output", arguments->output, "Format")
      ->check(CLI::IsMember({"text", "json", "yaml", "table"}))
      ->capture_default_str();
  command
      ->add_option(
          "--fail-on", arguments->fail_on,
          fmt::format("Only these changes give exit code 1: {}", fmt::join(scenario::difference_categories(), ", ")))
      ->delimiter(',')
      ->check(CLI::IsMember(scenario::difference_categories()));
  command->callback([arguments, &exit_code] { exit_code = diff(*arguments); });
  command->footer(
      "The control plane's own code makes the configuration of every proxy, and the simulated Envoy's reading of it\n"
      "is asked for every call. A Dataplane without outbounds is taken to call every service of its mesh, but for\n"
      "instances of a scenario, which says whom they call. `outside` calls every hostname of every listener of a\n"
      "builtin gateway.\n"
      "A call to another zone is NOT looked at: a note says so, and it counts as every change that the resources that\n"
      "differ may make to it. `unseen` is a proxy whose configuration differs where no call that is looked at does.\n"
      "Exit code: 0 nothing changes for any call; 1 something does; 2 bad input; 3 kumasim itself failed.\n"
      "Example: kumasim diff main/policies branch/policies --topology scenarios/quickstart.yaml --fail-on "
      "denied,plaintext");
}

}  // namespace kumasim::cli
