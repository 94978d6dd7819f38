/// The engine: one loop of load, actions and samples over any world.
#include "kumasim/scenario/runner.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "kumasim/sim/hash.hpp"
#include "kumasim/sim/seeded_random.hpp"
#include "scenarios/engine/law.hpp"
#include "scenarios/engine/reader.hpp"

namespace kumasim::scenario {
namespace {

constexpr Duration sample_period = std::chrono::milliseconds(250);
constexpr Duration drain = std::chrono::seconds(3);

class Engine {
 public:
  Engine(const Scenario& scenario, const Plan& plan, MeshWorld& world, WorldRun& run, const Progress& progress,
         RunLimits limits)
      : scenario_(scenario), plan_(plan), world_(world), run_(run), progress_(progress), limits_(limits) {}

  void go() {
    run_.plan = plan_lines(plan_);
    if (Result<> up = world_.set_up(); !up) {
      run_.problems.push_back(
          {kind_of(up.error(), Problem::Kind::set_up), "the mesh did not come up: " + up.error().message});
      note_refusals(world_.sample());
      finish();
      return;
    }
    seen_.addresses = world_.addresses();
    for (const ResourceText& resource : scenario_.resources) {
      ResourceName is = resource_name(resource.body);
      seen_.resources.push_back({is.type, is.name, Duration(0)});
    }
    for (const Action& action : plan_.actions) {
      world_.at(action.at, [this, &action] { act(action); });
    }
    for (std::size_t i = 0; i < scenario_.load.size(); ++i) {
      sources_.push_back(std::make_unique<Source>(scenario_.load[i], sim::mix(sim::hash_text("load", plan_.seed), i)));
      Source& source = *sources_.back();
      world_.at(source.load.start, [this, &source] { generate(source); });
    }
    sample();
    if (Result<> ran = world_.run_until(scenario_.duration + drain); !ran)
      run_.problems.push_back({kind_of(ran.error(), Problem::Kind::internal), ran.error().message, world_.now()});
    settle_unanswered();
    finish();
    run_.verdicts = judge(scenario_, seen_);
    run_.flows = flows_of(scenario_, seen_);
    run_.timeline = seen_.timeline;
  }

 private:
  struct Source {
    Source(const Load& what, std::uint64_t seed) : load(what), random(seed), next(what.start) {}
    const Load& load;
    sim::SeededRandom random;
    Duration next;
    std::size_t turn = 0;
  };

  using Way = std::pair<std::string, std::string>;
  static Way way(const std::string& a, const std::string& b) { return a < b ? Way(a, b) : Way(b, a); }

  static Problem::Kind kind_of(const Error& error, Problem::Kind otherwise) {
    if (error.code == Code::cancelled) return Problem::Kind::interrupted;
    return error.code == Code::internal ? Problem::Kind::internal : otherwise;
  }

  /// Each refusal once, when it is seen first.
  void note_refusals(const StateSample& sample) {
    for (const auto& [process, proxy] : sample.proxies) {
      for (const auto& [type, text] : proxy.refusals) {
        bool known = std::ranges::any_of(run_.refusals, [&](const Refusal& other) {
          return other.proxy == process && other.type == type && other.text == text;
        });
        if (!known) run_.refusals.push_back({sample.at, process, type, text});
      }
    }
  }

  void finish() {
    std::vector<Problem> more = world_.problems();
    run_.problems.insert(run_.problems.end(), more.begin(), more.end());
    run_.uninterpreted = world_.uninterpreted();
    run_.setup = world_.setup_length();
    run_.simulated = run_.setup + world_.now();
    run_.events = world_.events();
    run_.fingerprint = world_.fingerprint();
  }

  void act(const Action& action) {
    using Kind = Action::Kind;
    seen_.timeline.push_back({world_.now(), action.text, action.fault, action.recovery});
    for (const std::string& process : action.processes) {
      switch (action.kind) {
        case Kind::kill:
          killed_[process].push_back(world_.now());
          world_.kill(process);
          break;
        case Kind::start: world_.start(process); break;
        case Kind::restart:
          killed_[process].push_back(world_.now());
          world_.kill(process);
          world_.start(process);
          break;
        case Kind::pause: world_.pause(process); break;
        case Kind::resume: world_.resume(process); break;
        default: break;
      }
    }
    for (const std::string& a : action.side_a) {
      for (const std::string& b : action.side_b) {
        if (a == b) continue;
        switch (action.kind) {
          case Kind::partition:
            world_.partition(a, b);
            cut_.insert(way(a, b));
            break;
          case Kind::heal:
            world_.heal(a, b);
            cut_.erase(way(a, b));
            break;
          case Kind::set_link: world_.set_link(a, b, action.link); break;
          case Kind::reset_link: world_.reset_link(a, b); break;
          default: break;
        }
      }
    }
    auto done = [this, &action](std::string problem) {
      if (!problem.empty()) {
        std::string text = action.text + " was refused: " + problem;
        seen_.timeline.push_back({world_.now(), text, false, false});
        run_.problems.push_back({Problem::Kind::refused_change, std::move(text), world_.now()});
      }
      seen_.resources.push_back(
          {action.type, action.name, world_.now(), std::move(problem), action.kind == Action::Kind::remove});
    };
    if (action.kind == Kind::apply) world_.apply(action.resource, done);
    if (action.kind == Kind::remove) world_.remove(action.type, action.mesh, action.name, done);
  }

  void generate(Source& source) {
    Duration now = world_.now();
    const Load& load = source.load;
    if (now >= load.end) return;
    call(source);
    Duration gap =
        load.poisson ? sim::DelayLaw::exponential(load.between_calls).draw(source.random) : load.between_calls;
    source.next += std::max(gap, Duration(1));  // from when it was due, so that a late machine does not thin the load
    world_.at(source.next, [this, &source] { generate(source); });
  }

  /// The running instances of the caller take turns.
  void call(Source& source) {
    std::vector<const Instance*> callers;
    for (const Instance& instance : scenario_.instances) {
      if (instance.service == source.load.from && world_.up(instance.process)) callers.push_back(&instance);
    }
    if (callers.empty()) return;
    if (seen_.calls.size() >= limits_.calls_max) return give_up();
    const Instance& caller = *callers[source.turn++ % callers.size()];
    std::size_t index = seen_.calls.size();
    CallRecord record;
    record.start = world_.now();
    record.from = source.load.from;
    record.to = source.load.to;
    record.from_process = caller.process;
    record.path = source.load.path;
    record.why = "no answer before the end of the run";
    seen_.calls.push_back(std::move(record));
    answered_.push_back(false);
    world_.call({caller.process, source.load.to, source.load.path}, [this, index](CallRecord answer) {
      CallRecord& asked = seen_.calls[index];
      answer.start = asked.start;
      answer.from = asked.from;
      answer.to = asked.to;
      answer.from_process = asked.from_process;
      answer.path = asked.path;
      asked = std::move(answer);
      answered_[index] = true;
    });
  }

  /// What is not called is not judged: such a run proves nothing of its second half.
  void give_up() {
    if (gave_up_) return;
    gave_up_ = true;
    run_.problems.push_back({Problem::Kind::load,
                             fmt::format("the load comes to more than {} calls, which is all that one run can keep; "
                                         "lower the rates or the duration",
                                         limits_.calls_max),
                             world_.now()});
  }

  /// A call whose caller died did not fail: nobody waits for its answer.
  void settle_unanswered() {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < seen_.calls.size(); ++i) {
      const CallRecord& call = seen_.calls[i];
      bool orphaned = !answered_[i] &&
                      std::ranges::any_of(killed_[call.from_process], [&](Duration at) { return at >= call.start; });
      if (orphaned) continue;
      if (kept != i) seen_.calls[kept] = std::move(seen_.calls[i]);
      ++kept;
    }
    seen_.calls.resize(kept);
  }

  void sample() {
    StateSample sample = world_.sample();
    sample.at = world_.now();
    for (auto& [process, proxy] : sample.proxies)
      proxy.cut_off = cut_.contains(way(process, scenario_.control_plane.name));
    note_refusals(sample);
    seen_.samples.push_back(std::move(sample));
    if (progress_) progress_(world_.now(), scenario_.duration);
    Duration next = world_.now() + sample_period;
    if (next <= scenario_.duration) world_.at(next, [this] { this->sample(); });
  }

  const Scenario& scenario_;
  const Plan& plan_;
  MeshWorld& world_;
  WorldRun& run_;
  const Progress& progress_;
  RunLimits limits_;
  bool gave_up_ = false;
  Observations seen_;
  std::vector<bool> answered_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::map<std::string, std::vector<Duration>> killed_;
  std::set<Way> cut_;  // ways that are partitioned
};

}  // namespace

void run_scenario(const Scenario& scenario, const Plan& plan, MeshWorld& world, WorldRun& run, const Progress& progress,
                  RunLimits limits) {
  Engine(scenario, plan, world, run, progress, limits).go();
}

}  // namespace kumasim::scenario
