/// The world that a scenario runs in, simulated or live, as the engine sees it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"
#include "kumasim/scenario/observation.hpp"
#include "kumasim/scenario/problem.hpp"
#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

/// What the engine asks for a call: who calls whom, on which path.
struct CallRequest {
  std::string process;  // a running instance
  std::string to;
  std::string path;
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

  virtual bool up(const std::string& process) const = 0;
  virtual void kill(const std::string& process) = 0;
  virtual void start(const std::string& process) = 0;
  virtual void pause(const std::string& process) = 0;
  virtual void resume(const std::string& process) = 0;
  virtual void partition(const std::string& a, const std::string& b) = 0;
  virtual void heal(const std::string& a, const std::string& b) = 0;
  virtual void set_link(const std::string& a, const std::string& b, const Link& link) = 0;
  virtual void reset_link(const std::string& a, const std::string& b) = 0;

  /// `done` gets "" where the control plane took it, else the reason. Repeats while the control plane does not answer.
  virtual void apply(const nlohmann::json& resource, std::function<void(std::string)> done) = 0;
  virtual void remove(const std::string& type, const std::string& mesh, const std::string& name,
                      std::function<void(std::string)> done) = 0;
  virtual void call(const CallRequest& request, std::function<void(CallRecord)> done) = 0;

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
