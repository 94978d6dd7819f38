#include "tests/real_envoy/traffic_comparison.hpp"

#include <algorithm>
#include <fstream>
#include <mutex>

#include <fmt/format.h>

#include "tests/real_envoy/corpus_case.hpp"
#include "tests/real_envoy/over_cases.hpp"
#include "tests/real_envoy/traffic_real.hpp"
#include "tests/real_envoy/traffic_simulated.hpp"

namespace kumasim::test {
namespace {

/// Of a call whose cluster is left to chance.
constexpr int random_repetitions = 4;

/// The same for a case in every run with a seed (FNV-1a).
std::uint64_t seed_of(const std::string& id, std::uint64_t seed) {
  std::uint64_t hash = 14695981039346656037ull ^ seed;
  for (char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash;
}

struct Prepared {
  const CorpusProxy* proxy;
  std::filesystem::path access_log;
  TrafficSnapshot served;
  CallPlan plan;
};

class Comparing {
 public:
  Comparing(const std::vector<cp::golden::Case>& cases, TrafficOptions options) : options_(options) {
    over_cases("real_envoy_traffic", cases, [this](const cp::golden::Case& subject) { return run(subject); });
    std::ranges::stable_sort(out.differences, {}, [](const TrafficDifference& d) { return d.id; });
  }
  TrafficComparison out;

 private:
  /// False where no Envoy can run here.
  bool run(const cp::golden::Case& subject) {
    auto loaded = load(subject);
    auto prepared = prepare(loaded);
    std::size_t calls = 0, agreed = 0;
    std::vector<TrafficDifference> differences;
    for (const auto& each : prepared) {
      auto failed = compare(loaded.id, each, calls, agreed, differences);
      if (!failed) continue;
      std::lock_guard lock(mutex_);
      out.impossible = *failed;
      return false;
    }
    std::lock_guard lock(mutex_);
    if (prepared.empty()) {
      ++out.without;
      return true;
    }
    out.fewest = out.cases == 0 ? calls : std::min(out.fewest, calls);
    ++out.cases;
    out.calls += calls;
    out.agreed += agreed;
    std::ranges::move(differences, std::back_inserter(out.differences));
    return true;
  }

  std::vector<Prepared> prepare(const CorpusCase& loaded) const {
    std::vector<Prepared> all;
    for (const auto& proxy : loaded.proxies) {
      Prepared one{&proxy, proxy.folder->path() / "calls.log", {}, {}};
      one.served = traffic_snapshot(*proxy.snapshot, one.access_log);
      one.plan = generate_calls(one.served, seed_of(loaded.id + proxy.name, options_.seed));
      one.served.applications.insert(one.plan.passed_to.begin(), one.plan.passed_to.end());
      if (!one.plan.calls.empty()) all.push_back(std::move(one));
    }
    if (all.size() > 1 && !options_.every_proxy) {
      auto most = std::ranges::max_element(all, {}, [](const Prepared& p) { return p.plan.matches; });
      std::iter_swap(all.begin(), most);
      all.erase(all.begin() + 1, all.end());
    }
    return all;
  }

  /// An error where no Envoy can be had at all.
  std::optional<Error> compare(const std::string& id, const Prepared& subject, std::size_t& calls, std::size_t& agreed,
                               std::vector<TrafficDifference>& differences) const {
    const auto& plan = subject.plan;
    std::vector<ExpectedVerdict> expected;
    std::string trouble;
    {
      SimulatedSide simulated(subject.served, seed_of(id, options_.seed));
      trouble = simulated.trouble();
      for (const auto& call : plan.calls) expected.push_back(simulated.call(call, plan));
    }
    auto real = RealSide::start(subject.served, subject.proxy->options(), subject.access_log);
    if (!real && real.error().code != Code::unavailable) return real.error();
    std::string refused;
    if (!real)
      refused = real.error().message;
    else if (!(*real)->envoy().ready())
      refused = (*real)->envoy().trouble();
    for (std::size_t i = 0; real && i < (*real)->envoy().refusals().size(); ++i)
      refused += "\n" + (*real)->envoy().refusals()[i].message;
    if (trouble.empty() != refused.empty())
      differences.push_back({id, subject.proxy->name, "start", trouble, refused, ""});
    if (!real) return std::nullopt;
    std::vector<GeneratedCall> made;
    std::vector<std::size_t> of;
    for (std::size_t i = 0; i < plan.calls.size(); ++i)
      for (int times = expected[i].random() ? random_repetitions : 1; times > 0; --times) {
        made.push_back(plan.calls[i]);
        of.push_back(i);
      }
    auto verdicts = (*real)->call(made);
    std::vector<bool> differs(plan.calls.size());
    for (std::size_t i = 0; i < made.size(); ++i) {
      const auto& wanted = expected[of[i]];
      if (differs[of[i]] || agree(wanted, verdicts[i])) continue;
      differs[of[i]] = true;
      differences.push_back(
          {id, subject.proxy->name, describe(made[i]), to_text(wanted.verdict), to_text(verdicts[i]), wanted.why});
    }
    calls += plan.calls.size();
    agreed += static_cast<std::size_t>(std::ranges::count(differs, false));
    return std::nullopt;
  }

  TrafficOptions options_;
  std::mutex mutex_;
};

}  // namespace

TrafficComparison compare_traffic(const std::vector<cp::golden::Case>& cases, TrafficOptions options) {
  Comparing done(cases, options);
  return std::move(done.out);
}

std::vector<KnownDifference> known_differences(const std::string& list) {
  std::ifstream file(std::filesystem::path(KUMASIM_SOURCE_DIR) / "tests/real_envoy/known_differences.json");
  std::vector<KnownDifference> out;
  const nlohmann::json all = nlohmann::json::parse(file);
  for (const nlohmann::json& each : all.at(list))
    out.push_back({each.at("case"), each.at("call"), each.at("simulated"), each.at("real"), each.at("reason")});
  return out;
}

}  // namespace kumasim::test
