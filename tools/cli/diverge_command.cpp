/// `kumasim diverge`: the first event by which two runs differ: of one build, of two, or of now and then.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/cli/arguments.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/commit.hpp"
#include "tools/cli/execute.hpp"
#include "tools/cli/run_digests.hpp"
#include "tools/cli/run_name.hpp"

namespace kumasim::cli {
namespace {

namespace fs = std::filesystem;

struct DivergeArguments {
  RunName run;
  std::string with, save, against, events;
  std::string output = "text";
};

int bad(const std::string& message) {
  std::cerr << "kumasim: " << message << "\n";
  return bad_input;
}

std::string check_events(const std::string& text) {
  return parse_events(text) ? std::string() : "expected a range such as 8193..8256, found `" + text + "`";
}

std::string quoted(const std::string& word) {
  std::string out = "'";
  for (char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

/// What another kumasim prints; nothing where it fails, which it says itself on standard error.
std::optional<std::string> ask(const DivergeArguments& arguments, const std::string& more) {
  std::string command = fmt::format("{} diverge {} --seed {}", quoted(arguments.with), quoted(arguments.run.file),
                                    arguments.run.seed.value_or(1));
  if (!arguments.run.planted_bug.empty()) command += " --planted-bug " + quoted(arguments.run.planted_bug);
  std::FILE* pipe = popen((command + more).c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string out;
  char buffer[4096];
  while (std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, count);
  int status = pclose(pipe);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return out;
  return std::nullopt;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

/// Two runs, or one that was and one that is.
struct Comparison {
  std::string first, second;  // who they are
  std::uint64_t first_events = 0, second_events = 0;
  std::optional<EventRange> range;           // among which the first differing event is
  std::uint64_t event = 0;                   // its number; 0 where it is not known
  std::vector<std::string> from_first = {};  // the event, or all of the range; none where the run had ended
  std::vector<std::string> from_second = {};
  bool same_lines = false;  // both were printed and no line differs
};

/// Narrows the range down to the first line that differs.
void narrow(Comparison& found, const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    bool same = i < a.size() && i < b.size() && a[i] == b[i];
    if (same) continue;
    found.event = found.range->first + i;
    if (i < a.size()) found.from_first = {a[i]};
    if (i < b.size()) found.from_second = {b[i]};
    return;
  }
  found.same_lines = true;
}

int print(const Comparison& found, const std::string& format) {
  bool equal = !found.range;
  if (format == "json") {
    nlohmann::json out{{"equal", equal},
                       {"first", {{"run", found.first}, {"events", found.first_events}}},
                       {"second", {{"run", found.second}, {"events", found.second_events}}}};
    auto add = [](nlohmann::json& to, const std::vector<std::string>& lines) {
      for (const std::string& line : lines) to["differing"].push_back(nlohmann::json::parse(line));
    };
    if (!equal) out["among"] = {found.range->first, found.range->last};
    if (found.event > 0) out["event"] = found.event;
    add(out["first"], found.from_first);
    add(out["second"], found.from_second);
    std::cout << out.dump(2) << "\n";
    return equal ? passed : broken;
  }
  if (equal) {
    std::cout << fmt::format("equal: {} events of {} and of {}\n", found.first_events, found.first, found.second);
    return passed;
  }
  std::cout << (found.event > 0
                    ? fmt::format("first differing event: {}\n", found.event)
                    : fmt::format("first differing event: one of {}..{}\n", found.range->first, found.range->last));
  if (found.same_lines) {
    std::cout << fmt::format("{} and {} print the same events there: only their digests differ\n", found.first,
                             found.second);
    return broken;
  }
  auto say = [](const std::string& who, const std::vector<std::string>& lines, bool known) {
    std::cout << who << ":\n";
    for (const std::string& line : lines) std::cout << "  " << line << "\n";
    if (lines.empty()) std::cout << (known ? "  nothing: the run had ended\n" : "  only its digests are known\n");
  };
  say(found.first, found.from_first, found.event > 0);
  say(found.second, found.from_second, true);
  return broken;
}

RunDigests measure(const DivergeArguments& arguments, const scenario::Scenario& scenario, const sim::Replay& replay) {
  RunDigests out = digests_of(replay);
  out.scenario = scenario.name;
  out.commit = commit();
  out.planted_bug = arguments.run.planted_bug;
  out.seed = arguments.run.seed.value_or(1);
  return out;
}

int save(const DivergeArguments& arguments, const RunDigests& digests) {
  std::ofstream out(arguments.save, std::ios::binary);
  out << digests.text() << std::flush;
  if (!out) return bad("cannot write " + arguments.save);
  std::cerr << fmt::format("saved: digests of {} events in {}\n", digests.events, arguments.save);
  return passed;
}

int compare_with_file(const DivergeArguments& arguments, const RunDigests& now, const sim::Replay& replay) {
  std::ifstream in(arguments.against, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  if (!in && text.empty()) return bad(arguments.against + ": cannot be read");
  auto then = RunDigests::parse(text);
  if (!then) return bad(arguments.against + ": " + then.error().message);
  if (then->scenario != now.scenario || then->seed != now.seed || then->planted_bug != now.planted_bug)
    return bad(fmt::format("{}: is of {} seed {}{}", arguments.against, then->scenario, then->seed,
                           then->planted_bug.empty() ? "" : " with " + then->planted_bug));
  Comparison found{.first = fmt::format("{} (commit {})", arguments.against, then->commit),
                   .second = "this build (commit " + now.commit + ")",
                   .first_events = then->events,
                   .second_events = now.events,
                   .range = first_differing(*then, now)};
  if (found.range) found.from_second = event_lines(replay, *found.range);
  return print(found, arguments.output);
}

int compare_with_build(const DivergeArguments& arguments, const RunDigests& now, const sim::Replay& replay) {
  fs::path file = fs::temp_directory_path() / fmt::format("kumasim-diverge-{}.json", getpid());
  auto made = ask(arguments, " --save " + quoted(file.string()));
  std::ifstream in(file, std::ios::binary);
  auto theirs = RunDigests::parse(std::string((std::istreambuf_iterator<char>(in)), {}));
  std::error_code ignored;
  fs::remove(file, ignored);
  if (!made || !theirs) return bad(arguments.with + " did not do the run");
  Comparison found{.first = "this build (commit " + now.commit + ")",
                   .second = fmt::format("{} (commit {})", arguments.with, theirs->commit),
                   .first_events = now.events,
                   .second_events = theirs->events,
                   .range = first_differing(now, *theirs)};
  if (!found.range) return print(found, arguments.output);
  auto lines = ask(arguments, fmt::format(" --events {}..{}", found.range->first, found.range->last));
  if (!lines) return bad(arguments.with + " did not do the run again");
  narrow(found, event_lines(replay, *found.range), lines_of(*lines));
  return print(found, arguments.output);
}

/// Of one build, against itself.
int compare_twice(const DivergeArguments& arguments, const RunDigests& now, const sim::Replay& replay) {
  RunDigests again = digests_of(replay);
  Comparison found{.first = "one run",
                   .second = "another",
                   .first_events = now.events,
                   .second_events = again.events,
                   .range = first_differing(now, again)};
  if (found.range) narrow(found, event_lines(replay, *found.range), event_lines(replay, *found.range));
  return print(found, arguments.output);
}

int measured(const DivergeArguments& arguments, const RunDigests& digests, const sim::Replay& replay) {
  if (!arguments.save.empty()) return save(arguments, digests);
  if (!arguments.against.empty()) return compare_with_file(arguments, digests, replay);
  if (!arguments.with.empty()) return compare_with_build(arguments, digests, replay);
  return compare_twice(arguments, digests, replay);
}

int diverge(DivergeArguments arguments) {
  if (!resolve(arguments.run)) return bad_input;
  auto scenario = load_or_complain(arguments.run.file);
  if (!scenario) return bad_input;
  ExecuteOptions options;
  options.seeds = {arguments.run.seed.value_or(1)};
  options.planted_bug = arguments.run.planted_bug;
  sim::Replay replay = replay_of(*scenario, options, options.seeds.front());
  if (!arguments.events.empty()) {
    warn_of_commit(arguments.run);
    const std::vector<std::string> lines = event_lines(replay, *parse_events(arguments.events));
    for (const std::string& line : lines) std::cout << line << "\n";
    if (lines.empty()) std::cerr << fmt::format("the run has no events {}\n", arguments.events);
    return lines.empty() ? bad_input : passed;
  }
  RunDigests digests = measure(arguments, *scenario, replay);
  bool same = same_run(arguments.run, digests.fingerprint);
  int code = measured(arguments, digests, replay);
  return code == passed && !same ? bad_input : code;
}

}  // namespace

void add_diverge(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("diverge", "Name the first event by which two runs of a seed differ");
  auto arguments = std::make_shared<DivergeArguments>();
  command->add_option("FILE", arguments->run.file, "Scenario file, or the JSON report of a run")->required();
  command->add_option("--seed", arguments->run.seed, "Seed of the run; default: 1, or the report's first")
      ->check(check_whole);
  command->add_option("--planted-bug", arguments->run.planted_bug, "The bug to plant");
  auto* with = command->add_option("--with", arguments->with, "Another kumasim, such as the build of another commit");
  auto* save = command->add_option("--save", arguments->save, "Write digests of the run's events to this file");
  auto* against = command->add_option("--against", arguments->against, "Compare with what --save wrote");
  auto* events = command->add_option("--events", arguments->events, "Only print these events, such as 8193..8256")
                     ->check(check_events);
  with->excludes(save)->excludes(against)->excludes(events);
  save->excludes(against)->excludes(events);
  against->excludes(events);
  command->add_option("--output", arguments->output, "Format")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([arguments, &exit_code] { exit_code = diverge(*arguments); });
  command->footer(
      "Without --with or --against the run is done twice by this build. A file of digests has one for every 64 events, "
      "so\nthat --against names a few among which the first differing one is; --with names it, and what each run did "
      "there.\n"
      "Exit code: 0 equal, saved or printed; 1 they differ; 2 bad input, or equal and not the run of the report; 3 "
      "kumasim\nitself failed.\n"
      "Example: kumasim diverge scenarios/quickstart.yaml --seed 7 --with ../other/build/release/bin/kumasim");
}

}  // namespace kumasim::cli
