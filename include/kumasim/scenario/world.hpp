/// The world that a scenario runs in, simulated or live, as the engine sees it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"
#include "kumasim/scenario/event.hpp"
#include "kumasim/scenario/fault_order.hpp"
#include "kumasim/scenario/observation.hpp"
#include "kumasim/scenario/problem.hpp"
#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

/// What the engine asks for a call: who calls whom, on which path, and how patiently.
struct CallRequest {
  std::string process;  // a running instance
  std::string to;
  std::string path;
  Duration timeout = std::chrono::seconds(10);  // of each try
  Retries retries = {};
  std::uint64_t bytes = 0;  // of the request's body; not in the live world
  RequestHead head = {};
};

/// All calls return at once; callbacks come while run_until() runs. Time counts from the end of set_up().
class MeshWorld {
 public:
  virtual ~MeshWorld() = default;

  /// Starts the control plane, applies the resources, starts the instances, and waits until the mesh has converged.
  virtual Result<> set_up() = 0;
  virtual void at(Duration when, std::function<void()> action) = 0;
  virtual Result<> run_until(Duration when) = 0;
  virtual Duration now() const = 0;
  /// What a clock that is right shows.
  virtual WallTime wall_now() const = 0;

  virtual bool up(const std::string& process) const = 0;
  /// Carries a fault out. REQUIRES: faults_refused() names nothing of it for this world; its kind heals no other and is
  /// no pattern of others.
  virtual void begin(const FaultOrder& order) = 0;
  /// Undoes a lasting fault, or the part of it that the order names: its processes, or its ways.
  virtual void end(const FaultOrder& order) = 0;
  /// Tells from then on of every process that starts (up) or is gone, once for each.
  virtual void watch_lives(std::function<void(const std::string& process, bool up)> told) = 0;
  /// Tells events of proxies from then on; false where the world knows them by samples only.
  virtual bool watch(EventSink) { return false; }

  /// Looks at the ways of all calls from then on, each time that a proxy has taken something; false where the world
  /// cannot.
  virtual bool watch_paths() { return false; }
  /// What was seen of them, into `out`.
  virtual void tell_paths(Observations& /*out*/) const {}

  /// What the control plane of a zone is told, that of "" is Global, or the only one. `done` gets "" where it took it,
  /// else the reason. Repeats while it does not answer.
  virtual void apply(const std::string& zone, const nlohmann::json& resource,
                     std::function<void(std::string)> done) = 0;
  virtual void remove(const std::string& zone, const ResourceName& is, std::function<void(std::string)> done) = 0;
  /// `done` gets the resource in its Universal form, null where the control plane has none of the name.
  virtual void read(const std::string& zone, const ResourceName& is, std::function<void(nlohmann::json)> done) = 0;
  virtual void call(const CallRequest& request, std::function<void(CallRecord)> done) = 0;
  /// Hears of every call that an application made by itself, when it is over.
  virtual void on_inner_call(std::function<void(CallRecord)>) {}

  virtual StateSample sample() = 0;
  virtual std::map<std::string, std::string> addresses() const = 0;

  /// What went wrong that no action of the engine had asked for, in the order of time.
  virtual std::vector<Problem> problems() const = 0;

  /// Fields that are set in what the proxies took and that they do not interpret -> the first resource with it.
  /// Real Envoys interpret all.
  virtual std::map<std::string, std::string> uninterpreted() const { return {}; }

  virtual Duration setup_length() const = 0;
  virtual std::uint64_t events() const { return 0; }
  virtual std::uint64_t fingerprint() const { return 0; }
};

}  // namespace kumasim::scenario
