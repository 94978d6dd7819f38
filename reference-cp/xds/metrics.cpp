#include "reference-cp/xds/metrics.hpp"

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp {

nlohmann::json prometheus_conf(const Resource* mesh, const Resource& dataplane) {
  if (!mesh) return nullptr;
  std::string enabled = text_at(mesh->spec, "metrics", "enabledBackend");
  for (const nlohmann::json& each : at(mesh->spec, "metrics", "backends")) {
    if (text_at(each, "name") != enabled || text_at(each, "type") != "prometheus") continue;
    nlohmann::json conf = at(each, "conf").is_object() ? at(each, "conf") : nlohmann::json::object();
    const nlohmann::json& own = at(dataplane.spec, "metrics");
    if (text_at(own, "type") == "prometheus" && at(own, "conf").is_object()) conf.merge_patch(at(own, "conf"));
    return conf;
  }
  return nullptr;
}

std::uint32_t prometheus_port(const nlohmann::json& conf) {
  std::uint32_t port = number_at(conf, "port");
  return port ? port : 5670;
}

std::optional<Inbound> prometheus_inbound(const Resource* mesh, const Resource& dataplane) {
  nlohmann::json conf = prometheus_conf(mesh, dataplane);
  if (conf.is_null()) return std::nullopt;
  Inbound result;
  result.address = text_at(dataplane.spec, "networking", "address");
  result.port = prometheus_port(conf);
  result.tags = tags_of(at(conf, "tags"));
  result.service = text_at(conf, "tags", "kuma.io/service");
  return result;
}

}  // namespace kumasim::cp
