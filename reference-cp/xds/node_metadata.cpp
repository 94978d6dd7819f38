#include <nlohmann/json.hpp>

#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp {

NodeMetadata NodeMetadata::from_json(std::string_view text) {
  NodeMetadata result;
  nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return result;
  if (std::string type = text_at(json, "dataplane.proxyType"); !type.empty()) result.proxy_type = type;
  result.admin_port = number_at(json, "dataplane.admin.port");
  result.admin_address = text_at(json, "dataplane.admin.address");
  result.readiness_port = number_at(json, "dataplane.readinessReporter.port");
  result.app_probe_proxy = text_at(json, "dataplane.appProbeProxy.enabled") == "true";
  result.dns_port = number_at(json, "dataplane.dns.port");
  for (const nlohmann::json& feature : at(json, "features"))
    if (feature.is_string()) result.features.insert(feature.get<std::string>());
  result.workdir = text_at(json, "workdir");
  result.metrics_cert_path = text_at(json, "metricsCertPath");
  result.metrics_key_path = text_at(json, "metricsKeyPath");
  result.system_ca_path = text_at(json, "systemCaPath");
  // Proxies older than the field always had IPv6.
  if (const nlohmann::json& ipv6 = at(json, "ipv6Enabled"); !ipv6.is_null()) result.ipv6_enabled = ipv6 == true;
  result.kuma_dp_version = text_at(json, "version", "kumaDp", "version");
  result.envoy_version = text_at(json, "version", "envoy", "version");
  for (const auto& [key, value] : tags_of(at(json, "dynamicMetadata"))) result.dynamic.emplace(key, value);
  if (const nlohmann::json& tp = at(json, "transparentProxy"); tp.is_object()) result.transparent_proxy = tp.dump();
  result.dataplane = text_at(json, "dataplane.resource");
  return result;
}

}  // namespace kumasim::cp
