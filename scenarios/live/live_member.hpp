/// One proxy of a live world, kuma-dp with its Envoy: beside the application of an instance, or between zones.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/scenario/observation.hpp"
#include "kumasim/scenario/scenario.hpp"
#include "kumasim/transport/grpc.hpp"
#include "kumasim/transport/http.hpp"
#include "reference-cp/live/child_process.hpp"
#include "scenarios/engine/dataplane.hpp"
#include "scenarios/engine/destination.hpp"
#include "scenarios/live/envoy_admin.hpp"
#include "scenarios/live/live_plane.hpp"

namespace kumasim::scenario {

struct LiveMember {
  std::string name;
  const Instance* instance = nullptr;  // null of a zone proxy
  const Service* service = nullptr;
  std::vector<Destination> called;   // what it is to hold endpoints of
  ZoneProxyRole role{};              // of a zone proxy
  const LivePlane* plane = nullptr;  // that it belongs to
  std::string address;
  DataplanePorts ports;
  std::uint16_t admin_port = 0;

  std::optional<live::ChildProcess> echo, sidecar;
  bool paused = false;
  std::uint64_t lives = 0;
  ProxyState state;
  RefusalWatch refusals;
  std::map<std::string, std::unique_ptr<HttpClient>> clients;       // by called service
  std::map<std::string, std::shared_ptr<GrpcClient>> grpc_clients;  // of those with protocol grpc

  bool runs() const { return sidecar && !sidecar->status(); }
  bool up() const { return runs() && !paused; }
  /// The Dataplane, ZoneIngress or ZoneEgress that kuma-dp is given.
  nlohmann::json resource(const Scenario& scenario) const;
  /// "dataplane", "ingress" or "egress".
  std::string proxy_type() const;
  /// Of kumasim-echo. REQUIRES: it is of an instance.
  std::vector<std::string> echo_arguments() const;
};

}  // namespace kumasim::scenario
