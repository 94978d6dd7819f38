/// Which listeners are traced.
#include "reference-cp/policy/mesh_trace/apply.hpp"

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/mesh_trace/tracing.hpp"
#include "reference-cp/policy/resolve.hpp"
#include "reference-cp/policy/targets.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy::mesh_trace {
namespace {

/// The policy has one conf for the whole proxy, whichever of its inbounds are selected.
Conf conf_of(const MatchedPolicies& policies) {
  std::vector<nlohmann::json> confs;
  for (const PolicyPtr& policy : policies.policies) {
    const nlohmann::json& conf = at(policy->resource->spec, "default");
    confs.push_back(conf.is_object() ? conf : nlohmann::json::object());
  }
  std::vector<nlohmann::json> merged = merge_confs(confs);
  return merged.empty() ? Conf{} : Conf::from_json(merged.front());
}

void trace_services(ResourceSet& resources, const MeshView& mesh, const Tracing& tracing) {
  for (EnvoyResource* resource : service_resources(resources)) {
    auto* listener = dynamic_cast<Listener*>(resource->message.get());
    const Kri& id = resource->resource;
    const Resource* service = listener ? mesh.destination(id) : nullptr;
    if (!service || id.type == "MeshExternalService") continue;  // those are reached through the egress
    if (auto port = find_port(*service, id.section))
      tracing.configure(*listener, mesh_service::destination_name(id, port->value));
  }
}

}  // namespace

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies) {
  Conf conf = conf_of(policies);
  if (!conf.on()) return;
  Tracing tracing(std::move(conf), proxy);
  for (cp::Origin origin : {cp::Origin::inbound, cp::Origin::gateway})
    for (auto& [key, listener] : listeners(resources, origin)) tracing.configure(*listener, "");
  auto outbound_listeners = listeners(resources, cp::Origin::outbound);
  for (const Outbound& outbound : proxy.outbounds) {
    auto listener = outbound_listeners.find({outbound.address, outbound.port});
    if (outbound.legacy() && listener != outbound_listeners.end())
      tracing.configure(*listener->second, outbound.service());
  }
  trace_services(resources, mesh, tracing);
  resources.add(tracing.cluster_name(), tracing.cluster(proxy), cp::Origin::mesh_trace);
}

}  // namespace kumasim::cp::policy::mesh_trace
