#include "reference-cp/xds/metrics.hpp"

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp {
namespace {

std::optional<Inbound> inbound(const nlohmann::json& conf, const Resource& dataplane) {
  if (conf.is_null()) return std::nullopt;
  Inbound result;
  result.address = text_at(dataplane.spec, "networking", "address");
  result.port = prometheus_port(conf);
  // Kuma judges no port, and Envoy takes no listener with another one.
  if (result.port > 65535) return std::nullopt;
  result.tags = tags_of(at(conf, "tags"));
  result.service = text_at(conf, "tags", "kuma.io/service");
  return result;
}

}  // namespace

nlohmann::json prometheus_conf(const Resource* mesh, const Resource& dataplane) {
  if (!mesh) return nullptr;
  return own_prometheus_conf(mesh_prometheus_conf(mesh->spec), dataplane.spec).value;
}

std::uint32_t prometheus_port(const nlohmann::json& conf) {
  std::uint32_t port = number_at(conf, "port");
  return port ? port : 5670;
}

std::optional<Inbound> prometheus_inbound(const Resource* mesh, const Resource& dataplane) {
  return inbound(prometheus_conf(mesh, dataplane), dataplane);
}

std::optional<Inbound> prometheus_inbound(const BackendConf& of_mesh, const Resource& dataplane) {
  return inbound(own_prometheus_conf(of_mesh, dataplane.spec).value, dataplane);
}

}  // namespace kumasim::cp
