/// One control plane of a live world, as a process with ports and a folder of its own: the only one, Global, or that of
/// a zone.
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

struct LivePlane {
  struct Ports {
    std::uint16_t api = 0, api_tls = 0, dataplane = 0, diagnostics = 0;
  };

  std::string zone;  // "": Global, or the only one
  const ControlPlaneSpec* spec = nullptr;
  std::filesystem::path folder;       // its store and its certificate
  std::string address = "127.0.0.1";  // where proxies of its zone find it
  Ports ports;
  std::string target;  // of the question for its rollout

  std::optional<live::ChildProcess> process;
  bool paused = false;
  /// What it said last in its present life, and when it was asked.
  std::optional<Rollout> rollout;
  bool connected_to_global = false;
  MonotonicTime asked{};

  const std::string& name() const { return spec->name; }
  bool runs() const { return process && !process->status(); }
  bool up() const { return runs() && !paused; }
  /// It is set to be under Global.
  bool under_global() const;
  std::filesystem::path certificate() const { return folder / "kuma-cp.crt"; }

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
