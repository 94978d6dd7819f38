#include "scenarios/engine/state_verdicts.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "scenarios/engine/known_endpoints.hpp"

namespace kumasim::scenario {
namespace {

/// So long may a refusal be on its way to the control plane.
constexpr Duration refusal_delay_max = std::chrono::seconds(2);

/// The last that was done by then to the resource, of Global and of each zone that was told of one of that name; not
/// where it was deleted, unless it was everywhere. A refused deletion leaves what was there.
std::vector<const ResourceRecord*> last_records(const Predicate& predicate, const Observations& seen, Duration to) {
  std::map<std::string, const ResourceRecord*> last;  // by zone
  for (const ResourceRecord& record : seen.resources) {
    if (record.removed && !record.problem.empty()) continue;
    bool same = record.name == predicate.name && (predicate.type.empty() || record.type == predicate.type);
    if (same && record.at <= to) last[record.zone] = &record;
  }
  std::vector<const ResourceRecord*> out;
  bool any = std::ranges::any_of(last, [](const auto& entry) { return !entry.second->removed; });
  for (const auto& [zone, record] : last)
    if (!any || !record->removed) out.push_back(record);
  std::ranges::stable_sort(out, {}, &ResourceRecord::at);
  return out;
}

/// When the control plane answered the last write of the run by then; nothing for those of set-up.
std::optional<Duration> last_write(const Observations& seen, Duration to) {
  std::optional<Duration> out;
  for (const ResourceRecord& record : seen.resources) {
    if (record.at > Duration(0) && record.at <= to) out = std::max(out.value_or(record.at), record.at);
  }
  return out;
}

std::string refusal_text(const std::string& process, const std::map<std::string, std::string>& refusals) {
  const auto& [type, text] = *refusals.begin();
  return fmt::format("{} refused the last {}: {}", process, type, text);
}

std::string cut_off_text(const std::string& process) {
  return fmt::format("{} is cut off from the control plane", process);
}

/// A replica that does not reach the store that it shares; or, where there are no zones, that does not answer.
std::optional<std::string> storeless(const Scenario& scenario, const StateSample& sample) {
  for (const ControlPlaneSpec* several : scenario.replicated())
    if (scenario.zones.empty() && sample.mute.contains(several->name))
      return fmt::format("not all of {} answer", several->name);
  for (const ControlPlaneSpec* several : scenario.replicated())
    for (const std::string& replica : several->replicas)
      if (sample.storeless.contains(replica))
        return fmt::format("{} does not reach {}", replica, several->store_process());
  return std::nullopt;
}

/// Why not all zones can have the same: one that is gone altogether need not.
std::optional<std::string> zones_apart(const Scenario& scenario, const StateSample& sample) {
  if (scenario.zones.empty()) return std::nullopt;
  if (sample.silent.contains(scenario.control_plane.name))
    return fmt::format("{} does not run", scenario.control_plane.name);
  auto mute = [&](const ControlPlaneSpec& plane) { return sample.mute.contains(plane.name); };
  if (mute(scenario.control_plane)) return fmt::format("{} does not answer", scenario.control_plane.name);
  for (const Zone& zone : scenario.zones) {
    bool apart = sample.zones_apart.contains(zone.name);
    if (!apart && !mute(zone.control_plane)) continue;
    bool runs = std::ranges::any_of(scenario.processes_of(zone.name), [&](const std::string& process) {
      auto proxy = sample.proxies.find(process);
      return proxy != sample.proxies.end() && proxy->second.up;
    });
    if (!runs) continue;
    return apart ? fmt::format("zone {} is not connected to {}", zone.name, scenario.control_plane.name)
                 : fmt::format("{} does not answer", zone.control_plane.name);
  }
  return std::nullopt;
}

/// What the process refuses can reach the control plane, which says what it knows.
bool heard(const std::string& process, const StateSample& sample) {
  auto proxy = sample.proxies.find(process);
  return sample.rollout && sample.rollout->proxies.contains(process) && proxy != sample.proxies.end() &&
         proxy->second.up && proxy->second.connected && !proxy->second.cut_off;
}

std::string who_lacks_it(const Scenario& scenario, const StateSample& sample) {
  if (scenario.zones.empty()) return "the control plane does not hold it";
  std::string out = "no zone's control plane holds it";
  if (!sample.zones_apart.empty())
    out += fmt::format("; not connected to {}: {}", scenario.control_plane.name, fmt::join(sample.zones_apart, ", "));
  return out;
}

/// How many proxies run a configuration that was made with the policy as `taken` and others of its name have it, or
/// what is missing.
std::expected<std::size_t, std::string> applied(const Scenario& scenario, const ResourceRecord& taken,
                                                const std::set<std::string>& specifications,
                                                const StateSample& sample) {
  using Missing = std::unexpected<std::string>;
  bool in_setup = taken.at <= Duration(0);
  // What was said before the resource was taken may speak of an earlier one of its name.
  if (!sample.rollout || (!in_setup && sample.rollout->at < taken.at))
    return Missing("the control plane did not say what the proxies run");
  auto policy = sample.rollout->policies.find(taken.type + "/" + taken.name);
  if (policy == sample.rollout->policies.end()) return Missing(who_lacks_it(scenario, sample));
  // Each zone, and each replica, goes by what it holds itself, which may be older than what was taken.
  if (!scenario.zones.empty() || !scenario.replicated().empty()) {
    auto held = sample.rollout->specifications.find(policy->first);
    if (held == sample.rollout->specifications.end() || held->second != specifications)
      return Missing(scenario.zones.empty() ? "not all replicas hold it as it was taken"
                                            : "not all zones hold it as it was taken");
  }
  std::size_t count = 0;
  for (const auto& [process, proxy] : sample.proxies) {
    if (!proxy.up || scenario.is_zone_proxy(process)) continue;
    auto known = sample.rollout->proxies.find(process);
    // Whether the policy is about it is not known either.
    if (known == sample.rollout->proxies.end())
      return Missing(fmt::format("{} is not registered with the control plane", process));
    auto about = policy->second.find(process);
    if (about == policy->second.end()) continue;
    if (!known->second.connected) return Missing(fmt::format("{} is not connected to the control plane", process));
    if (!about->second) {
      return Missing(known->second.refusals.empty()
                         ? fmt::format("{} runs a configuration that was made without it", process)
                         : refusal_text(process, known->second.refusals));
    }
    if (proxy.cut_off) return Missing(cut_off_text(process));
    ++count;
  }
  if (count == 0) return Missing("it is about no running proxy");
  return count;
}

}  // namespace

Outcome evaluate_converged(const Scenario& scenario, const Observations& seen, Duration from, Duration to) {
  Outcome out;
  std::size_t samples = 0;
  // What the control plane makes by itself, a renewed certificate for one, is on its way for a moment: two samples
  // running break it, or the run's last.
  std::optional<std::pair<Duration, std::string>> broken;
  for (const StateSample& sample : seen.samples) {
    if (sample.at < from) continue;
    if (sample.at > to && !broken) break;
    if (sample.at <= to) ++samples;
    auto who = not_converged(scenario, seen, sample);
    if (who && broken) break;
    broken.reset();
    if (who) broken.emplace(sample.at, *who);
  }
  if (broken) std::tie(out.when, out.why) = std::move(*broken);
  out.silent = samples == 0;
  out.holds = samples > 0 && !out.when;
  out.seen = out.silent ? "no state was sampled" : out.holds ? "all proxies" : "not all proxies";
  return out;
}

Outcome evaluate_policy(const Predicate& predicate, const Scenario& scenario, const Observations& seen, Duration to) {
  Outcome out;
  out.seen = "not applied";
  std::vector<const ResourceRecord*> records = last_records(predicate, seen, to);
  if (records.empty()) {
    out.why = "the control plane had not answered by then";
    return out;
  }
  std::set<std::string> specifications;
  for (const ResourceRecord* record : records) {
    if (!record->problem.empty() || record->removed) {
      out.why = record->removed ? fmt::format("it was deleted at {}", duration_text(record->at))
                                : "the control plane refused it: " + record->problem;
      return out;
    }
    specifications.insert(record->specification);
  }
  const ResourceRecord* taken = records.back();
  std::optional<Duration> since;
  std::size_t count = 0;
  out.why = "no state was sampled since it was applied";
  for (const StateSample& sample : seen.samples) {
    if (sample.at < taken->at || sample.at > to) continue;
    if (auto proxies = applied(scenario, *taken, specifications, sample)) {
      count = *proxies;
      if (!since) since = sample.at;
    } else {
      since.reset();
      out.why = std::move(proxies.error());
      out.when = sample.at;
    }
  }
  if (!since) return out;
  out.holds = true;
  out.why.clear();
  out.when.reset();
  bool in_setup = taken->at <= Duration(0);
  out.seen =
      fmt::format("applied {}, in all {} proxies that it is about by {}",
                  in_setup ? "before the start" : "at " + duration_text(taken->at), count, duration_text(*since));
  return out;
}

Outcome evaluate_rotation(const Predicate& predicate, const Scenario& scenario, const Observations& seen, Duration from,
                          Duration to) {
  struct Seen {
    std::string certificate;  // of this life
    std::uint64_t life = 0;
    bool rotated = false, restarted = false;
    std::optional<Duration> down;
  };
  std::map<std::string, Seen> ran;
  for (const StateSample& sample : seen.samples) {
    if (sample.at < from || sample.at > to) continue;
    for (const auto& [process, proxy] : sample.proxies) {
      const Instance* instance = scenario.find_instance(process);
      if (instance == nullptr || instance->service != predicate.name) continue;
      auto found = ran.find(process);
      if (!proxy.up) {
        if (found != ran.end() && !found->second.down) found->second.down = sample.at;
        continue;
      }
      if (found == ran.end()) {
        found = ran.try_emplace(process).first;
        found->second.life = proxy.life;
      }
      Seen& state = found->second;
      state.down.reset();
      if (state.life != proxy.life) {
        state.life = proxy.life;
        state.restarted = true;
        state.certificate.clear();
      }
      if (proxy.certificate.empty()) continue;
      if (!state.certificate.empty() && state.certificate != proxy.certificate) state.rotated = true;
      state.certificate = proxy.certificate;
    }
  }
  std::size_t rotated = 0;
  std::vector<std::string> kept;
  for (const auto& [process, state] : ran) {
    if (state.rotated)
      ++rotated;
    else
      kept.push_back(process + (state.down        ? fmt::format(" (down since {})", duration_text(*state.down))
                                : state.restarted ? " (restarted)"
                                                  : ""));
  }
  Outcome out;
  out.silent = ran.empty();
  out.holds = kept.empty() && rotated > 0;
  out.seen = fmt::format("{} of {} instances that ran", rotated, ran.size());
  if (!out.holds)
    out.why = ran.empty() ? "no instance ran"
                          : fmt::format("no new certificate came while it ran in {}", fmt::join(kept, ", "));
  return out;
}

Outcome evaluate_refusals_known(const Observations& seen, Duration from, Duration to) {
  Outcome out;
  out.silent = true;
  std::map<std::pair<std::string, std::string>, Duration> unknown_since;  // of a process and a type
  for (const StateSample& sample : seen.samples) {
    if (sample.at < from || sample.at > to) continue;
    // The time of an outage does not count.
    std::erase_if(unknown_since, [&](const auto& entry) {
      const auto& [process, type] = entry.first;
      return !heard(process, sample) || !sample.proxies.at(process).refusals.contains(type);
    });
    if (!sample.rollout) continue;
    out.silent = false;
    for (const auto& [process, proxy] : sample.proxies) {
      if (!heard(process, sample)) continue;
      const auto& told = sample.rollout->proxies.at(process).refusals;
      for (const auto& [type, text] : proxy.refusals) {
        auto since = unknown_since.try_emplace({process, type}, sample.at).first;
        if (told.contains(type))
          unknown_since.erase(since);
        else if (!out.when && sample.at - since->second > refusal_delay_max) {
          out.when = since->second;
          out.why = fmt::format("{} refused the last {}, and the control plane does not know: {}", process, type, text);
        }
      }
    }
  }
  out.holds = !out.silent && !out.when;
  out.seen = out.silent ? "the control plane said nothing" : out.holds ? "all refusals" : "not all refusals";
  return out;
}

std::optional<std::string> not_converged(const Scenario& scenario, const Observations& seen,
                                         const StateSample& sample) {
  if (std::ranges::none_of(sample.proxies, [](const auto& entry) { return entry.second.up; })) return "no proxy runs";
  KnownEndpoints endpoints(scenario, seen, sample);
  for (const auto& [process, proxy] : sample.proxies) {
    if (!proxy.up) continue;
    if (!proxy.refusals.empty()) return refusal_text(process, proxy.refusals);
    if (!proxy.ready) return fmt::format("{} waits for configuration", process);
    const Instance* instance = endpoints.instance(process);
    const Service* service = instance ? endpoints.service(instance->service) : nullptr;
    if (service == nullptr) continue;
    for (const Outbound& outbound : service->calls) {
      KnownEndpoints::Wanted running = endpoints.wanted(*instance, outbound);
      std::set<std::string> knows = endpoints.judged(proxy.endpoints.of(outbound.to));
      if (!running.is(knows)) {
        return fmt::format("{} knows [{}] of {}, running are [{}]", process, fmt::join(knows, " "), outbound.to,
                           fmt::join(running.all, " "));
      }
    }
  }
  if (auto apart = storeless(scenario, sample)) return apart;
  if (auto apart = zones_apart(scenario, sample)) return apart;
  // A proxy may be content with what it has; only the control plane knows what it should have.
  if (!sample.rollout) return "the control plane did not say what the proxies run";
  if (auto written = last_write(seen, sample.at); written && sample.rollout->at < *written)
    return fmt::format("the control plane has not said what the proxies run since the write at {}",
                       duration_text(*written));
  for (const std::string& zone : sample.rollout->zones_behind) {
    const Zone* of = scenario.find_zone(zone);
    // Of one that is lost Global may not know yet.
    if (of != nullptr && !sample.silent.contains(of->control_plane.name))
      return fmt::format("zone {} has not taken all that {} gives it", zone, scenario.control_plane.name);
  }
  for (const auto& [process, proxy] : sample.proxies) {
    if (!proxy.up) continue;
    if (proxy.cut_off) return cut_off_text(process);
    auto known = sample.rollout->proxies.find(process);
    if (known == sample.rollout->proxies.end() || !known->second.connected)
      return fmt::format("{} is not connected to the control plane", process);
    if (!known->second.refusals.empty()) return refusal_text(process, known->second.refusals);
    if (!known->second.current) return fmt::format("{} has not taken its newest configuration", process);
  }
  if (sample.rollout->behind) return "the control plane has not sent out all that was written";
  return std::nullopt;
}

Outcome evaluate_paths(const Predicate& predicate, const Observations& seen, Duration from, Duration to) {
  using Kind = PathTrouble::Kind;
  Kind wanted = predicate.kind == Predicate::Kind::share_trust           ? Kind::distrust
                : predicate.kind == Predicate::Kind::no_plaintext_window ? Kind::plaintext
                                                                         : Kind::black_hole;
  Outcome out;
  std::size_t count = 0;
  for (const PathTrouble& trouble : seen.troubles) {
    if (trouble.kind != wanted || trouble.begin > to || (trouble.end && *trouble.end <= from)) continue;
    if (++count > 1) continue;
    out.when = std::max(trouble.begin, from);
    std::string until = trouble.end ? "until " + duration_text(*trouble.end) : "to the end";
    out.why = fmt::format("{} -> {}{}: {} ({})", trouble.from, trouble.to,
                          trouble.server.empty() ? "" : " (" + trouble.server + ")", trouble.why, until);
  }
  auto looks = seen.paths ? std::ranges::count_if(*seen.paths, [&](Duration at) { return at >= from && at <= to; }) : 0;
  out.silent = looks == 0;
  out.holds = !out.silent && count == 0;
  out.seen = out.silent ? "no call was looked at" : fmt::format("{} times, looked at {} times", count, looks);
  return out;
}

}  // namespace kumasim::scenario
