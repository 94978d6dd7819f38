/// What kuma-dp is told of the metrics that it gathers.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace kumasim::cp {
class MeshView;
struct ProxyView;

namespace policy::mesh_metric {

/// "otel:4317" -> "otel-4317".
std::string otel_name(const std::string& endpoint);
/// Where kuma-dp sends what is for this backend.
std::string otel_socket(const ProxyView& proxy, const std::string& endpoint);

/// The JSON document, its fields in Kuma's order.
std::string document(const nlohmann::json& conf, const ProxyView& proxy, const MeshView& mesh);

}  // namespace policy::mesh_metric
}  // namespace kumasim::cp
