/// kuma-dp's configuration of metrics.
#include "reference-cp/policy/mesh_metric/document.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/xds/envoy/listener.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy::mesh_metric {
namespace {

using Json = nlohmann::json;
using Ordered = nlohmann::ordered_json;

constexpr Duration refresh_default = std::chrono::minutes(1);

/// As Prometheus allows it.
std::string label_name(std::string name) {
  std::ranges::replace_if(name, [](unsigned char c) { return !(std::isalnum(c) && c < 0x80) && c != '_'; }, '_');
  return name;
}

/// Each tag as a label, and once more with all its values under the name's plural: ",a,b,".
std::map<std::string, std::string> labels(const ProxyView& proxy, const MeshView& mesh) {
  std::map<std::string, std::set<std::string>> tags;
  for (const auto& [key, value] : gateway_tags(proxy)) tags[key].insert(value);
  for (const Inbound& inbound : proxy.inbounds)
    for (const auto& [key, value] : inbound.tags) tags[key].insert(value);
  std::map<std::string, std::string> labels;
  for (const auto& [key, values] : tags) {
    labels[label_name(key)] = *values.begin();
    std::string& all = labels[label_name(key + "s")] = ",";
    for (const std::string& value : values) all += value + ",";
  }
  if (proxy.gateway_type == "BUILTIN") {
    std::optional<Gateway> gateway = gateway_of(proxy, mesh);
    labels["kuma_io_mesh_gateway"] = gateway ? gateway->resource->meta.name : std::string();
  }
  return labels;
}

Ordered applications(const Json& conf) {
  Ordered list;  // null where there are none, as Kuma's
  for (const Json& application : list_at(conf, "applications")) {
    Ordered out;
    if (auto name = optional_text_at(application, "name")) out["name"] = *name;
    out["path"] = text_at(application, "path");
    out["port"] = number_at(application, "port");
    out["address"] = text_at(application, "address");
    list.push_back(std::move(out));
  }
  return list;
}

/// Prometheus once, however many of its backends there are.
Ordered backends(const Json& conf, const ProxyView& proxy) {
  Ordered list;
  const Json& written = list_at(conf, "backends");
  if (std::ranges::any_of(written, [](const Json& backend) { return at(backend, "prometheus").is_object(); }))
    list.push_back(Ordered{{"type", "Prometheus"}, {"name", nullptr}});
  for (const Json& backend : written) {
    const Json& otel = at(backend, "openTelemetry");
    if (!otel.is_object()) continue;
    std::string endpoint = text_at(otel, "endpoint");
    Ordered target = {
        {"endpoint", otel_socket(proxy, endpoint)},
        {"refreshInterval", print_duration(duration_at(otel, "refreshInterval").value_or(refresh_default))}};
    list.push_back(Ordered{{"type", "OpenTelemetry"}, {"name", otel_name(endpoint)}, {"openTelemetry", target}});
  }
  return list;
}

Ordered copy(const Json& from, std::initializer_list<const char*> fields) {
  Ordered out = Ordered::object();
  for (const char* field : fields)
    if (!at(from, field).is_null()) out[field] = Ordered::parse(at(from, field).dump());
  return out;
}

}  // namespace

std::string otel_name(const std::string& endpoint) {
  std::string name = endpoint;
  std::erase(name, '/');
  std::ranges::replace(name, ':', '-');
  return name;
}

std::string otel_socket(const ProxyView& proxy, const std::string& endpoint) {
  return envoy::socket_path(proxy.metadata.workdir, "kuma-otel-" + otel_name(endpoint));
}

std::string document(const Json& conf, const ProxyView& proxy, const MeshView& mesh) {
  Ordered metrics = {{"applications", applications(conf)}, {"backends", backends(conf, proxy)}};
  if (const Json& sidecar = at(conf, "sidecar"); sidecar.is_object()) {
    Ordered out = Ordered::object();
    if (const Json& profiles = at(sidecar, "profiles"); profiles.is_object())
      out["profiles"] = copy(profiles, {"appendProfiles", "exclude", "include"});
    if (at(sidecar, "includeUnused").is_boolean()) out["includeUnused"] = flag_at(sidecar, "includeUnused");
    metrics["sidecar"] = std::move(out);
  }
  metrics["extraLabels"] = labels(proxy, mesh);
  return Ordered{{"observability", {{"metrics", metrics}}}}.dump();
}

}  // namespace kumasim::cp::policy::mesh_metric
