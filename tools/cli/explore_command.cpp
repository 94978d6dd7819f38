/// `kumasim explore`: many seeds, each with faults of its own, in worker processes.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <set>
#include <thread>
#include <tuple>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "kumasim/chaos/steer.hpp"
#include "kumasim/chaos/summary.hpp"
#include "kumasim/sim/hash.hpp"
#include "scenarios/explore/outcome.hpp"
#include "tools/cli/arguments.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/commit.hpp"
#include "tools/cli/exploration_folder.hpp"
#include "tools/cli/explored_run.hpp"
#include "tools/cli/progress_bar.hpp"
#include "tools/cli/seed_run.hpp"
#include "tools/cli/source.hpp"
#include "tools/cli/trials.hpp"

namespace kumasim::cli {
namespace {

struct ExploreArguments {
  std::string file;
  std::string seeds = "1..100";
  std::string profile = "swarm";
  std::string shard = "1/1";
  std::string out;
  std::string resume;
  std::string output = "text";
  std::string bug;
  std::vector<std::string> merge;
  std::uint64_t expand = 0;
  std::string branch;  // of the seed to expand
  std::vector<std::string> prefer;
  bool steer = false;
  unsigned branches = 0;
  unsigned jobs = 0;
  long cpu_max = 600;
};

/// "2/5": the second of five; the first is 1.
std::optional<std::pair<std::size_t, std::size_t>> parse_shard(const std::string& text) {
  std::size_t number = 0, count = 0;
  std::size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  std::string_view view = text;
  if (!read_whole(view.substr(0, slash), number) || !read_whole(view.substr(slash + 1), count)) return std::nullopt;
  if (number < 1 || number > count) return std::nullopt;
  return std::pair(number, count);
}

std::string check_shard(const std::string& text) {
  return parse_shard(text) ? "" : "expected NUMBER/COUNT such as 1/4, found `" + text + "`";
}

/// Seeds begin at 1: --expand 0 is no seed.
std::string check_seeds_from_one(const std::string& text) {
  std::string wrong = check_seeds(text);
  if (wrong.empty() && parse_seeds(text)->front() == 0) wrong = "seeds begin at 1, found `" + text + "`";
  return wrong;
}

/// Notes the seeds in the exploration.
std::vector<std::uint64_t> plan_seeds(const ExploreArguments& arguments, chaos::Exploration& exploration) {
  std::vector<std::uint64_t> out = *parse_seeds(arguments.seeds);
  exploration.first = out.front();
  exploration.last = out.back();
  std::tie(exploration.shard, exploration.shards) = *parse_shard(arguments.shard);
  std::erase_if(out, [&](std::uint64_t seed) { return !planned(exploration, seed); });
  return out;
}

/// Kinds that seeds may draw.
std::vector<std::string> drawn_kinds(const scenario::Scenario& scenario, const scenario::Profile& profile) {
  if (!profile.faults) return {};
  chaos::SwarmOptions options = scenario::options_of(scenario, profile);
  std::vector<std::string> out = std::move(options.from);
  if (options.recoverable)
    std::erase_if(out, [](const std::string& name) { return !chaos::find_fault_kind(name)->recoverable; });
  return out;
}

chaos::Exploration exploration_of(const scenario::Source& source, const scenario::Profile& profile,
                                  const ExploreArguments& arguments) {
  const scenario::Scenario& scenario = source.scenario;
  chaos::Exploration out{.scenario = scenario.name,
                         .file = scenario.file,
                         .digest = fmt::format("{:016x}", sim::hash_text(source.document.dump())),
                         .profile = profile.name,
                         .planted_bug = arguments.bug,
                         .commit = std::string(commit()),
                         .kinds = {},
                         .probes = scenario::run_probes(),
                         .wanted = {},
                         .usual = {},
                         .branches = arguments.branches,
                         .steered = arguments.steer};
  std::set<std::string> own = fault_kinds_of(scenario);
  std::vector<std::string> drawn = drawn_kinds(scenario, profile);
  for (const fault::Kind& kind : fault::kinds()) {
    std::string name(kind.name);
    bool has = own.contains(name) || std::ranges::find(drawn, name) != drawn.end();
    if (has) out.kinds.push_back(std::move(name));
  }
  for (const scenario::Expectation& expectation : scenario.expectations) {
    using Mode = scenario::Expectation::Mode;
    if (expectation.mode == Mode::sometimes) out.wanted.push_back(expectation.title());
    if (expectation.mode == Mode::usually)
      out.usual.push_back({expectation.title(), expectation.share, expectation.confidence});
  }
  for (const chaos::Usual& usual : out.usual) out.probes.insert(out.probes.begin(), usual.title);
  out.probes.insert(out.probes.begin(), out.wanted.begin(), out.wanted.end());
  return out;
}

int say(const chaos::ResultsFile& results, const std::string& folder, const std::string& format) {
  chaos::Summary summary = chaos::summarise(results);
  chaos::ReplayCommands commands = commands_for(results, folder);
  std::cout << (format == "json" ? chaos::summary_json(summary, commands).dump(2) + "\n"
                                 : chaos::summary_text(summary, commands))
            << std::flush;
  return summary.held() ? passed : broken;
}

int bad(const std::string& message) {
  std::cerr << "kumasim: " << message << "\n";
  return bad_input;
}

int merge(const ExploreArguments& arguments) {
  std::vector<chaos::ResultsFile> shards;
  for (const std::string& folder : arguments.merge) {
    auto read = ExplorationFolder::read(folder);
    if (!read) return bad(read.error().message);
    shards.push_back(std::move(*read));
  }
  auto merged = chaos::merge(shards);
  if (!merged) return bad(merged.error().message);
  return say(*merged, "", arguments.output);
}

/// Seeds of which none knows what came of another, where they are steered by what came of those before.
constexpr std::size_t batch_seeds = 16;

struct Progress {
  ProgressBar bar;
  std::size_t all = 0, done = 0, failed = 0;
};

/// Each seed once; `keep` is given each result as it comes and says whether to go on.
bool run_seeds(const scenario::Source& source, const scenario::Profile& profile, const ExploreArguments& arguments,
               const std::vector<std::uint64_t>& seeds, Progress& progress,
               const std::function<bool(const chaos::SeedResult&)>& keep) {
  WorkerPool pool(arguments.jobs > 0 ? arguments.jobs : std::max(std::thread::hardware_concurrency(), 1U),
                  std::chrono::seconds(arguments.cpu_max));
  std::size_t next = 0;
  while (true) {
    while (next < seeds.size() && !pool.full()) {
      std::size_t task = next++;
      pool.start(task, [&, task](const Say& say) {
        return run_seed(source, profile, seeds[task], arguments.bug, arguments.branches, say);
      });
    }
    std::optional<Finished> finished = pool.wait();
    if (!finished) return true;
    chaos::SeedResult result = result_of(*finished, seeds[finished->task]);
    result.prefer = profile.prefer;
    ++progress.done;
    progress.failed += result.passed() ? 0 : 1;
    if (!keep(result)) return false;
    progress.bar.show(progress.done, progress.all, fmt::format("{} failed", progress.failed));
  }
}

/// The profile of the seeds that follow these: steered, they prefer what was seen least.
scenario::Profile profile_after(const scenario::Profile& profile, const scenario::Scenario& scenario,
                                const std::vector<std::uint64_t>& before, const chaos::ResultsFile& results) {
  scenario::Profile out = profile;
  std::vector<chaos::SeedResult> seen;
  for (std::uint64_t seed : before) seen.push_back(results.results.at(seed));
  if (!seen.empty()) out.prefer = chaos::seen_least(drawn_kinds(scenario, profile), seen);
  return out;
}

/// Those of the seeds that `results` lacks.
bool run_all(const scenario::Source& source, const scenario::Profile& profile, const ExploreArguments& arguments,
             const std::vector<std::uint64_t>& seeds, chaos::ResultsFile& results,
             const std::function<bool(const chaos::SeedResult&)>& keep) {
  auto known = [&](std::uint64_t seed) { return results.results.contains(seed); };
  Progress progress{.bar = ProgressBar(fmt::format("exploring {}", source.scenario.name))};
  progress.all = seeds.size() - static_cast<std::size_t>(std::ranges::count_if(seeds, known));
  std::size_t step = arguments.steer ? batch_seeds : std::max<std::size_t>(seeds.size(), 1);
  for (std::size_t i = 0; i < seeds.size(); i += step) {
    auto begin = seeds.begin() + static_cast<std::ptrdiff_t>(i);
    std::vector<std::uint64_t> before(seeds.begin(), begin);
    std::vector<std::uint64_t> batch(begin, begin + static_cast<std::ptrdiff_t>(std::min(step, seeds.size() - i)));
    std::erase_if(batch, known);
    scenario::Profile steered = arguments.steer ? profile_after(profile, source.scenario, before, results) : profile;
    if (!run_seeds(source, steered, arguments, batch, progress, keep)) return false;
  }
  return true;
}

/// Prints what one seed makes of the scenario.
int print_expanded(const scenario::Source& source, const scenario::Profile& profile,
                   const ExploreArguments& arguments) {
  ExploredRun run{.seed = arguments.expand, .branch = arguments.branch};
  auto none = fmt::format("seed {} has no branch {}", run.seed, run.branch);
  if (!run.branch.empty()) {
    auto at = time_of_branch(source, profile, run.seed, arguments.bug, run.branch);
    if (!at) return bad(none);
    run.at = *at;
  }
  auto text = expanded_text(source, profile, arguments.bug, run);
  if (!text) return bad(none);
  std::cout << *text << std::flush;
  return passed;
}

int explore(const ExploreArguments& arguments) {
  if (!arguments.merge.empty()) return merge(arguments);
  if (arguments.file.empty()) return bad("explore needs a scenario file, or --merge DIR...");
  auto source = load_source_or_complain(arguments.file);
  if (!source) return bad_input;
  scenario::Profile profile = *scenario::find_profile(arguments.profile);
  profile.prefer = arguments.prefer;
  if (arguments.expand > 0) return print_expanded(*source, profile, arguments);
  if ((arguments.branches > 0 || arguments.steer) && !profile.faults)
    return bad(fmt::format("{} needs a profile that draws faults; {} draws none",
                           arguments.steer ? "--steer" : "--branches", profile.name));
  chaos::Exploration exploration = exploration_of(*source, profile, arguments);
  std::vector<std::uint64_t> seeds = plan_seeds(arguments, exploration);
  chaos::ResultsFile results{.exploration = exploration, .results = {}, .whole = 0};
  std::optional<ExplorationFolder> folder;
  std::string path = arguments.resume.empty() ? arguments.out : arguments.resume;
  if (!path.empty()) {
    auto opened = arguments.resume.empty() ? ExplorationFolder::create(path, exploration)
                                           : ExplorationFolder::resume(path, exploration);
    if (!opened) return bad(opened.error().message);
    folder = std::move(*opened);
    results.results = folder->results().results;
  }
  bool kept = run_all(*source, profile, arguments, seeds, results, [&](const chaos::SeedResult& result) {
    results.results.insert_or_assign(result.seed, result);
    return !folder || folder->add(result);
  });
  for (const chaos::FailureGroup& group : chaos::summarise(results).groups) {
    if (!folder || !kept) break;
    profile.prefer = results.results.at(group.least_seed).prefer;
    auto text =
        expanded_text(*source, profile, arguments.bug, {group.least_seed, group.branch, Duration(group.branch_ns)});
    kept = text && folder->write(file_of(group), *text);
  }
  if (!kept) return bad(path + " cannot be written");
  return say(results, path, arguments.output);
}

std::string profile_help() {
  std::string out = "How much a seed draws:";
  for (const scenario::Profile& profile : scenario::profiles())
    out += fmt::format(" {}: {};", profile.name, profile.text);
  out.back() = '.';
  return out;
}

std::vector<std::string> profile_names() {
  std::vector<std::string> out;
  for (const scenario::Profile& profile : scenario::profiles()) out.push_back(profile.name);
  return out;
}

}  // namespace

void add_explore(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("explore", "Run many seeds, each with faults of its own, and group what breaks");
  auto arguments = std::make_shared<ExploreArguments>();
  auto* file = command->add_option("FILE", arguments->file, "Scenario file");
  auto* seeds = command->add_option("--seeds", arguments->seeds, "Range of seeds, from 1 on")
                    ->check(check_seeds_from_one)
                    ->capture_default_str();
  command->add_option("--profile", arguments->profile, profile_help())
      ->check(CLI::IsMember(profile_names()))
      ->capture_default_str();
  command->add_option("--jobs", arguments->jobs, "Runs at a time; default: one for each processor")
      ->check(CLI::Range(1U, 1024U));
  auto* shard = command->add_option("--shard", arguments->shard, "Only every COUNTth seed: NUMBER/COUNT, such as 2/5")
                    ->check(check_shard)
                    ->capture_default_str();
  auto* out = command->add_option("--out", arguments->out,
                                  "Folder for results.jsonl, one line a seed, and scenarios of seeds that fail");
  auto* resume =
      command->add_option("--resume", arguments->resume, "Such a folder: what has been run there is not run again")
          ->excludes(out);
  command->add_option("--merge", arguments->merge, "Run nothing: put the results of these folders together")
      ->excludes(out)
      ->excludes(file)
      ->excludes(seeds)
      ->excludes(shard)
      ->excludes(resume);
  auto* expand =
      command->add_option("--expand", arguments->expand, "Run nothing: print the scenario that this seed makes")
          ->check(check_count);
  command->add_option("--prefer", arguments->prefer, "Of --expand: the kinds of faults that this seed preferred")
      ->needs(expand)
      ->delimiter(',')
      ->check([](const std::string& name) {
        return chaos::find_fault_kind(name) != nullptr ? std::string() : "no seed draws `" + name + "`";
      });
  command->add_flag("--steer", arguments->steer,
                    "Seeds prefer the kinds of faults that earlier ones of this shard have shown least of");
  command->add_option("--branch", arguments->branch, "Of --expand: a branch of that seed's run, such as call.failed/1")
      ->needs(expand);
  command
      ->add_option(
          "--branches", arguments->branches,
          "At the first event of each kind in a seed's run (kumasim faults lists them) so many more runs go on from "
          "there, each with one more fault")
      ->check(CLI::Range(0U, 16U))
      ->capture_default_str();
  command->add_option("--output", arguments->output, "Format of the summary")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command
      ->add_option("--planted-bug", arguments->bug,
                   "Plant a known bug in the control plane, or in simulated Envoys (envoy-...)")
      ->check(known_bug);
  command->add_option("--limit", arguments->cpu_max, "Seconds of processor time that a run may take")
      ->check(CLI::Range(1L, 86'400L))
      ->capture_default_str();
  command->callback([arguments, &exit_code] { exit_code = explore(*arguments); });
  command->footer(
      "Exit code: 0 all runs passed, every `sometimes` held in one of them and every `usually` is shown; 1 otherwise,\n"
      "and where --merge lacks seeds; 2 bad input; 3 a run's process was ended from outside.\n"
      "Example: kumasim explore scenarios/quickstart.yaml --seeds 1..1000 --profile swarm --out found");
}

}  // namespace kumasim::cli
