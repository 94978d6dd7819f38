/// Runs of a test: by seeds, twice, with ever lesser faults, and once more to tell of it.
#include "kumasim/testing/simulate.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "kumasim/sim/divergence.hpp"

namespace kumasim::testing {
namespace {

constexpr std::size_t failures_told_most = 5;
constexpr std::size_t log_lines_told_most = 20;

struct Failure {
  std::string file;
  int line = 0;
  std::string message;
};

struct Outcome {
  std::vector<Failure> failures;
  std::uint64_t events = 0, fingerprint = 0;
  MonotonicTime ended{};
};

using Look = std::function<void(sim::World&)>;

/// One run, of which GoogleTest hears nothing. `before` and `after` look at its world.
Outcome run(std::uint64_t seed, const Case& drawn, const Body& body, const Look& before = {}, const Look& after = {}) {
  ::testing::TestPartResultArray parts;
  Outcome out;
  {
    using Quiet = ::testing::ScopedFakeTestPartResultReporter;
    Quiet quiet(Quiet::INTERCEPT_ONLY_CURRENT_THREAD, &parts);
    Simulation sim(seed, drawn.topology, drawn.faults);
    if (before) before(sim.world());
    try {
      body(sim);
    } catch (const std::exception& error) {
      ADD_FAILURE() << "an exception escaped the test's body: " << error.what();
    }
    if (after) after(sim.world());
    out.events = sim.world().events();
    out.fingerprint = sim.world().fingerprint();
    out.ended = sim.world().now();
  }
  for (int i = 0; i < parts.size(); ++i) {
    const auto& part = parts.GetTestPartResult(i);
    if (!part.failed()) continue;
    const char* file = part.file_name();
    out.failures.push_back({file == nullptr ? "" : file, part.line_number(), part.message()});
  }
  return out;
}

struct Least {
  Case drawn;
  int runs = 0;
  bool whole = true;  ///< the search came to its end
};

/// The first shrink that still fails, and on from there.
Least least(rc::Shrinkable<Case> failing, std::uint64_t seed, const Body& body, int runs_most) {
  int runs = 0;
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (auto shrinks = failing.shrinks(); auto next = shrinks.next();) {
      if (runs == runs_most) return {failing.value(), runs, false};
      ++runs;
      if (run(seed, next->value(), body).failures.empty()) continue;
      failing = *next;
      smaller = true;
      break;
    }
  }
  return {failing.value(), runs, true};
}

std::string indented(std::string_view lines) {
  std::string out;
  for (std::size_t begin = 0; begin < lines.size();) {
    auto end = std::min(lines.find('\n', begin), lines.size());
    out += "\n  " + std::string(lines.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

/// As a shell takes it for one word.
std::string word(const std::string& text) {
  if (text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_+-") == text.npos)
    return text;
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// The command that runs the seed of the test that runs now.
std::string command(std::uint64_t seed) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  auto filter = fmt::format("--gtest_filter={}.{}", test->test_suite_name(), test->name());
  return fmt::format("KUMASIM_SEED={} {} {}", seed, word(program_invocation_name), filter);
}

std::string log_line(const sim::LogLine& line) {
  auto text = fmt::format("{:.6f}s {} {} {}: {}", std::chrono::duration<double>(line.time.time_since_epoch()).count(),
                          line.process, to_string(line.record.level), line.record.component, line.record.message);
  for (const LogField& field : line.record.fields) text += fmt::format(" {}={}", field.key, field.value);
  return text;
}

/// What was drawn: its faults, and its topology where there is one.
std::string text_of(const Case& drawn, const Least& found, std::size_t faults_drawn) {
  auto count = drawn.faults.size();
  auto out = count == 0   ? std::string(" without faults")
             : count == 1 ? std::string(" under this fault")
                          : fmt::format(" under these {} faults", count);
  if (faults_drawn > 0)
    out += fmt::format(", the least of {} drawn ({} more runs{})", faults_drawn, found.runs,
                       found.whole ? "" : ", after which the search was given up");
  if (count > 0) out += ":" + indented(to_string(drawn.faults));
  if (!drawn.topology.processes.empty()) out += "\nbetween" + indented(to_string(drawn.topology));
  return out;
}

void tell(const rc::Shrinkable<Case>& failing, std::uint64_t seed, const Body& body, const SimulateOptions& options,
          const std::source_location& where) {
  Least found = least(failing, seed, body, options.shrink_runs_most);
  std::deque<std::string> logged;
  Outcome outcome = run(seed, found.drawn, body, [&](sim::World& world) {
    world.set_log([&](const sim::LogLine& line) {
      if (logged.size() == log_lines_told_most) logged.pop_front();
      logged.push_back(log_line(line));
    });
  });
  auto shown = std::min(outcome.failures.size(), failures_told_most);
  for (const Failure& failure : std::span(outcome.failures).first(shown))
    ADD_FAILURE_AT(failure.file.empty() ? nullptr : failure.file.c_str(), failure.line) << failure.message;
  std::string text = fmt::format("seed {} fails", seed) + text_of(found.drawn, found, failing.value().faults.size());
  if (shown < outcome.failures.size()) text += fmt::format("\n{} failures more", outcome.failures.size() - shown);
  if (outcome.failures.empty()) text += "\nbut not when it is done once more: its body depends on more than the seed";
  if (!logged.empty()) text += "\nlogged last" + indented(fmt::format("{}", fmt::join(logged, "\n")));
  auto seconds = std::chrono::duration<double>(outcome.ended.time_since_epoch()).count();
  ADD_FAILURE_AT(where.file_name(), int(where.line()))
      << text
      << fmt::format("\nseed={} events={} fingerprint={:016x} ended={:.3f}s", seed, outcome.events, outcome.fingerprint,
                     seconds)
      << "\nreplay: " << command(seed);
}

void tell_divergence(const Case& drawn, std::uint64_t seed, const Body& body, const std::source_location& where) {
  auto replay = [&](std::function<void(sim::World&)> attach, std::function<void(sim::World&)> finish) {
    run(seed, drawn, body, attach, finish);
  };
  auto found = sim::find_divergence(replay, replay);
  ADD_FAILURE_AT(where.file_name(), int(where.line()))
      << "seed " << seed << " did not do the same when it was run again: the code asks something else than its Runtime "
      << "(a clock, chance, an address, what an earlier run left)\n"
      << (found ? sim::to_string(*found) : "two further runs were the same") << "\nreplay: " << command(seed);
}

}  // namespace

void simulate(const rc::Gen<Case>& cases, const Body& body, const SimulateOptions& options,
              std::source_location where) {
  auto seeds = asked_seeds(options.seeds);
  if (!seeds) {
    ADD_FAILURE_AT(where.file_name(), int(where.line())) << seeds.error().message;
    return;
  }
  for (auto seed = seeds->first;; ++seed) {
    rc::Shrinkable<Case> drawn = cases(rc::Random(seed));
    Outcome outcome = run(seed, drawn.value(), body);
    bool again = seed - seeds->first < std::uint64_t(options.twice);
    if (again && run(seed, drawn.value(), body).fingerprint != outcome.fingerprint)
      return tell_divergence(drawn.value(), seed, body, where);
    if (!outcome.failures.empty()) return tell(drawn, seed, body, options, where);
    if (seed == seeds->last) return;
  }
}

void simulate(const rc::Gen<FaultPlan>& plans, const Body& body, const SimulateOptions& options,
              std::source_location where) {
  auto to_case = [](FaultPlan plan) { return Case{.faults = std::move(plan)}; };
  simulate(rc::gen::map(plans, to_case), body, options, where);
}

void simulate(const Body& body, const SimulateOptions& options, std::source_location where) {
  simulate(rc::gen::just(Case{}), body, options, where);
}

}  // namespace kumasim::testing
