/// Reads a real Envoy's state from its admin port.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/scenario/observation.hpp"
#include "scenarios/engine/destination.hpp"

namespace kumasim::scenario {

/// The updates of one subscription of an Envoy, such as `listener_manager.lds`, since its start.
struct UpdateCounts {
  std::uint64_t success = 0, rejected = 0;
};
using Subscriptions = std::map<std::string, UpdateCounts>;

/// Follows which types of resource an Envoy refused last. Envoy counts; what it said stands in its log.
class RefusalWatch {
 public:
  /// A subscription is refused from the poll on that counts a new rejection, until one that counts a success only.
  void see(const std::string& stats);
  /// Type -> text, for the types that are refused now; `log` is all that Envoy has printed.
  std::map<std::string, std::string> refusals(const std::string& log) const;
  bool any() const { return !refused_.empty(); }
  /// The control plane, asked after the last poll, knows that the Envoy has taken all: its last word was no refusal.
  void made_good() { refused_.clear(); }

 private:
  Subscriptions last_;
  std::map<std::string, std::string> refused_;  // subscription -> type
};

/// What /clusters, /certs and /stats say, as a ProxyState; `called` is that whose endpoints are of interest.
/// Not up where Envoy does not answer. `watch` belongs to this life of the Envoy.
asio::awaitable<ProxyState> read_envoy(Runtime& runtime, std::uint16_t admin_port, std::vector<Destination> called,
                                       RefusalWatch& watch);

/// --- the parts, for tests
void read_clusters(const nlohmann::json& clusters, const std::vector<Destination>& called, ProxyState& state);
void read_certificates(const nlohmann::json& certificates, ProxyState& state);
void read_stats(const std::string& stats, ProxyState& state);

}  // namespace kumasim::scenario
