/// One expectation after the other.
#include "scenarios/explore/judged.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace kumasim::scenario {
namespace {

using nlohmann::json;
using Kind = Predicate::Kind;
using Mode = Expectation::Mode;

class Judging {
 public:
  Judging(const Scenario& scenario, const Phases& phases) : scenario_(scenario), phases_(phases) {}

  /// Empty where it is left out.
  std::vector<json> judged(const Expectation& expectation) const {
    if (expectation.mode == Mode::sometimes) return std::vector<json>{json{{"sometimes", expectation.text}}};
    if (expectation.mode == Mode::usually) return {usually(expectation)};
    std::vector<json> out;
    if (json safe = safety(expectation); !safe.is_null()) out.push_back(std::move(safe));
    if (!phases_.recoverable) return out;
    json later = expectation.mode == Mode::eventually ? come_to_hold(expectation) : after_liveness(expectation);
    if (!later.is_null()) out.push_back(std::move(later));
    return out;
  }

 private:
  bool to_the_end(const Expectation& expectation) const { return expectation.to == scenario_.duration; }

  bool changed_before(Duration when) const {
    return std::ranges::any_of(scenario_.changes, [&](const Change& change) { return change.at.low <= when; });
  }
  /// By a fault of the file that writes resources, as a change does.
  bool written_before(Duration when) const {
    return std::ranges::any_of(scenario_.faults, [&](const Fault& fault) {
      return fault.kind->whom == fault::Whom::resources && fault.at.low <= when;
    });
  }
  bool changed_after(Duration when) const {
    return std::ranges::any_of(scenario_.changes, [&](const Change& change) { return change.at.high > when; });
  }

  bool changed_within(Duration from, Duration to) const {
    return std::ranges::any_of(scenario_.changes,
                               [&](const Change& change) { return change.at.low < to && change.at.high >= from; });
  }

  /// For so long a fault may hold up a call that began: it may arrive after the next change.
  Duration patience_of(const Predicate& that) const {
    Duration out{};
    for (const Load& load : scenario_.load) {
      bool asked = that.from.empty() || (load.from == that.from && load.to == that.to);
      if (asked)
        out = std::max(out, load.timeout * (load.retries.most + 1) + load.retries.backoff_max * load.retries.most);
    }
    return out;
  }

  /// Predicates about calls prove nothing of a time without any.
  bool calls_go_on(const Predicate& that) const {
    return std::ranges::any_of(scenario_.load, [&](const Load& load) {
      return load.end == scenario_.duration && (that.from.empty() || (load.from == that.from && load.to == that.to));
    });
  }

  static json window(Duration from, Duration to, const std::string& text) {
    return {{"during", {{"from", duration_text(from)}, {"to", duration_text(to)}, {"that", text}}}};
  }

  /// As it stands: its title names it among the probes.
  static json usually(const Expectation& expectation) {
    return {{"usually",
             {{"share", percent_text(expectation.share)},
              {"confidence", percent_text(expectation.confidence)},
              {"from", duration_text(expectation.from)},
              {"to", duration_text(expectation.to)},
              {"that", expectation.text}}}};
  }

  // Each gives null where it has nothing to ask.
  json safety(const Expectation& expectation) const {
    if (expectation.mode == Mode::eventually) return nullptr;
    const Predicate& that = expectation.that;
    std::string text = expectation.text;
    if (expectation.from > Duration(0) && changed_before(expectation.from)) return nullptr;
    // No such fault asks for plaintext.
    bool reaches = that.kind == Kind::denied || that.kind == Kind::blocked;
    if (reaches && expectation.from > Duration(0) && written_before(expectation.from)) return nullptr;
    if (that.kind == Kind::denied) {
      text = fmt::format("blocked({}{} -> {})", that.from, that.from_zone.empty() ? "" : "@" + that.from_zone, that.to);
    } else if (that.kind != Kind::no_plaintext && that.kind != Kind::blocked) {
      return nullptr;
    }
    if (expectation.mode == Mode::always) return json{{"always", text}};
    if (to_the_end(expectation)) return window(expectation.from, phases_.end, text);
    Duration to = expectation.to, patience = patience_of(that);
    if (changed_within(to, to + patience)) to -= patience;
    return to > expectation.from ? window(expectation.from, to, text) : json();
  }

  json after_liveness(const Expectation& expectation) const {
    const Predicate& that = expectation.that;
    Duration begin = phases_.liveness.after + phases_.liveness.within;
    if (!to_the_end(expectation) || begin >= phases_.end) return nullptr;
    switch (that.kind) {
      case Kind::converged:
      case Kind::policy_applied: return window(begin, phases_.end, expectation.text);
      case Kind::failed_calls:
        if (!that.holds(0)) return nullptr;
        break;
      case Kind::latency:
        if (phases_.slower_links) return nullptr;
        break;
      case Kind::availability:
      case Kind::reachable:
      case Kind::denied: break;
      default: return nullptr;
    }
    if (!calls_go_on(that)) return nullptr;
    return window(begin, phases_.end, expectation.text);
  }

  json come_to_hold(const Expectation& expectation) const {
    const Predicate& that = expectation.that;
    if (changed_after(expectation.to)) return nullptr;
    if (that.kind == Kind::certificate_rotated || that.kind == Kind::calls || that.kind == Kind::share) return nullptr;
    if (that.kind == Kind::latency && phases_.slower_links) return nullptr;
    bool of_states = that.kind == Kind::converged || that.kind == Kind::policy_applied;
    if (!of_states && !calls_go_on(that)) return nullptr;
    Duration after = std::max(expectation.from, phases_.liveness.after);
    Duration to = std::max(expectation.to, phases_.liveness.after + phases_.liveness.within);
    if (to <= after || to > phases_.end) return nullptr;
    return json{{"eventually",
                 {{"after", duration_text(after)}, {"within", duration_text(to - after)}, {"that", expectation.text}}}};
  }

  const Scenario& scenario_;
  const Phases& phases_;
};

}  // namespace

Judged judged_under_faults(const Scenario& scenario, const Phases& phases) {
  Judged out;
  Judging judging(scenario, phases);
  // The liveness phase of a file has its own expectation at the end of the list, which the expanded file makes anew.
  std::size_t count = scenario.expectations.size() - (scenario.liveness ? 1 : 0);
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<json> more = judging.judged(scenario.expectations[i]);
    if (more.empty()) out.left_out.push_back(scenario.expectations[i].title());
    for (json& one : more) {
      if (std::ranges::find(out.expect, one) == out.expect.end()) out.expect.push_back(std::move(one));
    }
  }
  return out;
}

}  // namespace kumasim::scenario
