/// What every call of the topology would meet at an instant, by the configurations that the simulated proxies run then,
/// whether or not one is made: a gap of trust, plaintext, or nowhere to go.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "kumasim/envoy/call.hpp"
#include "kumasim/scenario/observation.hpp"
#include "kumasim/scenario/scenario.hpp"
#include "scenarios/engine/destination.hpp"
#include "sim/envoy/config/certificate.hpp"
#include "sim/envoy/data/instant_path.hpp"

namespace kumasim::sim {
class EnvoyProcess;
}

namespace kumasim::scenario {

class TrafficOracle {
 public:
  /// How it sees the world; what is referred to must outlive it.
  struct Eyes {
    /// Null where the process is down or its proxy has no configuration yet.
    std::function<const sim::EnvoyProcess*(const std::string& process)> envoy;
    std::function<std::uint16_t(const std::string& process)> inbound_port;  ///< of an instance
    /// The machine's address: of a zone proxy, too.
    std::function<std::string(const std::string& process)> address;
    std::function<WallTime(const std::string& process)> wall_now;  ///< by its own clock
    std::function<sim::Call(const std::string& process, const std::string& service)> call;
    std::function<Duration()> now;
    std::function<bool(const std::string& zone)> disabled;  ///< others are not told what runs in the zone
    sim::proxy::CertificateStore& certificates;
  };

  TrafficOracle(const Scenario& scenario, Eyes eyes);

  /// The process has another configuration: its calls, and those to its service.
  void look_at(const std::string& process);
  /// Time has passed, and processes may have come or gone.
  void look_at_all();

  /// As they began. Those that go on have no end.
  const std::vector<PathTrouble>& troubles() const { return troubles_; }
  /// When calls of somebody who runs, to somebody who runs, were looked at, in the order of time.
  const std::vector<Duration>& looks() const { return looks_; }

 private:
  struct Found {
    PathTrouble::Kind kind;
    std::string server;
    std::string why;
  };
  using Key = std::tuple<std::string, std::string, PathTrouble::Kind, std::string>;  // from, service, kind, server

  /// Who runs at an instant, and where.
  struct Round {
    std::map<std::string, std::vector<const Instance*>> by_service;
    std::map<std::string, const Instance*> by_address;
    std::map<std::string, std::pair<const Zone*, bool>> zone_proxies;  // address -> its zone; true: an ingress
  };

  /// What one instance calls.
  struct Way {
    const Instance* client = nullptr;
    const Outbound* call = nullptr;
    Destination destination;
  };
  using Servers = std::vector<const Instance*>;

  Round round() const;
  void look(const Round& round, const Way& way);
  std::vector<Found> met(const Round& round, const Way& way);
  void follow(const Round& round, const Instance& client, const Servers& servers,
              const sim::proxy::InstantBranch& branch, std::vector<Found>& out) const;
  /// Those of the servers to whom the endpoint leads: its own address, or a zone proxy's.
  Servers behind(const Round& round, const Instance& client, const Servers& servers,
                 const sim::proxy::Endpoint& endpoint) const;
  sim::proxy::InstantEnd end_at(const std::string& process) const;

  const Scenario& scenario_;
  Eyes eyes_;
  std::vector<Way> ways_;
  std::map<std::string, std::vector<std::size_t>> ways_of_;  // by process of either end
  std::map<Key, std::size_t> open_;                          // in troubles_
  std::vector<PathTrouble> troubles_;
  std::vector<Duration> looks_;
};

}  // namespace kumasim::scenario
