/// Clusters of collectors.
#include "reference-cp/policy/collector.hpp"

#include <charconv>

#include <envoy/config/cluster/v3/cluster.pb.h>

#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/external.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy {

CollectorAddress otlp_address(std::string_view endpoint) {
  constexpr std::uint32_t otlp = 4317;
  auto colon = endpoint.find(':');
  CollectorAddress address{std::string(endpoint.substr(0, colon)), otlp};
  if (colon == std::string_view::npos) return address;
  std::string_view port = endpoint.substr(colon + 1);
  port = port.substr(0, port.find(':'));
  address.port = 0;  // what is no number is port 0 to Kuma
  std::uint32_t number = 0;
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error == std::errc() && end == port.data() + port.size()) address.port = number;
  return address;
}

envoy::ClusterPtr collector_cluster(const std::string& name, const CollectorAddress& address, const ProxyView& proxy,
                                    const CollectorOptions& options) {
  Endpoint endpoint;
  endpoint.address = address.host;
  endpoint.port = address.port;
  endpoint.weight = 0;
  endpoint.external = ExternalTarget{};
  endpoint.external->tls_enabled = options.tls;
  endpoint.external->allow_renegotiation = true;
  envoy::ClusterPtr cluster = envoy::make_cluster(name);
  bool ipv6 = proxy.address.find(':') != std::string::npos;
  envoy::external_endpoints(*cluster, {&endpoint, 1}, ipv6);
  if (options.http2) envoy::http2(*cluster);
  return cluster;
}

std::string clean_name(std::string_view name) {
  std::string clean;
  for (char c : name) {
    bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    bool continues = (static_cast<unsigned char>(c) & 0xc0) == 0x80;  // of a character of several bytes
    if (!continues) clean += kept ? c : '-';
  }
  return clean;
}

}  // namespace kumasim::cp::policy
