#include "reference-cp/xds/metrics.hpp"

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp {

nlohmann::json prometheus_conf(const Resource* mesh, const Resource& dataplane) {
  if (!mesh) return nullptr;
  return own_prometheus_conf(mesh_prometheus_conf(mesh->spec), dataplane.spec).value;
}

std::uint32_t prometheus_port(const nlohmann::json& conf) {
  if (conf.is_null()) return 0;
  const std::uint32_t port = number_at(conf, "port");
  if (port > 65535) return 0;
  return port ? port : 5670;
}

std::optional<Inbound> prometheus_inbound(const BackendConf& of_mesh, const Resource& dataplane) {
  const nlohmann::json conf = own_prometheus_conf(of_mesh, dataplane.spec).value;
  Inbound result;
  result.port = prometheus_port(conf);
  if (result.port == 0) return std::nullopt;
  result.address = text_at(dataplane.spec, "networking", "address");
  result.tags = tags_of(at(conf, "tags"));
  result.service = text_at(conf, "tags", "kuma.io/service");
  return result;
}

}  // namespace kumasim::cp
