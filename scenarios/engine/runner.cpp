/// The engine: one loop of load, actions and samples over any world.
#include "kumasim/scenario/runner.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "scenarios/engine/active_faults.hpp"
#include "scenarios/engine/known_endpoints.hpp"
#include "scenarios/engine/load_generator.hpp"
#include "scenarios/engine/resource_faults.hpp"
#include "scenarios/engine/triggers.hpp"

namespace kumasim::scenario {
namespace {

constexpr Duration sample_period = std::chrono::milliseconds(250);
/// A run goes on for so long after its end, and then until what was called is answered or given up.
constexpr Duration drain = std::chrono::seconds(3);
constexpr Duration drain_step = std::chrono::seconds(1);

class Engine {
 public:
  Engine(const Scenario& scenario, const Plan& plan, MeshWorld& world, WorldRun& run, const Progress& progress,
         RunLimits limits, const RunWatch& watch)
      : scenario_(scenario),
        plan_(plan),
        world_(world),
        run_(run),
        progress_(progress),
        limits_(limits),
        watch_(watch),
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
      seen_.resources.push_back({.type = is.type,
                                 .name = is.name,
                                 .specification = specification_of(resource.body),
                                 .zone = resource.zone,
                                 .routing = zone_routing_of(resource.body)});
    }
    world_.watch_lives([this](const std::string& process, bool up) { note_life(process, up); });
    if (watch_.branch) triggers_.on_first(watch_.branch);
    bool of_paths = std::ranges::any_of(scenario_.expectations, &Predicate::of_paths, &Expectation::that);
    if (of_paths && world_.watch_paths()) seen_.paths.emplace();
    if (triggers_.any()) told_ = world_.watch([this](const Event& event) { triggers_.see(event); });
    for (const Action& action : plan_.actions) {
      world_.at(action.at, [this, &action] { act(action); });
    }
    load_.start();
    world_.on_inner_call([this](CallRecord call) { note_inner_call(std::move(call)); });
    sample();
    if (Result<> ran = run_to_the_end(); !ran)
      run_.problems.push_back({kind_of(ran.error(), Problem::Kind::internal), ran.error().message, world_.now()});
    settle_unanswered();
    finish();
    if (seen_.paths) world_.tell_paths(seen_);
    if (watch_.look) watch_.look(seen_);
    if (watch_.until) return;
    run_.verdicts = judge(scenario_, seen_);
    if (!run_.verdicts.empty() && std::ranges::all_of(run_.verdicts, &Verdict::skipped))
      run_.problems.push_back(
          {Problem::Kind::set_up, "this world can judge none of the expectations: " + run_.verdicts.front().seen});
    run_.flows = flows_of(scenario_, seen_);
    run_.course = course_of(scenario_, seen_);
    run_.timeline = seen_.timeline;
  }

 private:
  static Problem::Kind kind_of(const Error& error, Problem::Kind otherwise) {
    if (error.code == Code::cancelled) return Problem::Kind::interrupted;
    return error.code == Code::internal ? Problem::Kind::internal : otherwise;
  }

  Result<> run_to_the_end() {
    Duration end = scenario_.duration + drain;
    if (watch_.until) return world_.run_until(std::min(end, *watch_.until));
    Result<> ran = world_.run_until(end);
    while (ran && end < patience_ends_ && somebody_waits()) {
      end = std::min(end + drain_step, patience_ends_);
      ran = world_.run_until(end);
    }
    return ran;
  }

  bool somebody_waits() const {
    for (std::size_t i = 0; i < answered_.size(); ++i)
      if (!answered_[i] && !orphaned(i)) return true;
    return false;
  }

  /// Its caller has died since.
  bool orphaned(std::size_t call) const {
    auto kills = killed_.find(seen_.calls[call].from_process);
    return kills != killed_.end() &&
           std::ranges::any_of(kills->second, [&](Duration at) { return at >= seen_.calls[call].start; });
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
    if (action.kind == Kind::begin) begin(action);
    if (action.kind == Kind::end) note_end(action.order);
    auto done = [this, &action](std::string problem) {
      if (problem.empty())
        resource_faults_.note_change(action.zone, {action.type, action.mesh, action.name}, action.resource);
      if (!problem.empty()) {
        std::string text = action.text + " was refused: " + problem;
        seen_.timeline.push_back({world_.now(), text, false, false});
        run_.problems.push_back({Problem::Kind::refused_change, std::move(text), world_.now()});
      }
      bool removed = action.kind == Action::Kind::remove;
      if (problem.empty() && world_.now() > action.at + std::chrono::seconds(1))
        seen_.timeline.push_back({world_.now(), action.text + " was taken", false, false});
      if (problem.empty())
        triggers_.see(
            {removed ? "resource.deleted" : "resource.applied", {{"type", action.type}, {"name", action.name}}});
      seen_.resources.push_back({action.type, action.name, world_.now(), std::move(problem), removed,
                                 removed ? std::string() : specification_of(action.resource), action.zone,
                                 removed ? ZoneRouting() : zone_routing_of(action.resource)});
    };
    if (action.kind == Kind::apply) world_.apply(action.zone, action.resource, done);
    if (action.kind == Kind::remove) world_.remove(action.zone, {action.type, action.mesh, action.name}, done);
  }

  void begin(const Action& action) {
    const FaultOrder& order = action.order;
    if (order.kind->heals.empty()) {
      seen_.faults.push_back({order.id, std::string(order.kind->name), action.text, world_.now()});
      if (!order.kind->lasting) seen_.faults.back().end = world_.now();
    }
    std::vector<FaultOrder> ended = faults_.begin(order);
    if (order.kind->heals.empty()) tell("fault.begun", *order.kind);
    for (const FaultOrder& healed : ended) note_end(healed);
  }

  void note_end(const FaultOrder& order) {
    for (FaultSpan& fault : seen_.faults) {
      if (fault.id == order.id && !fault.end) fault.end = world_.now();
    }
    tell("fault.ended", *order.kind);
  }

  void tell(std::string_view event, const fault::Kind& kind) {
    triggers_.see({.name = event, .fields = {{"fault", std::string(kind.name)}}});
  }

  /// Of a fault's own writes.
  ResourceFaults::Hooks resource_hooks() {
    return {.written =
                [this](ResourceRecord record) {
                  record.at = world_.now();
                  seen_.resources.push_back(std::move(record));
                },
            .said = [this](std::string text) { seen_.timeline.push_back({world_.now(), std::move(text)}); },
            .broke =
                [this](std::string text) {
                  run_.problems.push_back({Problem::Kind::control_plane, std::move(text), world_.now()});
                }};
  }

  void tell(const CallRecord& call) {
    if (call.ok()) return;
    Event event = event_of(scenario_, call.denied ? "call.denied" : "call.failed", call.from_process);
    event.fields["to"] = call.to;
    triggers_.see(event);
  }

  void note_life(const std::string& process, bool up) {
    seen_.lives.push_back({world_.now(), process, up});
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
    patience_ends_ = std::max(patience_ends_, world_.now() + patience_of(load.timeout, load.retries));
    world_.call({caller.process, load.to, load.path, load.timeout, load.retries, load.bytes, load.head},
                [this, index, answered](CallRecord answer) {
                  CallRecord& asked = seen_.calls[index];
                  answer.start = asked.start;
                  answer.from = asked.from;
                  answer.to = asked.to;
                  answer.from_process = asked.from_process;
                  answer.path = asked.path;
                  asked = std::move(answer);
                  answered_[index] = true;
                  tell(asked);
                  if (answered) answered();
                });
  }

  void note_inner_call(CallRecord call) {
    if (seen_.calls.size() >= limits_.calls_max) return give_up();
    tell(call);
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
      if (!answered_[i] && orphaned(i)) continue;
      if (kept != i) seen_.calls[kept] = std::move(seen_.calls[i]);
      ++kept;
    }
    seen_.calls.resize(kept);
  }

  /// The replicas that have its streams; all of them where none has.
  std::vector<std::string> holders_of(const std::string& name, const ControlPlaneSpec& plane,
                                      const StateSample& sample) const {
    auto known = sample.holders.find(name);
    if (plane.replicas.empty() || known == sample.holders.end()) return plane.processes();
    return {known->second.begin(), known->second.end()};
  }

  /// From all processes of it.
  bool cut_off(const std::string& process, const ControlPlaneSpec& plane) const {
    return std::ranges::all_of(plane.processes(),
                               [&](const std::string& replica) { return faults_.cut(process, replica); });
  }

  void sample() {
    StateSample sample = world_.sample();
    sample.at = world_.now();
    for (auto& [process, proxy] : sample.proxies)
      proxy.cut_off = std::ranges::any_of(holders_of(process, scenario_.control_plane_of(process), sample),
                                          [&](const std::string& holder) { return faults_.cut(process, holder); });
    for (const Zone& zone : scenario_.zones) {
      bool cut = std::ranges::any_of(holders_of(zone.name, zone.control_plane, sample), [&](const std::string& holder) {
        return cut_off(holder, scenario_.control_plane);
      });
      if (cut) sample.zones_apart.insert(zone.name);
    }
    for (const ControlPlaneSpec* several : scenario_.replicated())
      for (const std::string& replica : several->replicas)
        if (faults_.cut(replica, several->store_process())) sample.storeless.insert(replica);
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
  const RunWatch& watch_;
  bool gave_up_ = false;
  Observations seen_;
  std::vector<bool> answered_;
  Duration patience_ends_{};  // of all calls
  LoadGenerator load_;
  std::map<std::string, std::vector<Duration>> killed_;
  ResourceFaults resource_faults_{scenario_, world_, resource_hooks()};
  AuthorityFaults authority_faults_{world_, resource_hooks()};
  ActiveFaults faults_{world_, load_, resource_faults_, authority_faults_};
  Triggers triggers_{scenario_, plan_, world_, [this](const Action& action) { act(action); }};
  bool told_ = false;  // the world tells the events of its proxies
};

}  // namespace

void run_scenario(const Scenario& scenario, const Plan& plan, MeshWorld& world, WorldRun& run, const Progress& progress,
                  RunLimits limits, const RunWatch& watch) {
  Engine(scenario, plan, world, run, progress, limits, watch).go();
}

}  // namespace kumasim::scenario
