/// Set-up, faults and calls on virtual time.
#include "scenarios/engine/sim_world.hpp"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>

#include "kumasim/scenario/verdict.hpp"
#include "scenarios/engine/known_endpoints.hpp"
#include "scenarios/engine/law.hpp"
#include "scenarios/engine/proxy_tokens.hpp"
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
      world_({.seed = options_.seed, .start = scenario_.start.value_or(sim::WorldOptions().start)}),
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
               .set_store_faults =
                   [this](const std::string& name, const StoreFaults& faults) {
                     if (SimPlane* plane = find_plane(name)) plane->set_store_faults(faults);
                   },
               .set_discovery_faults =
                   [this](const std::string& name, const sim::proxy::DiscoveryFaults& faults) {
                     if (SimProxy* proxy = find_proxy(name)) proxy->set_discovery_faults(faults);
                   },
               .identity_of = [this](const std::string& service) { return identity_of(service); },
               .revoke_tokens = [this](const std::set<std::string>& processes) { revoke_tokens(processes); },
               .ask_unknown =
                   [this](const std::string& name) {
                     if (SimProxy* proxy = find_proxy(name)) proxy->ask_unknown();
                   },
               .drop_streams =
                   [this](const std::string& name, const std::string& stream) {
                     for (auto& plane : planes_)
                       if (plane->zone().empty()) plane->drop_streams(find_plane(name)->zone(), stream);
                   },
               .remove_zone =
                   [this](const std::string& name, const std::string& zone) {
                     any_global().remove_zone(zone.empty() ? find_plane(name)->zone() : zone);
                   },
               .zone_of = [this](const std::string& name) { return find_plane(name)->zone(); },
               .set_refused_policy = [this](bool there) { planes_.front()->set_refused_policy(there); },
               .replicas_of_global = [this] { return scenario_.control_plane.processes(); },
               .take_lease = [this](const std::string& name) { tables_.at(name).take_lease(); }}) {
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
  add_processes();
  for (const Link& link : scenario_.links) {
    for (const std::string& a : scenario_.processes_of(link.between[0])) {
      for (const std::string& b : scenario_.processes_of(link.between[1])) {
        if (a != b) world_.network().set_link(process(a), process(b), link_between(a, b));
      }
    }
  }
}

void SimWorld::add_processes() {
  using Role = SimZoneProxy::Role;
  std::map<std::string, std::shared_ptr<SharedByReplicas>> shared;
  for (const ControlPlaneSpec* several : scenario_.replicated())
    shared[several->name] =
        std::make_shared<SharedByReplicas>(several->name, several->replicas, several->store_process());
  for (const std::string& name : scenario_.control_planes()) {
    std::string zone = scenario_.zone_of(name);
    auto common = shared[scenario_.control_plane_in(zone).name];
    planes_.push_back(std::make_unique<SimPlane>(world_, scenario_, std::move(zone), name, std::move(common)));
  }
  for (const std::string& name : scenario_.stores()) world_.add_process(name);
  for (const ControlPlaneSpec* several : scenario_.replicated()) {
    std::vector<const sim::Process*> members;
    for (const std::string& name : several->replicas) members.push_back(&process(name));
    world_.network().add_service(several->name, members);
  }
  operator_ = std::make_unique<SimOperator>(world_, scenario_);
  revocations_ =
      std::make_unique<TokenRevocations>(*operator_, [this](const std::string& mesh, const std::string& problem) {
        std::string text = fmt::format("the revocations of tokens of {} were refused: {}", mesh, problem);
        problems_.push_back({Problem::Kind::control_plane, std::move(text), now()});
      });
  auto bugs = sim::EnvoyBugs::from_name(options_.planted_bug).value_or(sim::EnvoyBugs());
  auto add = [&](const std::string& name, const Zone& zone, Role role) {
    sim::Process& process = world_.add_process(name);
    zone_proxies_[name] = std::make_unique<SimZoneProxy>(*fabric_, process, zone, role, bugs);
    zone_proxies_[name]->proxy().set_tap(options_.tap);
  };
  for (const Zone& zone : scenario_.zones) {
    for (const std::string& name : zone.ingresses) add(name, zone, Role::ingress);
    for (const std::string& name : zone.egresses) add(name, zone, Role::egress);
  }
  for (const Instance& instance : scenario_.instances) {
    sim::Process& process = world_.add_process(instance.process);
    auto made = std::make_unique<SimInstance>(*fabric_, process, scenario_, instance, bugs);
    made->proxy().set_tap(options_.tap);
    if (options_.tap != nullptr) made->keep_steps();
    instances_[instance.process] = std::move(made);
  }
}

SimWorld::~SimWorld() {
  world_.set_life_watch({});
  operator_->kill();
  for (auto& [name, instance] : instances_) process(name).kill();
  for (auto& [name, proxy] : zone_proxies_) process(name).kill();
  for (auto& plane : planes_) plane->kill();
  for (const std::string& name : scenario_.stores()) process(name).kill();
}

SimPlane* SimWorld::find_plane(const std::string& name) const {
  auto found = std::ranges::find(planes_, name, [](const auto& plane) { return plane->name(); });
  return found == planes_.end() ? nullptr : found->get();
}

std::map<std::string, SimProxy*> SimWorld::proxies() const {
  std::map<std::string, SimProxy*> out;
  for (const auto& [name, instance] : instances_) out[name] = &instance->proxy();
  for (const auto& [name, proxy] : zone_proxies_) out[name] = &proxy->proxy();
  return out;
}

SimProxy* SimWorld::find_proxy(const std::string& name) const {
  if (auto found = instances_.find(name); found != instances_.end()) return &found->second->proxy();
  if (auto found = zone_proxies_.find(name); found != zone_proxies_.end()) return &found->second->proxy();
  return nullptr;
}

SimPlane& SimWorld::any_global() const {
  auto serves = [](const auto& plane) { return plane->zone().empty() && plane->up() && plane->has_store(); };
  auto found = std::ranges::find_if(planes_, serves);
  return found == planes_.end() ? *planes_.front() : **found;
}

sim::proxy::ChainPtr SimWorld::identity_of(const std::string& service) const {
  for (const Instance& instance : scenario_.instances) {
    if (instance.service != service) continue;
    const sim::EnvoyProcess* running = envoy(instance.process);
    auto identity = running == nullptr ? nullptr : running->identity();
    if (identity) return identity;
  }
  return nullptr;
}

/// Those of a mesh that nobody is struck in any more are good again.
void SimWorld::revoke_tokens(const std::set<std::string>& processes) {
  std::map<std::string, std::set<std::string>> ids;  // by mesh
  for (const std::string& mesh : meshes_of_revocations_) ids[mesh] = {};
  for (const Instance& instance : scenario_.instances) {
    if (!processes.contains(instance.process)) continue;
    const std::string& mesh = scenario_.find_service(instance.service)->mesh;
    std::string id = token_id(find_proxy(instance.process)->token());
    if (!id.empty()) ids[mesh].insert(std::move(id));
  }
  for (auto& [mesh, revoked] : ids) {
    meshes_of_revocations_.insert(mesh);
    revocations_->set(mesh, std::move(revoked));
  }
}

sim::Process& SimWorld::process(const std::string& name) const {
  sim::Process* found = world_.find_process(name);
  assert(found != nullptr && "the loader knows all processes");
  return *found;
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

std::function<void(std::string)> SimWorld::failing(const std::string& name) {
  return [this, name](std::string what) {
    std::optional<Duration> when;
    if (running_) when = now();
    problems_.push_back({Problem::Kind::control_plane, fmt::format("{} failed: {}", name, what), when});
  };
}

void SimWorld::start_tables() {
  for (const std::string& name : scenario_.stores()) tables_[name] = start_store_table(process(name), failing(name));
}

Result<> SimWorld::start_control_planes() {
  for (const auto& plane : planes_) {
    if (std::string problem = plane->configure(options_); !problem.empty())
      return fail(Code::invalid_argument,
                  scenario_.zones.empty() ? problem : fmt::format("{}: {}", plane->name(), problem));
  }
  start_tables();
  for (const auto& plane : planes_) plane->start(failing(plane->name()));
  return {};
}

Result<> SimWorld::set_up() {
  if (Result<> started = start_control_planes(); !started) return started;
  operator_->start();
  Result<> answered = wait_for([this] { return operator_->applied() || !operator_->refused().empty(); },
                               [this] { return operator_->waits_for(); });
  if (!operator_->refused().empty()) return fail(Code::invalid_argument, operator_->refused());
  if (!answered) return answered;
  for (auto& [name, proxy] : zone_proxies_) proxy->start();
  for (const Instance& instance : scenario_.instances) instances_[instance.process]->start();
  Observations seen;
  seen.addresses = addresses();
  auto who_did_not = [&] { return not_converged(scenario_, seen, sample()); };
  Result<> converged = wait_for([&] { return !who_did_not(); },
                                [&] { return fmt::format("{}, still not converged", who_did_not().value_or("")); });
  if (!converged) return converged;
  for (const ResourceText& resource : scenario_.resources)
    note_zone(resource_name(resource.body), zone_routing_of(resource.body).disabled);
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
    if (SimPlane* plane = find_plane(name)) return plane->stop();
    if (scenario_.is_store(name)) return process(name).kill();
    find_proxy(name)->drain(grace);
  });
}

void SimWorld::set_override(const std::string& name, const std::string& set) {
  if (SimPlane* plane = find_plane(name)) return plane->set_override(set);
  instances_.at(name)->set_override(set);
}

void SimWorld::watch_lives(std::function<void(const std::string& process, bool up)> told) {
  world_.set_life_watch([this, told = std::move(told)](const sim::Process& of, bool up) {
    if (&of != &operator_->process()) told(of.name(), up);
  });
}

void SimWorld::apply(const std::string& zone, const nlohmann::json& resource, std::function<void(std::string)> done) {
  operator_->apply(zone, resource,
                   [this, is = resource_name(resource), routing = zone_routing_of(resource),
                    done = std::move(done)](std::string problem) {
                     if (problem.empty()) note_zone(is, routing.disabled);
                     done(std::move(problem));
                   });
}

void SimWorld::remove(const std::string& zone, const ResourceName& is, std::function<void(std::string)> done) {
  operator_->remove(zone, is, [this, is, done = std::move(done)](std::string problem) {
    if (problem.empty()) note_zone(is, false);
    done(std::move(problem));
  });
}

void SimWorld::note_zone(const ResourceName& written, bool disabled) {
  if (written.type != "Zone") return;
  if (disabled)
    disabled_zones_.insert(written.name);
  else
    disabled_zones_.erase(written.name);
}

bool SimWorld::watch_paths() {
  oracle_ = std::make_unique<TrafficOracle>(
      scenario_,
      TrafficOracle::Eyes{
          .envoy = [this](const std::string& name) { return envoy(name); },
          .inbound_port = [this](const std::string& name) { return instances_.at(name)->inbound_port(); },
          .address = [this](const std::string& name) { return process(name).address(); },
          .wall_now = [this](const std::string& name) { return process(name).runtime().clock.wall_now(); },
          .call = [this](const std::string& name, const std::string& to) { return instances_.at(name)->call_to(to); },
          .now = [this] { return now(); },
          .disabled = [this](const std::string& zone) { return disabled_zones_.contains(zone); },
          .certificates = fabric_->cache()->certificates()});
  for (const auto& [name, proxy] : proxies()) proxy->on_configured([this, name] { oracle_->look_at(name); });
  oracle_->look_at_all();
  return true;
}

void SimWorld::tell_paths(Observations& out) const {
  if (!oracle_) return;
  out.troubles = oracle_->troubles();
  out.paths = oracle_->looks();
}

bool SimWorld::watch(EventSink sink) {
  for (const auto& [name, proxy] : proxies()) {
    proxy->on_envoy_event([this, name, sink](sim::EnvoyEvent event) {
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

void SimWorld::note_planes(StateSample& out) {
  for (const auto& plane : planes_) {
    if (!plane->up()) {
      out.silent.insert(plane->name());
      continue;
    }
    if (!plane->has_store()) out.storeless.insert(plane->name());
    // Of replicas the one that leads has the streams.
    if (plane->federated()) out.holders[plane->zone()].insert(plane->name());
  }
  for (const auto& plane : planes_)
    if (plane->up() && plane->under_global() && !out.holders.contains(plane->zone()))
      out.zones_apart.insert(plane->zone());
  add_silent_replicas(scenario_, out.silent);
}

StateSample SimWorld::sample() {
  if (oracle_) oracle_->look_at_all();
  StateSample out;
  out.at = now();
  note_planes(out);
  for (auto& [name, instance] : instances_) out.proxies[name] = instance->state();
  for (auto& [name, proxy] : zone_proxies_) out.proxies[name] = proxy->state();
  std::map<std::string, std::vector<Rollout>> answers;  // by zone, of its replicas
  for (const auto& plane : planes_) {
    const std::optional<Rollout>& said = plane->rollout();
    if (said) answers[plane->zone()].push_back(*said);
    if (said) note_holders(*said, plane->name(), out.holders);
    if (!said && plane->up()) out.mute.insert(plane->common_name());
  }
  out.rollout = of_control_planes(std::move(answers), scenario_);
  if (out.rollout) out.rollout->at = out.at;
  return out;
}

const sim::EnvoyProcess* SimWorld::envoy(const std::string& name) const {
  const SimProxy* proxy = find_proxy(name);
  return proxy == nullptr ? nullptr : proxy->envoy();
}

std::map<std::string, std::string> SimWorld::uninterpreted() const {
  std::map<std::string, std::string> out;
  for (const auto& [name, proxy] : proxies()) {
    for (const auto& [field, resource] : proxy->uninterpreted())
      out.try_emplace(field, fmt::format("{} of {}", resource, name));
  }
  return out;
}

std::map<std::string, std::string> SimWorld::addresses() const {
  std::map<std::string, std::string> out;
  for (const auto& [name, instance] : instances_) out[name] = instance->address();
  for (const auto& [name, proxy] : zone_proxies_) out[name] = proxy->address();
  return out;
}

std::unique_ptr<MeshWorld> make_sim_world(const Scenario& scenario, SimWorldOptions options) {
  return std::make_unique<SimWorld>(scenario, std::move(options));
}

}  // namespace kumasim::scenario
