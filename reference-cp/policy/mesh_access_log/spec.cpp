/// MeshAccessLog's conf from JSON.
#include "reference-cp/policy/mesh_access_log/spec.hpp"

#include "reference-cp/policy/conf_read.hpp"

namespace kumasim::cp::policy::mesh_access_log {
namespace {

Pairs pairs_at(const nlohmann::json& json, const char* key) {
  Pairs pairs;
  for (const auto& each : list_at(json, key)) pairs.emplace_back(text_at(each, "key"), text_at(each, "value"));
  return pairs;
}

std::optional<Format> format_at(const nlohmann::json& backend) {
  const nlohmann::json& json = at(backend, "format");
  if (!json.is_object()) return std::nullopt;
  return Format{optional_text_at(json, "plain"), pairs_at(json, "json"), flag_at(json, "omitEmptyValues")};
}

/// Kuma's order where several are written: the last one wins, whatever `type` says.
std::optional<Backend> read_backend(const nlohmann::json& json) {
  if (const auto& otlp = at(json, "openTelemetry"); otlp.is_object()) {
    const nlohmann::json& body = at(otlp, "body");
    return OtlpBackend{text_at(otlp, "endpoint"), pairs_at(otlp, "attributes"),
                       body.is_null() ? std::nullopt : std::optional(body)};
  }
  if (const auto& file = at(json, "file"); file.is_object()) return FileBackend{text_at(file, "path"), format_at(file)};
  if (const auto& tcp = at(json, "tcp"); tcp.is_object()) return TcpBackend{text_at(tcp, "address"), format_at(tcp)};
  return std::nullopt;
}

}  // namespace

std::vector<Backend> backends_from_json(const nlohmann::json& conf) {
  std::vector<Backend> backends;
  for (const auto& json : list_at(conf, "backends"))
    if (std::optional<Backend> backend = read_backend(json)) backends.push_back(std::move(*backend));
  return backends;
}

}  // namespace kumasim::cp::policy::mesh_access_log
