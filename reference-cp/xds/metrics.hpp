/// The (legacy) metrics of a mesh: where a Dataplane serves them to Prometheus.
#pragma once

#include <cstdint>
#include <optional>

#include <nlohmann/json.hpp>

#include "reference-cp/model/rules/backend_conf.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp {

/// The conf of the enabled prometheus backend with what the Dataplane overrides; null where there is none, or one of
/// the two cannot be read. `mesh` may be nullptr.
nlohmann::json prometheus_conf(const Resource* mesh, const Resource& dataplane);
/// The port in such a conf; 0 where that is null, or has a port with which Envoy takes no listener: Kuma judges none.
std::uint32_t prometheus_port(const nlohmann::json& conf);
/// The inbound that the endpoint is for others: with address, port, tags and service only; nullopt without a port.
/// `of_mesh` is the mesh's mesh_prometheus_conf.
std::optional<Inbound> prometheus_inbound(const BackendConf& of_mesh, const Resource& dataplane);

}  // namespace kumasim::cp
