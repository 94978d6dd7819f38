/// The real control plane as a process of the simulated world.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/sim/process.hpp"
#include "kumasim/transport/tls.hpp"
#include "scenarios/engine/zone_trouble.hpp"

namespace kumasim::scenario {

struct SimTap;
struct StoreFaults;

/// What replicas of one control plane have in common.
struct SharedByReplicas {
  std::string name;                // that stands for all of them
  std::vector<std::string> names;  // their own
  std::string table;               // the process of their store
  /// Of all their servers, as an operator gives it to them: proxies trust the one whose bootstrap they had, and must be
  /// able to go to another. Made by the first that starts.
  std::optional<TlsIdentity> identity = {};
};

struct SimControlPlaneOptions {
  std::map<std::string, std::string> settings;  // KUMA_* variables
  std::string planted_bug;
  const SimTap* tap = nullptr;
  const StoreFaults* store_faults = nullptr;      // null: nothing ever goes wrong with its store
  Duration reads_late_max{};                      // of them
  std::function<void(cp::Store&)> on_store = {};  // as SimWorldOptions has it
  std::function<void()> began = {};               // a life of it
  std::shared_ptr<SharedByReplicas> shared = {};  // null: it is the only one of its name
};

/// The same with one more setting, "NAME=VALUE"; "": none.
SimControlPlaneOptions with_setting(SimControlPlaneOptions options, const std::string& set);

/// What is wrong with the settings; "" where they are valid.
std::string check_control_plane(const SimControlPlaneOptions& options);

/// What its diagnostics server answers to a GET, without the network; "" while it is down or not ready.
using AskControlPlane = std::function<std::string(const std::string& target)>;

struct SimControlPlane {
  AskControlPlane ask;
  /// It is up, and all of its streams to Global are open.
  std::function<bool()> federated;
  /// It is up and reaches its store, as far as it knows.
  std::function<bool()> has_store;
  /// As SIGTERM does: it closes its ports, and the process ends. Nothing where it is down.
  std::function<void()> stop;
  /// From its next life on it has this setting besides, "NAME=VALUE"; "": none.
  std::function<void(const std::string& set)> set_override;
  /// Of Global: it ends streams of a zone, "all" or the one of that name. Nothing where it is down.
  std::function<void(const std::string& zone, const std::string& stream)> drop_streams = {};
  /// Does this in its process, and tells when it is done; `failed` is told why it could not be. Nothing where it is
  /// down, and an end where its life ends.
  std::function<void(StoreWork work, std::function<void()> done)> with_store = {};
};

/// Starts the control plane in a process that is down; its store is on the process's disk and outlives a kill.
/// `failed` is told, in every life, of a task that ended by an exception, and why it could not start.
SimControlPlane start_control_plane(sim::Process& process, SimControlPlaneOptions options,
                                    std::function<void(std::string)> failed);

}  // namespace kumasim::scenario
