#include "tests/real_envoy/generated_comparison.hpp"

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "kumasim/sim/seeded_random.hpp"
#include "tests/real_envoy/generated_calls.hpp"
#include "tests/real_envoy/generated_clusters.hpp"
#include "tests/real_envoy/generated_envoy.hpp"
#include "tests/real_envoy/scratch_folder.hpp"
#include "tests/real_envoy/traffic_real.hpp"
#include "tests/real_envoy/traffic_simulated.hpp"

namespace kumasim::test {
namespace {

constexpr int at_a_time = 2;
constexpr std::size_t calls_of_each = 25;
/// Runs of the simulated Envoy at most, where its choices are left to chance.
constexpr std::uint64_t runs_max = 300;

const nlohmann::json& node() {
  static const nlohmann::json out{
      {"id", "default.generated"},
      {"cluster", "generated"},
      {"metadata", {{"dataplane.admin.port", "9901"}, {"dataplane.proxyType", "dataplane"}}}};
  return out;
}

/// What the simulated Envoy comes to, run by run.
class Simulated {
 public:
  Simulated(const TrafficSnapshot& served, const std::vector<GeneratedCall>& calls, std::uint64_t seed)
      : served_(served), calls_(calls), seed_(seed), seen_(calls.size()) {}

  void run() {
    SimulatedSide side(served_, seed_ + runs_++);
    trouble_ = side.trouble();
    std::vector<std::string> why;
    auto observed = side.observe(calls_, why);
    for (std::size_t i = 0; i < observed.size(); ++i) seen_[i].insert(observed[i]);
    if (runs_ > 1) return;
    first_ = std::move(observed);
    why_ = std::move(why);
  }
  bool explains(const std::vector<Observation>& real) const {
    for (std::size_t i = 0; i < real.size(); ++i)
      if (!comes_to(i, real[i])) return false;
    return true;
  }
  bool comes_to(std::size_t call, const Observation& real) const { return seen_[call].contains(real); }
  bool first_comes_to(std::size_t call, const Observation& real) const { return first_[call] == real; }

  std::uint64_t runs() const { return runs_; }
  const std::string& trouble() const { return trouble_; }
  const Observation& first(std::size_t call) const { return first_[call]; }
  const std::set<Observation>& outcomes(std::size_t call) const { return seen_[call]; }
  const std::string& why(std::size_t call) const { return why_[call]; }

 private:
  const TrafficSnapshot& served_;
  const std::vector<GeneratedCall>& calls_;
  std::uint64_t seed_, runs_ = 0;
  std::string trouble_;
  std::vector<std::set<Observation>> seen_;
  std::vector<Observation> first_;
  std::vector<std::string> why_;
};

class Comparing {
 public:
  explicit Comparing(const GeneratedOptions& options) : options_(options) {
    next_ = options.only.value_or(0);
    end_ = options.only ? next_ + 1 : options.configurations;
    std::vector<std::thread> threads;
    for (int i = 0; i < at_a_time; ++i)
      threads.emplace_back([this] {
        while (auto number = take()) compare(*number);
      });
    for (std::thread& thread : threads) thread.join();
    std::ranges::stable_sort(out.differences, {},
                             [](const TrafficDifference& d) { return std::pair(d.id.size(), d.id); });
  }
  GeneratedComparison out;

 private:
  std::optional<std::size_t> take() {
    std::lock_guard lock(mutex_);
    if (out.impossible || next_ == end_) return std::nullopt;
    return next_++;
  }

  void compare(std::size_t number) {
    const std::uint64_t seed = sim::SeededRandom(options_.seed * 1'000'003 + number).next();
    const GeneratedEnvoy generated = generate_envoy(seed);
    const ScratchFolder folder, again;
    const TrafficSnapshot served = served_of(generated, folder);
    const auto calls = generate_drawn_calls(served, seed, calls_of_each, generated.slow);
    const std::string id = fmt::format("generated/{}", number);
    if (options_.only) fmt::print(stderr, "{}\n{}\n", id, generated.document.dump(1));

    Simulated simulated(served, calls, seed);
    simulated.run();
    Real real = observe(served, folder, calls);
    // A busy machine can keep an Envoy from its start once; what Envoy refuses, it refuses again.
    if (!real.impossible && !real.refused.empty() && simulated.trouble().empty()) {
      const ScratchFolder anew;
      fmt::print(stderr, "{}: started once more after: {}\n", id, real.refused);
      real = observe(served_of(generated, anew), anew, calls);
    }
    if (real.impossible || simulated.trouble().empty() != real.refused.empty() || real.seen.empty()) {
      std::lock_guard lock(mutex_);
      if (real.impossible) out.impossible = real.impossible;
      out.pairs += calls.size();
      out.differences.push_back({id, "", "start", simulated.trouble(), real.refused, ""});
      return;
    }
    while (simulated.runs() < runs_max && !simulated.explains(real.seen)) simulated.run();
    // What is too rare to be met by as many runs is not met twice.
    Real second = real;
    if (!simulated.explains(real.seen)) second = observe(served_of(generated, again), again, calls);
    take_in(id, calls, real, second.seen.empty() ? real : second, simulated);
  }

  struct Real {
    std::optional<Error> impossible;
    std::string refused;
    std::vector<Observation> seen;
  };

  static std::filesystem::path log_in(const ScratchFolder& folder) { return folder.path() / "calls.log"; }

  static TrafficSnapshot served_of(const GeneratedEnvoy& generated, const ScratchFolder& folder) {
    TrafficSnapshot out = traffic_snapshot(generated.snapshot, log_in(folder));
    out.applications = generated_applications();
    return out;
  }

  static Real observe(const TrafficSnapshot& served, const ScratchFolder& folder,
                      const std::vector<GeneratedCall>& calls) {
    Real out;
    auto side = RealSide::start(served, {.node = node(), .folder = folder.path()}, log_in(folder));
    if (!side && side.error().code != Code::unavailable)
      out.impossible = side.error();
    else if (!side)
      out.refused = side.error().message;
    else {
      out.refused = refusal((*side)->envoy());
      out.seen = (*side)->observe(calls);
    }
    return out;
  }

  static std::string refusal(const RealEnvoy& envoy) {
    std::string out = envoy.trouble();
    for (const auto& each : envoy.refusals()) out += "\n" + each.message;
    return out;
  }

  void take_in(const std::string& id, const std::vector<GeneratedCall>& calls, const Real& first, const Real& second,
               const Simulated& simulated) {
    std::lock_guard lock(mutex_);
    out.refused += !first.refused.empty();
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const Observation& real = first.seen[i];
      if (options_.only)
        fmt::print(stderr, "{}\n  simulated: {}\n  real:      {}\n", describe(calls[i]), to_text(simulated.first(i)),
                   to_text(real));
      ++out.pairs;
      out.reached += !real.upstream.empty();
      const bool met = simulated.comes_to(i, real);
      if (met || simulated.comes_to(i, second.seen[i])) {
        ++out.same;
        out.by_chance += !simulated.first_comes_to(i, real);
        out.rare += !met;
        continue;
      }
      std::string wanted = to_text(simulated.first(i));
      if (auto count = simulated.outcomes(i).size(); count > 1) wanted += fmt::format(" (one of {})", count);
      if (options_.only)
        for (const Observation& each : simulated.outcomes(i)) wanted += "\n    or: " + to_text(each);
      out.differences.push_back({id, "", describe(calls[i]), std::move(wanted), to_text(real), simulated.why(i)});
    }
  }

  const GeneratedOptions& options_;
  std::mutex mutex_;
  std::size_t next_ = 0, end_ = 0;
};

}  // namespace

GeneratedComparison compare_generated(const GeneratedOptions& options) {
  Comparing done(options);
  return std::move(done.out);
}

}  // namespace kumasim::test
