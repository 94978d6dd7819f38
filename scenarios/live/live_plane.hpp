/// One control plane of a live world, as a process with ports and a folder of its own: the only one, Global, or that of
/// a zone, or a replica of these.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "kumasim/runtime/time.hpp"
#include "kumasim/scenario/observation.hpp"
#include "kumasim/scenario/scenario.hpp"
#include "reference-cp/live/child_process.hpp"

namespace kumasim::scenario {

struct LiveStore;

struct LivePlane {
  struct Ports {
    std::uint16_t api = 0, api_tls = 0, dataplane = 0, diagnostics = 0;
  };

  std::string process_name;
  std::string zone;  // "": Global, or the only one
  const ControlPlaneSpec* spec = nullptr;
  const LiveStore* store = nullptr;   // that it shares with other replicas; null: it has one of its own
  std::filesystem::path folder;       // its store, and its certificate where it makes one
  std::filesystem::path pair;         // certificate and key without ".crt" and ".key"
  std::string address = "127.0.0.1";  // its own
  std::string service;                // where proxies of its zone find it, or another replica; "": at its own
  Ports ports;                        // those of replicas are the same
  std::string target;                 // of the question for its rollout

  std::optional<live::ChildProcess> process;
  bool paused = false;
  /// What it said last in its present life, and when it was asked.
  std::optional<Rollout> rollout;
  bool connected_to_global = false;
  bool follows_store = true;  // sees what other replicas write
  bool answered = false;      // in its present life
  MonotonicTime asked{};

  const std::string& name() const { return process_name; }
  const std::string& found_at() const { return service.empty() ? address : service; }
  bool runs() const { return process && !process->status(); }
  bool up() const { return runs() && !paused; }
  /// It is set to be under Global.
  bool under_global() const;
  std::string certificate() const { return pair.string() + ".crt"; }
  std::string key() const { return pair.string() + ".key"; }

  /// Takes what /rollout answered at `when`. Forgets what was said before where it is no such answer.
  void hear(const std::string& answer, const Scenario& scenario, MonotonicTime when);
  void forget() { rollout.reset(); }
  /// What it said, unless that is too old, or it does not run now.
  const Rollout* said(MonotonicTime now) const;

  /// The settings of the scenario, and those of the world. Where Global's address names a process, it gets the address
  /// that `addresses` has for it.
  std::map<std::string, std::string> environment(const std::map<std::string, std::string>& addresses) const;
};

}  // namespace kumasim::scenario
