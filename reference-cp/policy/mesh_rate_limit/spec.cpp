/// MeshRateLimit's conf from JSON.
#include "reference-cp/policy/mesh_rate_limit/spec.hpp"

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/header_values.hpp"

namespace kumasim::cp::policy::mesh_rate_limit {
namespace {

std::optional<Rate> read_rate(const nlohmann::json& limit, const char* key) {
  const nlohmann::json& rate = at(limit, key);
  if (!rate.is_object() || flag_at(limit, "disabled")) return std::nullopt;
  return Rate{number_at(rate, "num"), duration_at(rate, "interval").value_or(Duration::zero())};
}

}  // namespace

Conf Conf::from_json(const nlohmann::json& json) {
  Conf conf;
  const nlohmann::json& http = at(json, "local", "http");
  if (auto rate = read_rate(http, "requestRate")) {
    const nlohmann::json& answer = at(http, "onRateLimit");
    HttpLimit limit{*rate, number_at(answer, "status"), {}};
    for (const auto& header : list_at(at(answer, "headers"), "add"))  // Kuma leaves these with their commas
      limit.headers.push_back({text_at(header, "name"), text_at(header, "value"), true});
    for (const auto& header : list_at(at(answer, "headers"), "set"))
      for (std::string& value : header_values(text_at(header, "value")))
        limit.headers.push_back({text_at(header, "name"), std::move(value), false});
    conf.http = std::move(limit);
  }
  conf.connections = read_rate(at(json, "local", "tcp"), "connectionRate");
  return conf;
}

}  // namespace kumasim::cp::policy::mesh_rate_limit
