/// Generation and protobuf's JSON.
#include "tests/policy/xds_json.hpp"

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/secret.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config.pb.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/util/json_util.h>

#include "reference-cp/xds/generate.hpp"

namespace kumasim::cp::policy::testing {

Generated::Generated(const World& world, std::string_view proxy, ProxyIdentity identity) {
  auto mesh = world.mesh();
  Snapshot snapshot = generate(*mesh, World::proxy(*mesh, proxy, std::move(identity)));
  for (const auto& [type, resources] : snapshot.types())
    for (const auto& [name, resource] : resources) any_[type][name] = *resource->any;
}

std::string Generated::bytes(std::string_view type_url, const std::string& name) const {
  auto type = any_.find(std::string(type_url));
  if (type == any_.end()) return "";
  auto found = type->second.find(name);
  return found == type->second.end() ? "" : found->second;
}

nlohmann::json Generated::get(std::string_view type_url, const std::string& name) const {
  const std::string serialised = bytes(type_url, name);
  if (serialised.empty()) return nullptr;
  google::protobuf::Any any;
  if (!any.ParseFromString(serialised)) throw std::runtime_error("not an Any");
  std::string text;
  auto status = google::protobuf::util::MessageToJsonString(any, &text);
  if (!status.ok()) throw std::runtime_error(status.ToString());
  return nlohmann::json::parse(text);
}

nlohmann::json Generated::filter(const std::string& name) const {
  return listener(name).at("filterChains").at(0).at("filters").at(0).at("typedConfig");
}

nlohmann::json Generated::routes(const std::string& name) const {
  return filter(name).at("routeConfig").at("virtualHosts").at(0).at("routes");
}

}  // namespace kumasim::cp::policy::testing
