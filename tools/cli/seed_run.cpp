/// Runs that split.
#include "tools/cli/seed_run.hpp"

#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "kumasim/scenario/event.hpp"
#include "scenarios/explore/document_text.hpp"
#include "scenarios/explore/outcome.hpp"
#include "tools/cli/fork.hpp"
#include "tools/cli/source.hpp"
#include "tools/cli/trials.hpp"

namespace kumasim::cli {
namespace {

using Clock = std::chrono::steady_clock;

class SeedRun {
 public:
  SeedRun(const scenario::Source& source, const scenario::Profile& profile, std::uint64_t seed, const std::string& bug,
          unsigned branches, const Say& say)
      : source_(source),
        profile_(profile),
        seed_(seed),
        bug_(bug),
        branches_(branches),
        say_(say),
        trunk_(scenario::expand(source, profile, seed)) {}

  chaos::SeedResult go() {
    scenario::RunWatch watch;
    if (branches_ > 0) watch.branch = [this](const scenario::Event& event, Duration at) { return split(event, at); };
    auto done = simulate(scenario::document_text(trunk_.document), source_.scenario.file, seed_, bug_, watch);
    chaos::SeedResult out;
    if (!done) {
      out.failures.push_back(
          {.kind = "set-up", .what = "", .cause = "the drawn scenario does not load: " + done.error()});
    } else {
      out = scenario::outcome_of(taken_ ? *taken_ : done->scenario, done->run);
    }
    finish(out, taken_ ? branch_ : trunk_);
    out.branch = name_;
    out.branch_ns = at_.count();
    // This is the process of a branch: the run that it left waits for its answer.
    if (taken_) fork_.answer(to_line(out));
    return out;
  }

 private:
  void finish(chaos::SeedResult& out, const scenario::Expanded& of) const {
    out.seed = seed_;
    out.drawn = of.lines;
    out.prefer = profile_.prefer;
    std::set<std::string> kinds = fault_kinds_of(source_.scenario);
    kinds.insert(of.drawn.kinds.begin(), of.drawn.kinds.end());
    out.kinds.assign(kinds.begin(), kinds.end());
    out.wall_ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin_).count();
  }

  /// In a branch its scenario; null in the run that it leaves.
  const scenario::Scenario* split(const scenario::Event& event, Duration at) {
    for (std::uint64_t number = 1; number <= branches_; ++number) {
      auto more = scenario::branched(source_, profile_, trunk_, seed_, event.name, at, number);
      if (!more) continue;
      std::string name = fmt::format("{}/{}", event.name, number);
      auto loaded = scenario::load_scenario(scenario::document_text(more->document), source_.scenario.file);
      Fork fork;
      if (loaded && fork.split()) {
        fork_ = fork;
        name_ = std::move(name);
        at_ = at;
        branch_ = std::move(*more);
        taken_ = std::move(*loaded);
        return &*taken_;
      }
      chaos::SeedResult result = ended(loaded ? nullptr : &loaded.error(), fork, *more);
      result.branch = name;
      result.branch_ns = at.count();
      say_(to_line(result));
    }
    return nullptr;
  }

  chaos::SeedResult ended(const scenario::Diagnostics* refused, const Fork& fork,
                          const scenario::Expanded& more) const {
    if (refused == nullptr && fork.trouble().empty()) {
      auto answer = chaos::read_result(fork.output());
      if (answer) return std::move(*answer);
    }
    chaos::SeedResult out;
    if (refused != nullptr)
      out.failures.push_back(
          {.kind = "set-up", .what = "", .cause = "the branch does not load: " + refused->front().text()});
    else
      out.failures.push_back(crash_of({.output = {}, .trouble = fork.trouble()}));
    finish(out, more);
    return out;
  }

  const scenario::Source& source_;
  const scenario::Profile& profile_;
  std::uint64_t seed_;
  const std::string& bug_;
  unsigned branches_;
  const Say& say_;
  Clock::time_point begin_ = Clock::now();
  scenario::Expanded trunk_;
  // Of the process of a branch:
  Fork fork_;
  std::string name_;
  Duration at_{};
  scenario::Expanded branch_;
  std::optional<scenario::Scenario> taken_;
};

}  // namespace

std::set<std::string> fault_kinds_of(const scenario::Scenario& scenario) {
  std::set<std::string> out;
  for (const scenario::Fault& fault : scenario.faults) {
    if (fault.kind->heals.empty()) out.insert(std::string(fault.kind->name));
  }
  return out;
}

std::string run_seed(const scenario::Source& source, const scenario::Profile& profile, std::uint64_t seed,
                     const std::string& planted_bug, unsigned branches, const Say& say) {
  return to_line(SeedRun(source, profile, seed, planted_bug, branches, say).go());
}

chaos::SeedResult result_of(const Finished& finished, std::uint64_t seed) {
  std::vector<chaos::SeedResult> branches;
  std::optional<chaos::SeedResult> own;
  std::string_view rest = finished.output;
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    auto one = chaos::read_result(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    if (!one) continue;
    if (one->branch.empty())
      own = std::move(*one);
    else
      branches.push_back(std::move(*one));
  }
  if (!own || !finished.trouble.empty()) {
    own.emplace();
    own->seed = seed;
    own->failures.push_back(crash_of(finished));
  }
  own->branches = std::move(branches);
  return std::move(*own);
}

std::optional<scenario::Expanded> expand_branch(const scenario::Source& source, const scenario::Profile& profile,
                                                std::uint64_t seed, const std::string& branch, Duration at) {
  std::size_t slash = branch.find('/');
  std::uint64_t number = 0;
  if (slash == std::string::npos) return std::nullopt;
  auto [end, error] = std::from_chars(branch.data() + slash + 1, branch.data() + branch.size(), number);
  if (error != std::errc() || end != branch.data() + branch.size()) return std::nullopt;
  return scenario::branched(source, profile, scenario::expand(source, profile, seed), seed, branch.substr(0, slash), at,
                            number);
}

std::optional<Duration> time_of_branch(const scenario::Source& source, const scenario::Profile& profile,
                                       std::uint64_t seed, const std::string& planted_bug, const std::string& branch) {
  std::string event = branch.substr(0, branch.find('/'));
  std::optional<Duration> first;
  scenario::RunWatch watch;
  watch.branch = [&](const scenario::Event& seen, Duration at) -> const scenario::Scenario* {
    if (seen.name == event) first = at;
    return nullptr;
  };
  scenario::Expanded trunk = scenario::expand(source, profile, seed);
  if (!simulate(scenario::document_text(trunk.document), source.scenario.file, seed, planted_bug, watch))
    return std::nullopt;
  return first;
}

}  // namespace kumasim::cli
