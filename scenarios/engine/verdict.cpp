/// Semantics of expectations.
#include "kumasim/scenario/verdict.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kumasim::scenario {
namespace {

using Kind = Predicate::Kind;

bool in_flow(const Predicate& predicate, const CallRecord& call) {
  return predicate.from.empty() || (call.from == predicate.from && call.to == predicate.to);
}

std::vector<const CallRecord*> calls_in(const Predicate& predicate, const Observations& seen, Duration from,
                                        Duration to) {
  std::vector<const CallRecord*> out;
  for (const CallRecord& call : seen.calls) {
    if (call.start >= from && call.start < to && in_flow(predicate, call)) out.push_back(&call);
  }
  return out;
}

std::string describe(const CallRecord& call) {
  std::string status = call.status == 0 ? "no answer" : fmt::format("status {}", call.status);
  return fmt::format("{} -> {}{}: {}{}{}{}", call.from_process, call.to, call.path, status,
                     call.flags.empty() ? "" : " " + call.flags, call.plaintext() ? ", plaintext" : "",
                     call.why.empty() ? "" : ": " + call.why);
}

Outcome silence(const Predicate& predicate) {
  Outcome out;
  out.seen = "no call";
  out.why = predicate.from.empty()
                ? "no call began in this window"
                : fmt::format("no call of {} to {} began in this window", predicate.from, predicate.to);
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
  if (answered == 0) return silence(predicate);
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

Outcome evaluate_converged(const Scenario& scenario, const Observations& seen, Duration from, Duration to) {
  Outcome out;
  std::size_t samples = 0;
  for (const StateSample& sample : seen.samples) {
    if (sample.at < from || sample.at > to) continue;
    ++samples;
    if (out.when) continue;
    if (auto who = not_converged(scenario, seen, sample)) {
      out.when = sample.at;
      out.why = *who;
    }
  }
  out.holds = samples > 0 && !out.when;
  out.seen = samples == 0 ? "no state was sampled" : out.holds ? "all proxies" : "not all proxies";
  return out;
}

/// The last that was done to the resource by then; null where nothing was answered.
const ResourceRecord* last_record(const Predicate& predicate, const Observations& seen, Duration to) {
  const ResourceRecord* out = nullptr;
  for (const ResourceRecord& record : seen.resources) {
    bool same = record.name == predicate.name && (predicate.type.empty() || record.type == predicate.type);
    if (same && record.at <= to) out = &record;
  }
  return out;
}

Outcome evaluate_policy(const Predicate& predicate, const Observations& seen, Duration to) {
  Outcome out;
  out.seen = "not applied";
  const ResourceRecord* taken = last_record(predicate, seen, to);
  if (taken == nullptr) {
    out.why = "the control plane had not answered by then";
    return out;
  }
  if (!taken->problem.empty() || taken->removed) {
    out.why = taken->removed ? fmt::format("it was deleted at {}", duration_text(taken->at))
                             : "the control plane refused it: " + taken->problem;
    return out;
  }
  bool in_setup = taken->at <= Duration(0);
  std::map<std::string, ProxyState> before;  // as each was when the control plane took the resource
  for (const StateSample& sample : seen.samples) {
    if (sample.at > to) break;
    for (const auto& [process, proxy] : sample.proxies) {
      if (sample.at <= taken->at) before[process] = proxy;
      // What was applied during set-up is in every configuration that the proxies have.
      if (in_setup && proxy.version != 0) {
        out.holds = true;
        out.seen = "applied before the start";
        return out;
      }
      // A proxy that starts later takes a configuration whatever the resource says: it proves nothing.
      const ProxyState& old = before[process];
      bool took = old.version != 0 && proxy.version != 0 && proxy.version != old.version &&
                  proxy.accepted > old.accepted && sample.at > taken->at;
      if (!took) continue;
      out.holds = true;
      out.seen = fmt::format("applied at {}, in {} by {}", duration_text(taken->at), process, duration_text(sample.at));
      return out;
    }
  }
  out.seen = "in no proxy";
  out.why = fmt::format("the control plane took it at {}, but no proxy took another configuration after that",
                        duration_text(taken->at));
  return out;
}

Outcome evaluate_rotation(const Predicate& predicate, const Scenario& scenario, const Observations& seen, Duration from,
                          Duration to) {
  struct Seen {
    std::string first, last;
    bool up = false;
  };
  std::map<std::string, Seen> instances;
  for (const StateSample& sample : seen.samples) {
    if (sample.at < from || sample.at > to) continue;
    for (const auto& [process, proxy] : sample.proxies) {
      const Instance* instance = scenario.find_instance(process);
      if (instance == nullptr || instance->service != predicate.name) continue;
      Seen& state = instances[process];
      state.up = proxy.up;
      if (!proxy.up || proxy.certificate.empty()) continue;
      if (state.first.empty()) state.first = proxy.certificate;
      state.last = proxy.certificate;
    }
  }
  std::vector<std::string> rotated, kept;
  for (const auto& [process, state] : instances) {
    if (!state.up) continue;
    (state.first != state.last ? rotated : kept).push_back(process);
  }
  Outcome out;
  out.holds = kept.empty() && !rotated.empty();
  out.seen = fmt::format("{} of {} running instances", rotated.size(), rotated.size() + kept.size());
  if (!out.holds)
    out.why = kept.empty() ? "no instance is running"
                           : fmt::format("the certificate stayed the same in {}", fmt::join(kept, ", "));
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

std::optional<std::string> not_converged(const Scenario& scenario, const Observations& seen,
                                         const StateSample& sample) {
  if (std::ranges::none_of(sample.proxies, [](const auto& entry) { return entry.second.up; })) return "no proxy runs";
  for (const auto& [process, proxy] : sample.proxies) {
    if (!proxy.up) continue;
    if (!proxy.refusals.empty()) {
      const auto& [type, text] = *proxy.refusals.begin();
      return fmt::format("{} refused the last {}: {}", process, type, text);
    }
    if (!proxy.ready) return fmt::format("{} waits for configuration", process);
    const Instance* instance = scenario.find_instance(process);
    const Service* service = instance ? scenario.find_service(instance->service) : nullptr;
    if (service == nullptr) continue;
    for (const Outbound& outbound : service->calls) {
      std::set<std::string> running;
      for (const Instance& other : scenario.instances) {
        auto state = sample.proxies.find(other.process);
        if (other.service != outbound.to || state == sample.proxies.end() || !state->second.up) continue;
        auto address = seen.addresses.find(other.process);
        if (address != seen.addresses.end()) running.insert(address->second);
      }
      auto known = proxy.endpoints.find(outbound.to);
      std::set<std::string> knows = known == proxy.endpoints.end() ? std::set<std::string>() : known->second;
      if (knows != running) {
        return fmt::format("{} knows [{}] of {}, running are [{}]", process, fmt::join(knows, " "), outbound.to,
                           fmt::join(running, " "));
      }
    }
  }
  return std::nullopt;
}

Outcome evaluate(const Predicate& predicate, const Scenario& scenario, const Observations& seen, Duration from,
                 Duration to) {
  switch (predicate.kind) {
    case Kind::converged: return evaluate_converged(scenario, seen, from, to);
    case Kind::policy_applied: return evaluate_policy(predicate, seen, to);
    case Kind::certificate_rotated: return evaluate_rotation(predicate, scenario, seen, from, to);
    default: break;
  }
  std::vector<const CallRecord*> calls = calls_in(predicate, seen, from, to);
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
    Outcome outcome = evaluate(expectation.that, scenario, seen, expectation.from, expectation.to);
    bool whole = expectation.that.kind == Kind::policy_applied || expectation.that.kind == Kind::certificate_rotated;
    if (expectation.mode == Expectation::Mode::eventually && !whole) {
      // It must hold from some moment of the window to its end: try ever later moments.
      constexpr int steps = 50;
      Duration step = (expectation.to - expectation.from) / steps;
      for (int i = 0; i < steps; ++i) {
        Duration from = expectation.from + step * i;
        Outcome attempt = evaluate(expectation.that, scenario, seen, from, expectation.to);
        bool silent = i > 0 && (attempt.seen == "no call" || attempt.seen == "no state was sampled");
        if (!silent) outcome = std::move(attempt);
        if (outcome.holds || silent) {
          if (outcome.holds) outcome.seen += fmt::format(", from {}", duration_text(from));
          break;
        }
      }
    }
    verdict.held = outcome.holds;
    verdict.seen = std::move(outcome.seen);
    if (!verdict.held) {
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
