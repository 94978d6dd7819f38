/// Texts of scenarios and of commands.
#include "tools/cli/explored_run.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "scenarios/explore/document_text.hpp"
#include "tools/cli/seed_run.hpp"

namespace kumasim::cli {
namespace {

/// Options of `kumasim explore` that make this run's scenario, with a blank before each.
std::string expand_options(const std::string& profile, const std::vector<std::string>& prefer, std::uint64_t seed,
                           const std::string& branch, const std::string& bug) {
  std::string out = fmt::format(" --profile {} --expand {}", profile, seed);
  if (!prefer.empty()) out += " --prefer " + prefer_text(prefer);
  if (!branch.empty()) out += " --branch " + branch + bug;
  return out;
}

std::string bug_option(const std::string& name) { return name.empty() ? "" : " --planted-bug " + name; }

}  // namespace

std::string prefer_text(const std::vector<std::string>& kinds) { return fmt::format("{}", fmt::join(kinds, ",")); }

std::optional<std::string> expanded_text(const scenario::Source& source, const scenario::Profile& profile,
                                         const std::string& planted_bug, const ExploredRun& run) {
  std::optional<scenario::Expanded> expanded = run.branch.empty()
                                                   ? scenario::expand(source, profile, run.seed)
                                                   : expand_branch(source, profile, run.seed, run.branch, run.at);
  if (!expanded) return std::nullopt;
  std::string bug = bug_option(planted_bug);
  std::string text =
      fmt::format("Made by: kumasim explore {}{}\nRun it with: --seed {}{}\n", source.scenario.file,
                  expand_options(profile.name, profile.prefer, run.seed, run.branch, bug), run.seed, bug);
  for (const std::string& line : expanded->lines) text += line + "\n";
  return scenario::comment_text(text) + scenario::document_text(expanded->document);
}

std::string file_of(const chaos::FailureGroup& group) {
  std::string out = fmt::format("seed-{}", group.least_seed);
  if (!group.branch.empty()) out += "-" + group.branch;
  std::ranges::replace(out, '/', '-');
  return out + ".yaml";
}

chaos::ReplayCommands commands_for(const chaos::ResultsFile& results, std::string folder) {
  return [&results, folder = std::move(folder)](const chaos::FailureGroup& group) {
    const chaos::Exploration& what = results.exploration;
    std::string bug = bug_option(what.planted_bug);
    std::string seed = fmt::format("--seed {}{}", group.least_seed, bug);
    std::string file = file_of(group);
    std::vector<std::string> out;
    if (!folder.empty()) {
      file = folder + "/" + file;
      out.push_back(fmt::format("tools/kumasim run {} {}", file, seed));
      out.push_back(fmt::format("tools/kumasim shrink {} {}", file, seed));
    } else if (what.profile == "smoke") {
      out.push_back(
          fmt::format("tools/kumasim replay {} {} --fingerprint {:016x}", what.file, seed, group.fingerprint));
      out.push_back(fmt::format("tools/kumasim shrink {} {}", what.file, seed));
    } else {
      const std::vector<std::string>& prefer = results.results.at(group.least_seed).prefer;
      out.push_back(fmt::format("tools/kumasim explore {}{} > {}; tools/kumasim run {} {}", what.file,
                                expand_options(what.profile, prefer, group.least_seed, group.branch, bug), file, file,
                                seed));
      out.push_back(group.branch.empty() && prefer.empty()
                        ? fmt::format("tools/kumasim shrink {} --profile {} {}", what.file, what.profile, seed)
                        : fmt::format("tools/kumasim shrink {} {}", file, seed));
    }
    return out;
  };
}

}  // namespace kumasim::cli
