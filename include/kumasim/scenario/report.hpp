/// What `kumasim run` says: verdicts, flows, timeline, and how to see it again.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "kumasim/scenario/course.hpp"
#include "kumasim/scenario/messages.hpp"
#include "kumasim/scenario/observation.hpp"
#include "kumasim/scenario/plan.hpp"
#include "kumasim/scenario/problem.hpp"
#include "kumasim/scenario/scenario.hpp"
#include "kumasim/scenario/verdict.hpp"

namespace kumasim::scenario {

/// One pair of services: all calls of one to the other.
struct Flow {
  std::string from, to;
  std::size_t calls = 0, ok = 0, denied = 0, failed = 0, plaintext = 0, encrypted = 0;
  std::map<std::string, std::size_t> split = {};  // version (or instance) that answered -> calls
  Duration p50{}, p99{};                          // `never` where an unanswered call stands there
};

/// One scenario in one world with one seed.
struct WorldRun {
  std::string world;  // "sim" or "live"
  std::uint64_t seed = 0;
  std::string planted_bug;
  std::vector<Verdict> verdicts = {};
  std::vector<Flow> flows = {};
  std::vector<TimelineEntry> timeline = {};
  Course course = {};
  std::optional<Messages> messages = {};  // around the failure, where somebody asked for them
  std::vector<std::string> plan = {};
  std::vector<Problem> problems = {};
  std::vector<Refusal> refusals = {};  // updates that proxies refused, in the order in which they were seen
  std::map<std::string, std::string> uninterpreted = {};  // fields that the simulated Envoy passed over -> where
  Duration setup{};                                       // until the mesh was up
  Duration simulated{};                                   // length of the run with set-up, in the world's time
  Duration wall{};                                        // on the clock of the machine
  std::uint64_t events = 0;                               // 0 in the live world
  std::uint64_t fingerprint = 0;

  bool passed() const;
  /// When the first expectation broke or the first problem came up, from the moment when the mesh was up; the end of
  /// the run where none of them has a time. Nothing where it passed or the mesh did not come up.
  std::optional<Duration> failed_at() const;
};

struct Report {
  std::string scenario;
  std::string description;
  std::string file;
  std::string commit;
  std::vector<std::string> overrides;
  std::vector<WorldRun> runs;

  bool passed() const;
};

/// What `kumasim` exits with.
enum class ExitCode : int { passed = 0, broken = 1, bad_input = 2, internal_failure = 3 };

/// By the worst of its runs: what kumasim failed at, then what could not be run, then what did not hold.
ExitCode exit_code_of(const Report& report);

/// "38.98ms", or "none" for a call that was not answered.
std::string latency_text(Duration latency);

std::vector<Flow> flows_of(const Scenario& scenario, const Observations& seen);

/// Names a run within a report: "sim-7".
std::string run_id(const WorldRun& run);

/// The command that does this run again and compares its fingerprint.
std::string replay_command(const Report& report, const WorldRun& run);

struct TextOptions {
  bool colour = false;
};
std::string report_text(const Report& report, TextOptions options = {});
nlohmann::json report_json(const Report& report);
/// Reads what report_json wrote; only what a picture and a replay need is restored.
Result<Report> report_from_json(const nlohmann::json& json);
std::string report_yaml(const Report& report);
std::string report_junit(const Report& report);
/// The runs that a report shows in full, by their places, where it has many: those that failed, then the others.
std::vector<std::size_t> runs_shown(const Report& report);
inline constexpr std::size_t runs_shown_max = 4;

/// One self-contained file that reads without JavaScript and replays the run with it; `pictures` are SVG texts of
/// draw_graph, one a run; empty or missing where a run has none. report_json is a part of it.
std::string report_html(const Report& report, const std::vector<std::string>& pictures);

}  // namespace kumasim::scenario
