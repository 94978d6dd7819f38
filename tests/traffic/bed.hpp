/// A test bed for the simulated Envoy: machines with a proxy, an application and a client, and xDS written by hand.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kumasim/envoy/call.hpp"
#include "sim/apps/client.hpp"
#include "sim/apps/instance.hpp"
#include "sim/envoy/data/proxy.hpp"
#include "tests/traffic/certificates.hpp"

namespace kumasim::test {

/// Resources as YAML in protobuf's JSON mapping, with their type.
using Yaml = std::string;
::std::string packed_any(sim::proxy::Type type, const Yaml& yaml);

/// One whole response of the type. The error is the NACK's.
sim::proxy::Checked<> apply(sim::proxy::ConfigState& state, sim::proxy::Type type, const std::vector<Yaml>& resources,
                            const std::string& version = "1");

/// One machine: its process has a proxy, and an application on 127.0.0.1:80 unless `app_version` is "-".
struct Machine {
  sim::Process* process = nullptr;
  sim::proxy::Proxy* proxy = nullptr;
  sim::Instance* app = nullptr;
  sim::Client* client = nullptr;
};

class Bed {
 public:
  explicit Bed(std::uint64_t seed = 1) : world({.seed = seed}), fabric(world) {}

  /// Also brings a killed machine's process up again, with an empty proxy.
  Machine& machine(const std::string& name, const std::string& address, const std::string& app_version = "v1",
                   sim::LatencyLaw latency = {.mean = std::chrono::milliseconds(1)});
  Machine& operator[](const std::string& name) { return machines_.at(name); }

  /// Runs the world until the call is over (at most `limit`).
  sim::CallResult call(const std::string& from, sim::Call call, Duration limit = std::chrono::minutes(2));
  void start_call(const std::string& from, sim::Call call, std::vector<sim::CallResult>& out);

  sim::World world;
  sim::proxy::Fabric fabric;

 private:
  std::map<std::string, Machine> machines_;
};

/// A call to an outbound listener on loopback, on a connection of its own: it meets the newest configuration.
sim::Call to_port(std::uint16_t port, std::string authority = "backend", std::string path = "/");
/// The same with bytes that are not HTTP.
sim::Call raw_to_port(std::uint16_t port);

// --- resources as Kuma writes them, shortened

/// HTTP listener 127.0.0.1:port whose routes are given as YAML (the list of virtual_hosts).
Yaml outbound(std::uint16_t port, const std::string& virtual_hosts);
/// Listener 127.0.0.1:port whose TCP proxy has these fields (inside a map).
Yaml tcp_outbound(std::uint16_t port, const std::string& fields);
/// virtual_hosts with one host for everything and one route with these fields.
std::string route_all(const std::string& route_fields);
/// EDS cluster; `extra` holds further fields, indented by nothing.
Yaml eds_cluster(const std::string& name, const std::string& extra = "");
Yaml endpoints(const std::string& cluster, const std::vector<std::string>& addresses);
/// The transport_socket field of a client or a server that uses the secrets `identity` and `ca`.
std::string upstream_tls(const std::string& server_spiffe_id);
std::string downstream_tls(const std::string& spiffe_prefix);
/// Listener address:port -> RBAC over one principal (empty: none) -> 127.0.0.1:80.
Yaml inbound(const std::string& address, std::uint16_t port, const std::string& tls,
             const std::string& allowed_spiffe_id);
Yaml local_cluster();
Yaml identity(const Pem& pem);
Yaml ca(const std::string& bundle);
/// The secret `ca` with Envoy's SPIFFE validator: trust domain -> bundle.
Yaml spiffe_ca(const std::map<std::string, std::string>& bundles);

}  // namespace kumasim::test
