#include "tests/real_envoy/bootstrap.hpp"

#include "reference-cp/xds/bootstrap/envoy_bootstrap.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::test {
namespace {

using Json = nlohmann::json;

/// The cluster that leads to the control plane is the only one with a secured connection.
void lead_to(const std::string& ads_socket, Json& clusters) {
  for (Json& cluster : clusters) {
    if (!cluster.contains("transportSocket")) continue;
    cluster.erase("transportSocket");
    cluster.erase("upstreamConnectionOptions");  // of TCP
    cluster["type"] = "STATIC";
    Json& endpoint = cluster["loadAssignment"]["endpoints"][0]["lbEndpoints"][0]["endpoint"];
    endpoint["address"] = {{"pipe", {{"path", ads_socket}}}};
  }
}

}  // namespace

std::uint16_t admin_port(const Json& node) {
  return static_cast<std::uint16_t>(cp::number_at(node, "metadata", "dataplane.admin.port"));
}

Json bootstrap(const RealEnvoyOptions& options, const std::string& ads_socket) {
  const Json& metadata = options.node.at("metadata");
  std::string id = options.node.at("id");
  std::size_t dot = id.find('.');
  cp::BootstrapRequest request;
  request.mesh = id.substr(0, dot);
  request.name = id.substr(dot + 1);
  request.proxy_type = cp::text_at(metadata, "dataplane.proxyType");
  request.host = "localhost";
  request.workdir = options.folder;
  if (metadata.contains("features")) request.features = metadata["features"].get<std::set<std::string>>();
  if (options.variant == cp::AdsVariant::delta) request.features.insert("feature-delta-grpc");
  cp::BootstrapSettings settings;
  settings.admin_port = admin_port(options.node);
  settings.hds_enabled = false;
  cp::BootstrapProxy proxy;
  proxy.service = cp::text_at(options.node, "cluster");
  proxy.builtin_gateway = options.builtin_gateway;
  Json out = cp::envoy_bootstrap(request, settings, proxy, {});
  out["node"] = options.node;
  lead_to(ads_socket, out["staticResources"]["clusters"]);
  out["staticResources"].erase("secrets");
  return out;
}

}  // namespace kumasim::test
