/// How FaultInjection becomes fault filters.
#include "reference-cp/policy/legacy/fault_injection.hpp"

#include <envoy/extensions/filters/http/fault/v3/fault.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/policy/legacy/source_expression.hpp"
#include "reference-cp/policy/mesh_fault_injection/faults.hpp"
#include "reference-cp/policy/mesh_fault_injection/spec.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::policy::legacy::fault_injection {

void add(Hcm& manager, const Inbound& inbound, const MeshView& mesh) {
  add(manager, inbound_policies("FaultInjection", inbound.tags, mesh));
}

void add(Hcm& manager, std::span<const ResourcePtr> policies) {
  for (const ResourcePtr& policy : policies) {
    // The faults have the new policy's form, which lists them.
    auto faults = mesh_fault_injection::faults_from_json({{"http", {at(policy->spec, "conf")}}});
    auto config = mesh_fault_injection::fault_filter(faults.front());
    auto& clients = *config.add_headers();
    clients.set_name(std::string(envoy::tags_header));
    clients.mutable_safe_regex_match()->set_regex(source_expression(*policy));
    auto& filter = *manager.add_http_filters();
    filter.set_name("envoy.filters.http.fault");
    pack(config, *filter.mutable_typed_config());
  }
}

}  // namespace kumasim::cp::policy::legacy::fault_injection
