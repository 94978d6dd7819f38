/// One run after the other; simulated runs are compared event by event where they differ.
#include "tools/cli/execute.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <cstdio>
#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

#include "kumasim/scenario/runner.hpp"
#include "kumasim/scenario/worlds.hpp"
#include "kumasim/sim/world.hpp"
#include "tools/cli/commit.hpp"

namespace kumasim::cli {
namespace {

using scenario::Scenario;
using scenario::WorldRun;
namespace fs = std::filesystem;

/// A line on the terminal that is written over; silent where standard error is a file.
class ProgressLine {
 public:
  explicit ProgressLine(std::string what) : what_(std::move(what)), on_(isatty(STDERR_FILENO) == 1) {}
  ~ProgressLine() {
    if (on_) std::fputs("\r\x1b[K", stderr);
  }
  void show(Duration done, Duration all) {
    auto now = std::chrono::steady_clock::now();
    if (!on_ || now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    std::fputs(
        fmt::format("\r\x1b[K{} {:>3}% ({} of {})", what_, 100 * done.count() / std::max<std::int64_t>(all.count(), 1),
                    scenario::duration_text(done / 1'000'000'000 * 1'000'000'000), scenario::duration_text(all))
            .c_str(),
        stderr);
    std::fflush(stderr);
  }

 private:
  std::string what_;
  bool on_;
  std::chrono::steady_clock::time_point last_{};
};

std::function<void(std::string)> log_sink(const ExecuteOptions& options) {
  if (!options.logs) return {};
  return [](std::string line) { std::fputs((line + "\n").c_str(), stderr); };
}

WorldRun run_simulated(const Scenario& scenario, const ExecuteOptions& options, std::uint64_t seed,
                       const std::function<void(sim::World&)>& attach, const std::function<void(sim::World&)>& finish) {
  WorldRun run{.world = "sim", .seed = seed, .planted_bug = options.planted_bug};
  auto begin = std::chrono::steady_clock::now();
  sim::World* inside = nullptr;
  auto world = scenario::make_sim_world(scenario, {.seed = seed,
                                                   .planted_bug = options.planted_bug,
                                                   .attach =
                                                       [&](sim::World& made) {
                                                         inside = &made;
                                                         if (attach) attach(made);
                                                       },
                                                   .log = log_sink(options)});
  ProgressLine line(fmt::format("{} seed {}", scenario.name, seed));
  scenario::Plan plan = scenario::make_plan(scenario, seed);
  scenario::run_scenario(scenario, plan, *world, run, [&](Duration done, Duration all) { line.show(done, all); });
  if (finish && inside != nullptr) finish(*inside);
  run.wall = std::chrono::steady_clock::now() - begin;
  return run;
}

/// The folder of this binary: kuma-cp, kuma-dp and kumasim-echo are beside it.
fs::path programs() { return fs::read_symlink("/proc/self/exe").parent_path(); }

/// The build installs Envoy's wheel beside the folder of programs.
std::string find_envoy(const ExecuteOptions& options) {
  if (!options.envoy.empty()) return options.envoy;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(programs().parent_path() / "envoy" / "lib", ignored)) {
    fs::path candidate = entry.path() / "site-packages" / "envoy" / "_bin" / "envoy";
    if (fs::exists(candidate)) return candidate.string();
  }
  return "envoy";
}

WorldRun run_live(const Scenario& scenario, const ExecuteOptions& options, std::uint64_t seed) {
  WorldRun run{.world = "live", .seed = seed, .planted_bug = options.planted_bug};
  auto begin = std::chrono::steady_clock::now();
  auto world = scenario::make_live_world(scenario, {.seed = seed,
                                                    .planted_bug = options.planted_bug,
                                                    .programs = programs().string(),
                                                    .envoy = find_envoy(options)});
  ProgressLine line(fmt::format("{} live", scenario.name));
  scenario::Plan plan = scenario::make_plan(scenario, seed);
  scenario::run_scenario(scenario, plan, *world, run, [&](Duration done, Duration all) { line.show(done, all); });
  world.reset();
  run.wall = std::chrono::steady_clock::now() - begin;
  return run;
}

std::string difference(const Scenario& scenario, const ExecuteOptions& options, std::uint64_t seed) {
  sim::Replay again = replay_of(scenario, options, seed);
  auto found = sim::find_divergence(again, again);
  return fmt::format("seed {}: two runs differ; first differing event: {}", seed,
                     found ? sim::to_string(*found) : "none in two further runs");
}

/// Does a failed run once more and listens to the messages around its failure. False where it was another run.
bool record_messages(const Scenario& scenario, ExecuteOptions options, WorldRun& run) {
  options.logs = false;
  std::optional<Duration> failed = run.failed_at();
  if (!failed) return true;
  MonotonicTime up = MonotonicTime(run.setup);
  scenario::MessageRecorder recorder(up + *failed);
  WorldRun again = run_simulated(
      scenario, options, run.seed, [&](sim::World& world) { world.set_trace(&recorder); },
      [&](sim::World& world) {
        world.set_trace(nullptr);
        run.messages = recorder.messages([&](std::uint32_t process) { return world.process_name(process); }, up);
      });
  return again.fingerprint == run.fingerprint && again.events == run.events;
}

}  // namespace

sim::Replay replay_of(const Scenario& scenario, const ExecuteOptions& options, std::uint64_t seed) {
  return [&scenario, &options, seed](std::function<void(sim::World&)> attach, std::function<void(sim::World&)> finish) {
    run_simulated(scenario, options, seed, attach, finish);
  };
}

Executed execute(const Scenario& scenario, const ExecuteOptions& options) {
  Executed out;
  out.report.scenario = scenario.name;
  out.report.description = scenario.description;
  out.report.file = scenario.file;
  out.report.commit = commit();
  out.report.overrides = scenario.overrides;
  bool messages = options.messages;
  for (std::uint64_t seed : options.seeds) {
    if (options.world != "live") {
      WorldRun run = run_simulated(scenario, options, seed, {}, {});
      if (options.twice) {
        WorldRun second = run_simulated(scenario, options, seed, {}, {});
        if (second.fingerprint != run.fingerprint || second.events != run.events) {
          out.differences.push_back(difference(scenario, options, seed));
        }
      }
      if (messages && !run.passed()) {
        if (!record_messages(scenario, options, run)) out.differences.push_back(difference(scenario, options, seed));
        messages = !run.messages;
      }
      out.report.runs.push_back(std::move(run));
    }
    if (options.world != "sim") {
      out.report.runs.push_back(run_live(scenario, options, seed));
      bool interrupted = std::ranges::any_of(out.report.runs.back().problems, [](const scenario::Problem& problem) {
        return problem.kind == scenario::Problem::Kind::interrupted;
      });
      if (interrupted) break;
    }
  }
  return out;
}

}  // namespace kumasim::cli
