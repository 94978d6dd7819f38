/// Semantics of expectations.
#include "kumasim/scenario/verdict.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "scenarios/engine/state_verdicts.hpp"

namespace kumasim::scenario {
namespace {

using Kind = Predicate::Kind;

bool in_flow(const Predicate& predicate, const Scenario& scenario, const CallRecord& call) {
  if (predicate.from.empty()) return true;
  return call.from == predicate.from && call.to == predicate.to &&
         (predicate.from_zone.empty() || scenario.zone_of(call.from_process) == predicate.from_zone);
}

std::vector<const CallRecord*> calls_in(const Predicate& predicate, const Scenario& scenario, const Observations& seen,
                                        Duration from, Duration to) {
  std::vector<const CallRecord*> out;
  for (const CallRecord& call : seen.calls) {
    if (call.start >= from && call.start < to && in_flow(predicate, scenario, call)) out.push_back(&call);
  }
  return out;
}

/// "web@east".
std::string caller_text(const Predicate& predicate) {
  return predicate.from + (predicate.from_zone.empty() ? "" : "@" + predicate.from_zone);
}

std::string describe(const CallRecord& call) {
  return fmt::format("{} -> {}{}: {}{}{}{}", call.from_process, call.to, call.path, answer_text(call),
                     call.flags.empty() ? "" : " " + call.flags, call.plaintext() ? ", plaintext" : "",
                     call.why.empty() ? "" : ": " + call.why);
}

Outcome silence(const Predicate& predicate) {
  Outcome out;
  out.silent = true;
  out.seen = "no call";
  out.why = predicate.from.empty()
                ? "no call began in this window"
                : fmt::format("no call of {} to {} began in this window", caller_text(predicate), predicate.to);
  return out;
}

/// Every call must satisfy `good`; the first that does not is the offender.
template <class Good>
Outcome every_call(const std::vector<const CallRecord*>& calls, std::string_view what, Good good) {
  Outcome out;
  std::size_t fitting = 0;
  for (const CallRecord* call : calls) {
    if (good(*call)) {
      ++fitting;
    } else if (!out.when) {
      out.when = call->start;
      out.why = describe(*call);
    }
  }
  out.holds = fitting == calls.size();
  out.seen = fmt::format("{} of {} calls {}", fitting, calls.size(), what);
  return out;
}

void blame(Outcome& out, const std::vector<const CallRecord*>& calls, auto&& offends) {
  for (const CallRecord* call : calls) {
    if (!offends(*call)) continue;
    out.when = call->start;
    out.why = describe(*call);
    return;
  }
}

/// Three answers: encrypted, plaintext, or the call did not cross a proxy, which proves nothing.
Outcome evaluate_no_plaintext(const std::vector<const CallRecord*>& calls) {
  Outcome out;
  std::map<Crossing, std::size_t> count;
  for (const CallRecord* call : calls) ++count[call->crossing];
  out.holds = count[Crossing::plaintext] == 0 && count[Crossing::encrypted] > 0;
  out.seen = fmt::format("{} of {} calls were encrypted", count[Crossing::encrypted], calls.size());
  if (count[Crossing::plaintext] > 0) out.seen += fmt::format(", {} in plaintext", count[Crossing::plaintext]);
  if (count[Crossing::none] > 0) out.seen += fmt::format(", {} did not cross a proxy", count[Crossing::none]);
  blame(out, calls, [](const CallRecord& call) { return call.plaintext(); });
  if (!out.holds && !out.when) {
    blame(out, calls, [](const CallRecord&) { return true; });
    out.why = "no call crossed a proxy; the first: " + out.why;
  }
  return out;
}

std::int64_t part(std::size_t some, std::size_t all) {
  return static_cast<std::int64_t>(some) * 1'000'000 / static_cast<std::int64_t>(all);
}

Outcome evaluate_share(const Predicate& predicate, const Scenario& scenario,
                       const std::vector<const CallRecord*>& calls) {
  Outcome out;
  std::size_t answered = 0;
  std::size_t fitting = 0;
  for (const CallRecord* call : calls) {
    const Instance* instance = scenario.find_instance(call->instance);
    if (instance == nullptr) continue;
    ++answered;
    auto tag = instance->tags.find(predicate.tag_key);
    if (tag != instance->tags.end() && tag->second == predicate.tag_value) ++fitting;
  }
  if (answered == 0) {
    out.seen = fmt::format("none of {} calls was answered", calls.size());
    blame(out, calls, [](const CallRecord&) { return true; });
    return out;
  }
  out.holds = predicate.holds(part(fitting, answered));
  out.seen = fmt::format("{} of {} answered calls", percent_text(part(fitting, answered)), answered);
  if (!out.holds) {
    out.why =
        fmt::format("{} of {} answers came from {}={}", fitting, answered, predicate.tag_key, predicate.tag_value);
  }
  return out;
}

Duration time_to_answer(const CallRecord* call) { return call->status == 0 ? never : call->latency; }

Outcome evaluate_latency(const Predicate& predicate, std::vector<const CallRecord*> calls) {
  std::ranges::stable_sort(calls, {}, time_to_answer);
  const CallRecord& at = *calls[percentile_index(calls.size(), predicate.percentile)];
  Duration latency = time_to_answer(&at);
  Outcome out;
  out.holds = predicate.holds(latency.count());
  out.seen = fmt::format("p{} {} of {} calls", predicate.percentile,
                         latency == never ? "without an answer" : duration_text(latency), calls.size());
  if (!out.holds) {
    out.when = at.start;
    out.why = describe(at);
  }
  return out;
}

/// Every count falls in an ever shorter rest of a window: only that nothing fails can come true by and by.
bool is_count(const Predicate& predicate) {
  if (predicate.kind == Kind::calls) return true;
  return predicate.kind == Kind::failed_calls && !(predicate.holds(0) && !predicate.holds(1));
}

/// What is judged once, whatever the mode.
bool of_whole_window(const Predicate& predicate) {
  return predicate.kind == Kind::policy_applied || predicate.kind == Kind::certificate_rotated || is_count(predicate);
}

/// There must be a moment of the window from which on the predicate holds to its end, for its last tenth at least: ever
/// later moments are tried.
Outcome evaluate_eventually(const Expectation& expectation, const Scenario& scenario, const Observations& seen) {
  constexpr int steps = 50, last = 45;
  Duration step = (expectation.to - expectation.from) / steps;
  Outcome out;
  for (int i = 0; i <= last; ++i) {
    Duration from = expectation.from + step * i;
    Outcome attempt = evaluate(expectation.that, scenario, seen, from, expectation.to);
    if (attempt.silent && i > 0) return out;  // and so is every later one
    out = std::move(attempt);
    if (!out.holds) continue;
    out.seen += fmt::format(", from {}", duration_text(from));
    return out;
  }
  return out;
}

/// Some second of the run is enough; of a long run, some two-hundredth. Counts are of the whole run.
Outcome evaluate_sometimes(const Expectation& expectation, const Scenario& scenario, const Observations& seen) {
  if (is_count(expectation.that)) return evaluate(expectation.that, scenario, seen, expectation.from, expectation.to);
  Duration length = std::max<Duration>(std::chrono::seconds(1), (expectation.to - expectation.from) / 200);
  Outcome out;
  for (Duration from = expectation.from; from < expectation.to; from += length) {
    out = evaluate(expectation.that, scenario, seen, from, std::min(from + length, expectation.to));
    if (!out.holds) continue;
    out.seen += fmt::format(", from {}", duration_text(from));
    return out;
  }
  out.seen = "at no time of this run";
  return out;
}

}  // namespace

const TimelineEntry* Observations::fault_before(Duration when) const {
  const TimelineEntry* out = nullptr;
  for (const TimelineEntry& entry : timeline) {
    if (entry.fault && entry.at <= when) out = &entry;
  }
  return out;
}

Outcome evaluate(const Predicate& predicate, const Scenario& scenario, const Observations& seen, Duration from,
                 Duration to) {
  switch (predicate.kind) {
    case Kind::converged: return evaluate_converged(scenario, seen, from, to);
    case Kind::policy_applied: return evaluate_policy(predicate, scenario, seen, to);
    case Kind::certificate_rotated: return evaluate_rotation(predicate, scenario, seen, from, to);
    case Kind::refusals_known: return evaluate_refusals_known(seen, from, to);
    case Kind::share_trust:
    case Kind::no_plaintext_window:
    case Kind::no_black_hole: return evaluate_paths(predicate, seen, from, to);
    default: break;
  }
  std::vector<const CallRecord*> calls = calls_in(predicate, scenario, seen, from, to);
  if (predicate.kind == Kind::calls) {
    Outcome out;
    out.holds = predicate.holds(static_cast<std::int64_t>(calls.size()));
    out.seen = fmt::format("{} calls", calls.size());
    if (!out.holds) out.why = fmt::format("{} calls began in this window", calls.size());
    return out;
  }
  if (calls.empty()) return silence(predicate);
  auto failed =
      static_cast<std::size_t>(std::ranges::count_if(calls, [](const CallRecord* call) { return !call->ok(); }));
  Outcome out;
  switch (predicate.kind) {
    case Kind::no_plaintext: return evaluate_no_plaintext(calls);
    case Kind::reachable: return every_call(calls, "succeeded", [](const CallRecord& call) { return call.ok(); });
    case Kind::denied: return every_call(calls, "were denied", [](const CallRecord& call) { return call.denied; });
    case Kind::blocked: return every_call(calls, "did not succeed", [](const CallRecord& call) { return !call.ok(); });
    case Kind::failed_calls:
      out.holds = predicate.holds(static_cast<std::int64_t>(failed));
      out.seen = fmt::format("{} of {} calls failed", failed, calls.size());
      if (!out.holds) blame(out, calls, [](const CallRecord& call) { return !call.ok(); });
      return out;
    case Kind::availability:
      out.holds = predicate.holds(part(calls.size() - failed, calls.size()));
      out.seen = fmt::format("{} of {} calls", percent_text(part(calls.size() - failed, calls.size())), calls.size());
      if (!out.holds) blame(out, calls, [](const CallRecord& call) { return !call.ok(); });
      return out;
    case Kind::share: return evaluate_share(predicate, scenario, calls);
    case Kind::latency: return evaluate_latency(predicate, calls);
    default: return out;
  }
}

std::vector<Verdict> judge(const Scenario& scenario, const Observations& seen) {
  std::vector<Verdict> out;
  for (const Expectation& expectation : scenario.expectations) {
    Verdict verdict;
    verdict.title = expectation.title();
    verdict.mark = expectation.mark;
    verdict.sometimes = expectation.mode == Expectation::Mode::sometimes;
    verdict.usually = expectation.mode == Expectation::Mode::usually;
    if (expectation.that.of_paths() && !seen.paths) {
      verdict.skipped = true;
      verdict.seen = "this world cannot look at what all proxies hold at one instant";
      out.push_back(std::move(verdict));
      continue;
    }
    bool eventually = expectation.mode == Expectation::Mode::eventually && !of_whole_window(expectation.that);
    Outcome outcome = verdict.sometimes ? evaluate_sometimes(expectation, scenario, seen)
                      : eventually      ? evaluate_eventually(expectation, scenario, seen)
                                        : evaluate(expectation.that, scenario, seen, expectation.from, expectation.to);
    verdict.held = outcome.holds;
    verdict.seen = std::move(outcome.seen);
    if (verdict.broken()) {
      verdict.why = std::move(outcome.why);
      verdict.when = outcome.when;
      if (const TimelineEntry* fault = seen.fault_before(outcome.when.value_or(expectation.to))) {
        verdict.after = fmt::format("{} at {}", fault->text, duration_text(fault->at));
      }
    }
    out.push_back(std::move(verdict));
  }
  return out;
}

}  // namespace kumasim::scenario
