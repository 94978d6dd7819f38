/// Candidates in their order; those behind a success are given up.
#include "tools/cli/trials.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "scenarios/explore/document_text.hpp"
#include "scenarios/explore/outcome.hpp"
#include "tools/cli/source.hpp"

namespace kumasim::cli {
namespace {

std::vector<std::string> texts_of(const std::vector<nlohmann::json>& candidates) {
  std::vector<std::string> out;
  for (const nlohmann::json& candidate : candidates) out.push_back(scenario::document_text(candidate));
  return out;
}

}  // namespace

chaos::Failure crash_of(const Finished& finished) {
  return {.kind = "crash", .what = "", .cause = "the run's process " + finished.trouble};
}

std::expected<std::optional<chaos::Failure>, std::string> first_failure(const std::string& text,
                                                                        const TrialOptions& options) {
  WorkerPool pool(1, options.cpu_max);
  pool.start(0, [&] {
    auto done = simulate(text, options.file, options.seed, options.planted_bug);
    if (!done) return nlohmann::json{{"refused", done.error()}}.dump();
    std::vector<chaos::Failure> failures = scenario::failures_of(done->run);
    if (failures.empty()) return std::string("{}");
    const chaos::Failure& first = failures.front();
    return nlohmann::json{{"kind", first.kind}, {"what", first.what}, {"cause", first.cause}}.dump(
        -1, ' ', false, nlohmann::json::error_handler_t::replace);
  });
  Finished finished = *pool.wait();
  if (!finished.trouble.empty()) return crash_of(finished);
  auto answer = nlohmann::json::parse(finished.output);
  if (answer.contains("refused")) return std::unexpected(answer["refused"].get<std::string>());
  if (answer.empty()) return std::nullopt;
  return chaos::Failure{.kind = answer["kind"].get<std::string>(),
                        .what = answer["what"].get<std::string>(),
                        .cause = answer["cause"].get<std::string>()};
}

bool Trials::time_is_over() const { return options_.until && std::chrono::steady_clock::now() >= *options_.until; }

const std::string* Trials::known(const std::string& text) const {
  auto found = outcomes_.find(text);
  return found == outcomes_.end() ? nullptr : &found->second;
}

nlohmann::json faultless(nlohmann::json document) {
  document["spec"].erase("faults");
  return document;
}

std::string Trials::control(const nlohmann::json& candidate) const {
  auto breaks = [&](const nlohmann::json& document, const std::string& bug) {
    auto done = simulate(scenario::document_text(document), options_.file, options_.seed, bug);
    return !done || !scenario::failures_of(done->run).empty();
  };
  if (options_.without_bug && breaks(candidate, "")) return "breaks without the planted bug as well";
  if (options_.without_faults && breaks(faultless(candidate), options_.planted_bug))
    return "breaks without its faults as well";
  return "";
}

std::string Trials::run(const nlohmann::json& candidate) const {
  auto done = simulate(scenario::document_text(candidate), options_.file, options_.seed, options_.planted_bug);
  if (!done) return "does not load: " + done.error().substr(0, done.error().find('\n'));
  std::vector<chaos::Failure> failures = scenario::failures_of(done->run);
  if (failures.empty()) return "passes";
  bool wanted = std::ranges::any_of(
      failures, [&](const chaos::Failure& failure) { return chaos::signature_anywhen(failure) == options_.signature; });
  return wanted ? control(candidate) : "breaks otherwise: " + chaos::signature(failures.front());
}

void Trials::collect(const std::vector<std::string>& texts, const Finished& finished) {
  std::string outcome = finished.output;
  if (!finished.trouble.empty()) {
    std::string crash = chaos::signature_anywhen(crash_of(finished));
    outcome = crash == options_.signature ? "" : "breaks otherwise: " + crash;
  }
  outcomes_[texts[finished.task]] = std::move(outcome);
  ++runs_;
  if (each_) each_();
}

std::optional<std::size_t> Trials::first_breaking(const std::vector<nlohmann::json>& candidates) {
  std::vector<std::string> texts = texts_of(candidates);
  WorkerPool pool(options_.jobs, options_.cpu_max);
  std::optional<std::size_t> found;
  std::size_t next = 0;
  while (true) {
    while (next < found.value_or(texts.size()) && !pool.full()) {
      std::size_t task = next++;
      if (const std::string* outcome = known(texts[task])) {
        if (outcome->empty()) found = task;
        continue;
      }
      if (time_is_over()) {
        stopped_ = true;
        next = texts.size();
        break;
      }
      pool.start(task, [&, task] { return run(candidates[task]); });
    }
    std::optional<Finished> finished = pool.wait();
    if (!finished) return found;
    collect(texts, *finished);
    if (!known(texts[finished->task])->empty() || finished->task > found.value_or(texts.size())) continue;
    found = finished->task;
    pool.cancel_above(*found);
  }
}

std::vector<std::string> Trials::outcomes(const std::vector<nlohmann::json>& candidates) {
  std::vector<std::string> texts = texts_of(candidates);
  WorkerPool pool(options_.jobs, options_.cpu_max);
  std::size_t next = 0;
  while (true) {
    while (next < texts.size() && !pool.full() && !time_is_over()) {
      std::size_t task = next++;
      if (known(texts[task]) == nullptr) pool.start(task, [&, task] { return run(candidates[task]); });
    }
    std::optional<Finished> finished = pool.wait();
    if (finished) {
      collect(texts, *finished);
      continue;
    }
    if (next == texts.size() || time_is_over()) break;
  }
  std::vector<std::string> out;
  for (const std::string& text : texts) {
    const std::string* outcome = known(text);
    stopped_ = stopped_ || outcome == nullptr;
    out.push_back(outcome == nullptr ? "not tried: the time was over" : *outcome);
  }
  return out;
}

}  // namespace kumasim::cli
