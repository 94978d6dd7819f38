/// `kumasim shrink`: the smallest scenario that still breaks as a seed breaks it.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "kumasim/chaos/signature.hpp"
#include "scenarios/explore/document_parts.hpp"
#include "scenarios/explore/document_text.hpp"
#include "scenarios/explore/narrow.hpp"
#include "scenarios/explore/shrink.hpp"
#include "tools/cli/arguments.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/commit.hpp"
#include "tools/cli/progress_bar.hpp"
#include "tools/cli/source.hpp"
#include "tools/cli/trials.hpp"

namespace kumasim::cli {
namespace {

using nlohmann::json;

constexpr double minutes_max = 525'600;  // a year
constexpr const char* not_narrowed =
    "with its ranges narrowed to what the seed drew it does not break in the same way, so they are kept";

constexpr std::size_t outcome_text_max = 120;  // characters in a comment; the certificate has all of it

struct ShrinkArguments {
  std::string file;
  std::uint64_t seed = 1;
  std::string profile = "smoke";
  std::string out;
  std::string certificate;
  std::string output = "text";
  std::string bug;
  unsigned jobs = 0;
  double minutes = 0;
};

int bad(const std::string& message) {
  std::cerr << "kumasim: " << message << "\n";
  return bad_input;
}

/// Every range replaced by what the seed drew. REQUIRES: a loader takes the document.
json narrow(const ShrinkArguments& arguments, const json& document) {
  auto loaded = scenario::load_scenario(scenario::document_text(document), arguments.file);
  return scenario::narrowed(document, *loaded, scenario::make_plan(*loaded, arguments.seed));
}

constexpr const char* narrowing_not_tried =
    "its ranges are kept: the time was over before they were narrowed to what the seed drew";

struct Outcome {
  chaos::Failure failure;  // that was kept
  std::string note;        // why its ranges are not narrowed to what the seed drew; "" where they are
  scenario::Shrunk shrunk;
  std::size_t parts_before = 0, runs = 0;
  bool stopped = false;

  bool minimal() const { return shrunk.minimal() && !stopped && note.empty(); }
};

/// How many of the parts, left out, came out in each way.
json counts_of(const scenario::Shrunk& shrunk) {
  json out{{"passes", 0}, {"breaksOtherwise", 0}, {"doesNotLoad", 0}, {"stillBreaks", 0}, {"notTried", 0}};
  for (const scenario::Necessity& one : shrunk.necessary) {
    const char* name = one.without.empty()                        ? "stillBreaks"
                       : one.without == "passes"                  ? "passes"
                       : one.without.starts_with("does not load") ? "doesNotLoad"
                       : one.without.starts_with("not tried")     ? "notTried"
                                                                  : "breaksOtherwise";
    out[name] = out[name].get<int>() + 1;
  }
  return out;
}

std::string counts_text(const scenario::Shrunk& shrunk) {
  json counts = counts_of(shrunk);
  return fmt::format(
      "without one of {} parts: {} pass, {} break otherwise, {} do not load, {} still break, {} not tried",
      shrunk.necessary.size(), counts["passes"].dump(), counts["breaksOtherwise"].dump(), counts["doesNotLoad"].dump(),
      counts["stillBreaks"].dump(), counts["notTried"].dump());
}

std::string header_of(const ShrinkArguments& arguments, const Outcome& outcome) {
  std::string bug = arguments.bug.empty() ? "" : " --planted-bug " + arguments.bug;
  std::string text = fmt::format("Made by: kumasim shrink {} --seed {}{} (commit {})\n", arguments.file, arguments.seed,
                                 bug, commit());
  text += fmt::format("With --seed {}{} it breaks:\n  {}\n", arguments.seed, bug, chaos::signature(outcome.failure));
  if (outcome.stopped) text += "The time was over before all had been tried: it may not be the smallest.\n";
  if (!outcome.note.empty()) text += fmt::format("Note: {}.\n", outcome.note);
  text +=
      outcome.minimal() ? "Each part is needed; without it:\n" : "Not each part is known to be needed; without it:\n";
  for (const scenario::Necessity& one : outcome.shrunk.necessary) {
    std::string without = one.without.empty() ? "still breaks" : one.without;
    if (without.size() > outcome_text_max) without = without.substr(0, outcome_text_max) + "...";
    if (one.large) text += fmt::format("  {}: {}\n", one.part, without);
  }
  return scenario::comment_text(text);
}

json certificate_of(const ShrinkArguments& arguments, const Outcome& outcome) {
  json out{
      {"file", arguments.file},
      {"seed", arguments.seed},
      {"commit", commit()},
      {"signature", chaos::signature(outcome.failure)},
      {"failure", {{"kind", outcome.failure.kind}, {"what", outcome.failure.what}, {"cause", outcome.failure.cause}}},
      {"rounds", outcome.shrunk.rounds},
      {"partsBefore", outcome.parts_before},
      {"partsAfter", scenario::large_parts(outcome.shrunk.document).size()},
      {"minimal", outcome.minimal()},
      {"outcomes", counts_of(outcome.shrunk)},
      {"necessary", json::array()},
      {"scenario", outcome.shrunk.document}};
  if (!arguments.bug.empty()) out["plantedBug"] = arguments.bug;
  if (!outcome.note.empty()) out["note"] = outcome.note;
  for (const scenario::Necessity& one : outcome.shrunk.necessary)
    out["necessary"].push_back({{"part", one.part}, {"without", one.without.empty() ? "still breaks" : one.without}});
  return out;
}

bool write(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text << std::flush;
  if (out) return true;
  std::cerr << "kumasim: cannot write " << file << "\n";
  return false;
}

int say(const ShrinkArguments& arguments, const Outcome& outcome) {
  json certificate = certificate_of(arguments, outcome);
  std::string text = header_of(arguments, outcome) + scenario::document_text(outcome.shrunk.document);
  std::string certificate_file = arguments.certificate;
  if (certificate_file.empty() && !arguments.out.empty()) certificate_file = arguments.out + ".json";
  if (!arguments.out.empty() && !write(arguments.out, text)) return bad_input;
  if (!certificate_file.empty() && !write(certificate_file, certificate.dump(2) + "\n")) return bad_input;
  if (arguments.output == "json") {
    std::cout << certificate.dump(2) << "\n";
  } else {
    if (arguments.out.empty()) std::cout << text << "\n";
    std::cout << fmt::format(
        "{} parts of {} are left after {} runs in {} rounds{}\n", certificate["partsAfter"].dump(),
        outcome.parts_before, outcome.runs, outcome.shrunk.rounds,
        certificate["minimal"] == true ? "; each of them is needed" : "; it may not be the smallest");
    std::cout << counts_text(outcome.shrunk) << "\n";
    if (!outcome.note.empty()) std::cout << "note: " << outcome.note << "\n";
    if (!arguments.out.empty()) {
      std::string bug = arguments.bug.empty() ? "" : " --planted-bug " + arguments.bug;
      std::cout << fmt::format("tools/kumasim run {} --seed {}{}\ncertificate: {}\n", arguments.out, arguments.seed,
                               bug, certificate_file);
    }
  }
  return passed;
}

TrialOptions options_of(const ShrinkArguments& arguments) {
  TrialOptions out{.file = arguments.file,
                   .seed = arguments.seed,
                   .planted_bug = arguments.bug,
                   .signature = {},
                   .jobs = arguments.jobs > 0 ? arguments.jobs : std::max(std::thread::hardware_concurrency(), 1U),
                   .until = {}};
  if (arguments.minutes > 0) {
    auto length = std::chrono::duration<double, std::ratio<60>>(arguments.minutes);
    out.until = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::milliseconds>(length);
  }
  return out;
}

/// Where the start passes without the bug, or without its faults, all that it is shrunk to must do so.
void find_controls(const json& document, TrialOptions& options) {
  auto passes = [&](const json& one, const std::string& bug) {
    TrialOptions control = options;
    control.planted_bug = bug;
    auto failure = first_failure(scenario::document_text(one), control);
    return failure && !*failure;
  };
  options.without_bug = !options.planted_bug.empty() && passes(document, "");
  options.without_faults = document["spec"].contains("faults") && passes(faultless(document), options.planted_bug);
}

int shrink(const ShrinkArguments& arguments) {
  auto source = load_source_or_complain(arguments.file);
  if (!source) return bad_input;
  json document = scenario::expand(*source, *scenario::find_profile(arguments.profile), arguments.seed).document;
  TrialOptions options = options_of(arguments);
  auto failure = first_failure(scenario::document_text(document), options);
  if (!failure) return bad(failure.error());
  if (!*failure) return bad(fmt::format("seed {} passes: there is nothing to shrink", arguments.seed));
  options.signature = chaos::signature_anywhen(**failure);
  find_controls(document, options);

  ProgressBar bar(fmt::format("shrinking {}", source->scenario.name));
  std::string pass = "narrowing";
  std::size_t parts = scenario::large_parts(document).size(), runs = 0;
  const std::size_t parts_before = parts;
  Trials trials(std::move(options),
                [&] { bar.show(0, 0, fmt::format("{}, {} parts left, {} runs", pass, parts, ++runs)); });
  json narrowed = narrow(arguments, document);
  bool breaks = trials.first_breaking({narrowed}).has_value();
  const char* note = breaks ? "" : trials.stopped() ? narrowing_not_tried : not_narrowed;
  scenario::Trial trial{
      .first_breaking = [&](const std::vector<json>& candidates) { return trials.first_breaking(candidates); },
      .outcomes = [&](const std::vector<json>& candidates) { return trials.outcomes(candidates); },
      .say =
          [&](const std::string& now, const json& smaller) {
            pass = now;
            parts = scenario::large_parts(smaller).size();
          }};
  Outcome outcome{.failure = **failure,
                  .note = note,
                  .shrunk = scenario::shrink(breaks ? narrowed : document, trial),
                  .parts_before = parts_before,
                  .runs = trials.runs(),
                  .stopped = trials.stopped()};
  return say(arguments, outcome);
}

}  // namespace

void add_shrink(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("shrink", "Find the smallest scenario that still breaks as a seed breaks it");
  auto arguments = std::make_shared<ShrinkArguments>();
  command->add_option("FILE", arguments->file, "Scenario file")->required();
  command->add_option("--seed", arguments->seed, "A seed that breaks it")->check(check_whole)->capture_default_str();
  std::vector<std::string> names;
  for (const scenario::Profile& profile : scenario::profiles()) names.push_back(profile.name);
  command
      ->add_option("--profile", arguments->profile,
                   "What `kumasim explore` drew with; smoke: the scenario as it stands, such as one that explore wrote")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  command->add_option("--out", arguments->out, "Write the scenario to this file, and its certificate to FILE.json");
  command->add_option("--certificate", arguments->certificate, "Write the certificate to this file instead");
  command->add_option("--minutes", arguments->minutes, "Longest time; default: until it is the smallest")
      ->check([](const std::string& text) {
        double minutes = 0;
        return CLI::detail::lexical_cast(text, minutes) && minutes > 0 && minutes <= minutes_max
                   ? std::string()
                   : fmt::format("expected a number of minutes above 0 and at most {}, found `{}`", minutes_max, text);
      });
  command
      ->add_option("--jobs", arguments->jobs,
                   "Runs at a time, which change nothing but the time; default: one for each processor")
      ->check(CLI::Range(1U, 1024U));
  command->add_option("--output", arguments->output, "Format of what is printed")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->add_option("--planted-bug", arguments->bug, "The bug that was planted")->check(known_bug);
  command->callback([arguments, &exit_code] { exit_code = shrink(*arguments); });
  command->footer(
      "Dropped are faults, changes, resources, services, load, expectations and instances; times and rates become "
      "less. "
      "Each part that\nis left was dropped once, and the run did not break in the same way: the certificate says what "
      "happened instead.\n"
      "Where the start passes without the planted bug or without its faults, each smaller scenario does so too.\n"
      "Exit code: 0 shrunk; 2 bad input, or a seed that passes.\n"
      "Example: kumasim shrink found/seed-17.yaml --seed 17 --out small.yaml");
}

}  // namespace kumasim::cli
