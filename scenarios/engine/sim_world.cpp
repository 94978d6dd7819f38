/// Set-up, faults and calls on virtual time.
#include "scenarios/engine/sim_world.hpp"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/scenario/verdict.hpp"
#include "scenarios/engine/law.hpp"
#include "scenarios/engine/reader.hpp"
#include "scenarios/engine/rollout.hpp"
#include "scenarios/engine/triggers.hpp"
#include "sim/envoy/data/fabric.hpp"
#include "sim/envoy/envoy_process.hpp"

namespace kumasim::scenario {
namespace {

constexpr Duration setup_step = std::chrono::milliseconds(50);

}  // namespace

SimWorld::SimWorld(const Scenario& scenario, SimWorldOptions options)
    : scenario_(scenario),
      options_(std::move(options)),
      world_({.seed = options_.seed}),
      fabric_(std::make_unique<sim::proxy::Fabric>(world_)),
      faults_(world_, *fabric_,
              {.link = [this](const std::string& from, const std::string& to) { return link_between(from, to); },
               .stop = [this](const std::string& name, Duration grace) { stop(name, grace); },
               .set_app_faults =
                   [this](const std::string& name, const sim::InstanceFaults& faults) {
                     if (auto found = instances_.find(name); found != instances_.end())
                       found->second->set_app_faults(faults);
                   },
               .set_override = [this](const std::string& name, const std::string& set) { set_override(name, set); },
               .set_store_faults = [this](const StoreFaults& faults) { store_faults_ = faults; },
               .set_discovery_faults =
                   [this](const std::string& name, const sim::proxy::DiscoveryFaults& faults) {
                     if (auto found = instances_.find(name); found != instances_.end())
                       found->second->set_discovery_faults(faults);
                   },
               .ask_unknown =
                   [this](const std::string& name) {
                     if (auto found = instances_.find(name); found != instances_.end()) found->second->ask_unknown();
                   }}) {
  if (options_.attach) options_.attach(world_);
  if (options_.log) {
    world_.set_log([sink = options_.log](const sim::LogLine& line) {
      std::string text =
          fmt::format("{:>12.6f} {:<16} {:<5} {}: {}", static_cast<double>(line.time.time_since_epoch().count()) / 1e9,
                      line.process, to_string(line.record.level), line.record.component, line.record.message);
      for (const LogField& field : line.record.fields) text += fmt::format(" {}={}", field.key, field.value);
      sink(std::move(text));
    });
  }
  control_plane_ = &world_.add_process(scenario_.control_plane.name);
  operator_ = &world_.add_process("operator");
  for (const Instance& instance : scenario_.instances) {
    sim::Process& process = world_.add_process(instance.process);
    auto bugs = sim::EnvoyBugs::from_name(options_.planted_bug).value_or(sim::EnvoyBugs());
    instances_[instance.process] = std::make_unique<SimInstance>(*fabric_, process, scenario_, instance, bugs);
    instances_[instance.process]->set_tap(options_.tap);
  }
  for (const Link& link : scenario_.links) {
    for (const std::string& a : scenario_.processes_of(link.between[0])) {
      for (const std::string& b : scenario_.processes_of(link.between[1])) {
        if (a != b) world_.network().set_link(process(a), process(b), link_between(a, b));
      }
    }
  }
}

SimWorld::~SimWorld() {
  world_.set_life_watch({});
  operator_->kill();
  for (auto& [name, instance] : instances_) process(name).kill();
  control_plane_->kill();
}

sim::Process& SimWorld::process(const std::string& name) const {
  sim::Process* found = world_.find_process(name);
  assert(found != nullptr && "the loader knows all processes");
  return *found;
}

void SimWorld::start_operator() {
  operator_->start([this](Runtime& runtime) {
    client_ = std::make_shared<MeshClient>(runtime, fmt::format("http://{}:5681", scenario_.control_plane.name));
    spawn(runtime.executor, runtime.log, "operator", apply_resources());
  });
}

asio::awaitable<void> SimWorld::apply_resources() {
  co_await client_->wait_until_up();
  for (const ResourceText& resource : scenario_.resources) {
    std::string problem = co_await client_->apply(resource.body);
    if (problem.empty()) continue;
    ResourceName is = resource_name(resource.body);
    refused_ = fmt::format("{}: the control plane refused {} `{}`: {}", resource.origin, is.type, is.name, problem);
    co_return;
  }
  applied_ = true;
}

Result<> SimWorld::wait_for(const std::function<bool()>& ready, const std::function<std::string()>& why_not) {
  while (!ready()) {
    // A control plane that failed once may still serve some of it; the run is lost all the same.
    if (!problems_.empty()) {
      std::string text = std::move(problems_.front().text);
      problems_.clear();
      return fail(Code::unavailable, std::move(text));
    }
    if (world_.now().time_since_epoch() >= scenario_.setup_limit)
      return fail(Code::deadline_exceeded,
                  fmt::format("{} within {}", why_not(), duration_text(scenario_.setup_limit)));
    try {
      world_.run_for(setup_step);
    } catch (const std::exception& error) {
      return fail(Code::internal, fmt::format("the simulation stopped: {}", error.what()));
    }
  }
  return {};
}

Result<> SimWorld::set_up() {
  SimControlPlaneOptions options{scenario_.control_plane.settings, options_.planted_bug, options_.tap};
  if (std::string problem = check_control_plane(options); !problem.empty())
    return fail(Code::invalid_argument, problem);
  if (std::ranges::any_of(scenario_.faults, [](const Fault& fault) { return fault.kind->stores; }))
    options.store_faults = &store_faults_;
  for (const Fault& fault : scenario_.faults) {
    if (fault.kind->name == "store.staleRead")
      options.reads_late_max = std::max(options.reads_late_max, Duration(fault.values.at("late").high));
  }
  for (const Fault& fault : scenario_.faults) {
    auto set = fault.values.find("set");
    if (set == fault.values.end() || fault.target != scenario_.control_plane.name) continue;
    if (std::string problem = check_control_plane(with_setting(options, set->second.word)); !problem.empty())
      return fail(Code::invalid_argument, fmt::format("`set` of {}: {}", fault.kind->name, problem));
  }
  rollout_target_ = rollout_target(scenario_);
  SimControlPlane started = start_control_plane(*control_plane_, options, [this](std::string what) {
    std::optional<Duration> when;
    if (running_) when = now();
    problems_.push_back(
        {Problem::Kind::control_plane, fmt::format("{} failed: {}", scenario_.control_plane.name, what), when});
  });
  ask_ = std::move(started.ask);
  stop_control_plane_ = std::move(started.stop);
  set_control_plane_override_ = std::move(started.dress);
  start_operator();
  Result<> answered = wait_for([this] { return applied_ || !refused_.empty(); },
                               [this] {
                                 std::string trouble = client_ ? client_->trouble() : "";
                                 return fmt::format("the control plane did not take the resources{}",
                                                    trouble.empty() ? "" : " (" + trouble + ")");
                               });
  if (!refused_.empty()) return fail(Code::invalid_argument, refused_);
  if (!answered) return answered;
  for (const Instance& instance : scenario_.instances) instances_[instance.process]->start();
  Observations seen;
  seen.addresses = addresses();
  auto who_did_not = [&] { return not_converged(scenario_, seen, sample()); };
  Result<> converged = wait_for([&] { return !who_did_not(); },
                                [&] { return fmt::format("{}, still not converged", who_did_not().value_or("")); });
  if (!converged) return converged;
  start_ = world_.now();
  running_ = true;
  return {};
}

void SimWorld::at(Duration when, std::function<void()> action) {
  world_.schedule(std::max(start_ + when, world_.now()), std::move(action));
}

Result<> SimWorld::run_until(Duration when) {
  try {
    world_.run_until(start_ + when);
  } catch (const std::exception& error) {
    return fail(Code::internal, fmt::format("the simulation stopped at {}: {}", duration_text(now()), error.what()));
  }
  return {};
}

bool SimWorld::up(const std::string& name) const { return process(name).up() && !process(name).paused(); }

void SimWorld::stop(const std::string& name, Duration grace) {
  // It hears of it as of a signal: between two of its own events.
  world_.post(process(name), Duration(0), sim::EventKind::post, 0, [this, name, grace] {
    if (name == scenario_.control_plane.name) return stop_control_plane_();
    instances_.at(name)->drain(grace);
  });
}

void SimWorld::set_override(const std::string& name, const std::string& set) {
  if (name == scenario_.control_plane.name) return set_control_plane_override_(set);
  instances_.at(name)->set_override(set);
}

void SimWorld::watch_lives(std::function<void(const std::string& process, bool up)> told) {
  world_.set_life_watch([this, told = std::move(told)](const sim::Process& of, bool up) {
    if (&of != operator_) told(of.name(), up);
  });
}

bool SimWorld::watch(EventSink sink) {
  for (auto& [name, instance] : instances_) {
    instance->on_envoy_event([this, name, sink](sim::EnvoyEvent event) {
      using Kind = sim::EnvoyEvent::Kind;
      std::string_view what = event.kind == Kind::connected      ? "ads.opened"
                              : event.kind == Kind::disconnected ? "ads.closed"
                              : event.kind == Kind::acked        ? "proxy.acked"
                                                                 : "proxy.nacked";
      sink(event_of(scenario_, what, name, std::move(event.type)));
    });
  }
  return true;
}

sim::LinkOptions SimWorld::link_between(const std::string& a, const std::string& b) const {
  sim::LinkOptions out;
  for (const Link& link : scenario_.links) {
    auto covers = [&](const std::string& name, const std::string& process) {
      std::vector<std::string> names = scenario_.processes_of(name);
      return std::ranges::find(names, process) != names.end();
    };
    bool applies = (covers(link.between[0], a) && covers(link.between[1], b)) ||
                   (covers(link.between[0], b) && covers(link.between[1], a));
    if (!applies) continue;
    if (link.delay) out.delay = to_sim(*link.delay);
    out.loss_ppm = static_cast<std::uint32_t>(link.loss_ppm);
  }
  return out;
}

void SimWorld::apply(const nlohmann::json& resource, std::function<void(std::string)> done) {
  auto task = [](std::shared_ptr<MeshClient> client, nlohmann::json body,
                 std::function<void(std::string)> tell) -> asio::awaitable<void> {
    std::string problem = co_await client->apply(std::move(body));
    tell(std::move(problem));
  };
  Runtime& runtime = operator_->runtime();
  spawn(runtime.executor, runtime.log, "operator", task(client_, resource, std::move(done)));
}

void SimWorld::remove(const std::string& type, const std::string& mesh, const std::string& name,
                      std::function<void(std::string)> done) {
  auto task = [](std::shared_ptr<MeshClient> client, std::string kind, std::string in, std::string whom,
                 std::function<void(std::string)> tell) -> asio::awaitable<void> {
    std::string problem = co_await client->remove(std::move(kind), std::move(in), std::move(whom));
    tell(std::move(problem));
  };
  Runtime& runtime = operator_->runtime();
  spawn(runtime.executor, runtime.log, "operator", task(client_, type, mesh, name, std::move(done)));
}

void SimWorld::read(const std::string& type, const std::string& mesh, const std::string& name,
                    std::function<void(nlohmann::json)> done) {
  auto task = [](std::shared_ptr<MeshClient> client, std::string kind, std::string in, std::string whom,
                 std::function<void(nlohmann::json)> tell) -> asio::awaitable<void> {
    nlohmann::json body = co_await client->read(std::move(kind), std::move(in), std::move(whom));
    tell(std::move(body));
  };
  Runtime& runtime = operator_->runtime();
  spawn(runtime.executor, runtime.log, "operator", task(client_, type, mesh, name, std::move(done)));
}

void SimWorld::call(const CallRequest& request, std::function<void(CallRecord)> done) {
  instances_.at(request.process)->call(request, std::move(done));
}

void SimWorld::on_inner_call(std::function<void(CallRecord)> observer) {
  for (auto& [name, instance] : instances_) {
    instance->on_inner_call([this, observer](MonotonicTime began, CallRecord record) {
      record.start = began - start_;
      observer(std::move(record));
    });
  }
}

StateSample SimWorld::sample() {
  StateSample out;
  out.at = now();
  out.control_plane_up = control_plane_->up();
  for (auto& [name, instance] : instances_) out.proxies[name] = instance->state();
  if (ask_) {
    std::string text = ask_(rollout_target_);
    if (text != rollout_text_) rollout_ = read_rollout(text, scenario_);
    rollout_text_ = std::move(text);
    out.rollout = rollout_;
  }
  if (out.rollout) out.rollout->at = out.at;
  return out;
}

const sim::EnvoyProcess* SimWorld::envoy(const std::string& name) const {
  auto found = instances_.find(name);
  return found == instances_.end() ? nullptr : found->second->envoy();
}

std::map<std::string, std::string> SimWorld::uninterpreted() const {
  std::map<std::string, std::string> out;
  for (const auto& [name, instance] : instances_) {
    for (const auto& [field, resource] : instance->uninterpreted())
      out.try_emplace(field, fmt::format("{} of {}", resource, name));
  }
  return out;
}

std::map<std::string, std::string> SimWorld::addresses() const {
  std::map<std::string, std::string> out;
  for (const auto& [name, instance] : instances_) out[name] = instance->address();
  return out;
}

std::unique_ptr<MeshWorld> make_sim_world(const Scenario& scenario, SimWorldOptions options) {
  return std::make_unique<SimWorld>(scenario, std::move(options));
}

}  // namespace kumasim::scenario
