/// The engine: one loop of load, actions and samples over any world.
#include "kumasim/scenario/runner.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "scenarios/engine/active_faults.hpp"
#include "scenarios/engine/load_generator.hpp"
#include "scenarios/engine/reader.hpp"
#include "scenarios/engine/triggers.hpp"

namespace kumasim::scenario {
namespace {

constexpr Duration sample_period = std::chrono::milliseconds(250);
constexpr Duration drain = std::chrono::seconds(3);

class Engine {
 public:
  Engine(const Scenario& scenario, const Plan& plan, MeshWorld& world, WorldRun& run, const Progress& progress,
         RunLimits limits)
      : scenario_(scenario),
        plan_(plan),
        world_(world),
        run_(run),
        progress_(progress),
        limits_(limits),
        load_(scenario, world, plan.seed,
              [this](const Load& load, const Instance& caller, std::function<void()> answered) {
                call(load, caller, answered);
              }) {}

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
    world_.watch_lives([this](const std::string& process, bool up) { note_life(process, up); });
    if (triggers_.any()) told_ = world_.watch([this](const Event& event) { triggers_.see(event); });
    for (const Action& action : plan_.actions) {
      world_.at(action.at, [this, &action] { act(action); });
    }
    load_.start();
    world_.on_inner_call([this](CallRecord call) { note_inner_call(std::move(call)); });
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
    // Something else has ended it before.
    if (action.kind == Kind::end && !faults_.end(action.order)) return;
    seen_.timeline.push_back({world_.now(), action.text, action.fault, action.recovery});
    if (action.kind == Kind::begin) begin(action.order);
    if (action.kind == Kind::end) tell("fault.ended", *action.order.kind);
    auto done = [this, &action](std::string problem) {
      if (!problem.empty()) {
        std::string text = action.text + " was refused: " + problem;
        seen_.timeline.push_back({world_.now(), text, false, false});
        run_.problems.push_back({Problem::Kind::refused_change, std::move(text), world_.now()});
      }
      bool removed = action.kind == Action::Kind::remove;
      if (problem.empty())
        triggers_.see(
            {removed ? "resource.deleted" : "resource.applied", {{"type", action.type}, {"name", action.name}}});
      seen_.resources.push_back({action.type, action.name, world_.now(), std::move(problem), removed});
    };
    if (action.kind == Kind::apply) world_.apply(action.resource, done);
    if (action.kind == Kind::remove) world_.remove(action.type, action.mesh, action.name, done);
  }

  void begin(const FaultOrder& order) {
    std::vector<FaultOrder> ended = faults_.begin(order);
    if (order.kind->heals.empty()) tell("fault.begun", *order.kind);
    for (const FaultOrder& healed : ended) tell("fault.ended", *healed.kind);
  }

  void tell(std::string_view event, const fault::Kind& kind) {
    triggers_.see({.name = event, .fields = {{"fault", std::string(kind.name)}}});
  }

  void note_life(const std::string& process, bool up) {
    if (!up) killed_[process].push_back(world_.now());
    triggers_.see(event_of(scenario_, up ? "process.started" : "process.killed", process));
  }

  void call(const Load& load, const Instance& caller, const std::function<void()>& answered) {
    if (seen_.calls.size() >= limits_.calls_max) return give_up();
    std::size_t index = seen_.calls.size();
    CallRecord record;
    record.start = world_.now();
    record.from = load.from;
    record.to = load.to;
    record.from_process = caller.process;
    record.path = load.path;
    record.why = "no answer before the end of the run";
    seen_.calls.push_back(std::move(record));
    answered_.push_back(false);
    world_.call({caller.process, load.to, load.path, load.timeout, load.retries},
                [this, index, answered](CallRecord answer) {
                  CallRecord& asked = seen_.calls[index];
                  answer.start = asked.start;
                  answer.from = asked.from;
                  answer.to = asked.to;
                  answer.from_process = asked.from_process;
                  answer.path = asked.path;
                  asked = std::move(answer);
                  answered_[index] = true;
                  if (answered) answered();
                });
  }

  void note_inner_call(CallRecord call) {
    if (seen_.calls.size() >= limits_.calls_max) return give_up();
    seen_.calls.push_back(std::move(call));
    answered_.push_back(true);
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
    for (auto& [process, proxy] : sample.proxies) proxy.cut_off = faults_.cut(process, scenario_.control_plane.name);
    note_refusals(sample);
    if (triggers_.any() && !told_ && !seen_.samples.empty()) triggers_.compare(seen_.samples.back(), sample);
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
  LoadGenerator load_;
  std::map<std::string, std::vector<Duration>> killed_;
  ActiveFaults faults_{world_};
  Triggers triggers_{scenario_, plan_, world_, [this](const Action& action) { act(action); }};
  bool told_ = false;  // the world tells the events of its proxies
};

}  // namespace

void run_scenario(const Scenario& scenario, const Plan& plan, MeshWorld& world, WorldRun& run, const Progress& progress,
                  RunLimits limits) {
  Engine(scenario, plan, world, run, progress, limits).go();
}

}  // namespace kumasim::scenario
