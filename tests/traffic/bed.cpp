#include "tests/traffic/bed.hpp"

#include <google/protobuf/any.pb.h>

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/config/endpoint/v3/endpoint.pb.h"
#include "envoy/config/listener/v3/listener.pb.h"
#include "envoy/config/route/v3/route.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/secret.pb.h"
#include "envoy/service/discovery/v3/discovery.pb.h"
#include "sim/envoy/bootstrap.hpp"

namespace kumasim::test {
namespace {

using sim::proxy::Type;

template <class Message>
google::protobuf::Any pack(const Yaml& yaml) {
  Message message;
  if (auto ok = sim::proxy::message_from_text(yaml, message); !ok)
    throw std::runtime_error(ok.error().message + "\n" + yaml);
  google::protobuf::Any any;
  any.PackFrom(message);
  return any;
}

google::protobuf::Any pack(Type type, const Yaml& yaml) {
  switch (type) {
    case Type::cluster: return pack<envoy::config::cluster::v3::Cluster>(yaml);
    case Type::endpoints: return pack<envoy::config::endpoint::v3::ClusterLoadAssignment>(yaml);
    case Type::listener: return pack<envoy::config::listener::v3::Listener>(yaml);
    case Type::routes: return pack<envoy::config::route::v3::RouteConfiguration>(yaml);
    case Type::secret: return pack<envoy::extensions::transport_sockets::tls::v3::Secret>(yaml);
  }
  return {};
}

std::string indented(const std::string& text, int by) {
  std::string out;
  std::string margin(static_cast<std::size_t>(by), ' ');
  std::size_t at = 0;
  while (at < text.size()) {
    auto end = std::min(text.find('\n', at), text.size());
    out += margin + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return out;
}

std::string quoted_block(const std::string& pem, int by) { return "|\n" + indented(pem, by); }

constexpr auto hcm =
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
constexpr auto router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
constexpr auto ads = "{ads: {}, resource_api_version: V3}";

}  // namespace

std::string packed_any(Type type, const Yaml& yaml) { return pack(type, yaml).SerializeAsString(); }

sim::proxy::Checked<> apply(sim::proxy::ConfigState& state, Type type, const std::vector<Yaml>& resources,
                            const std::string& version) {
  envoy::service::discovery::v3::DiscoveryResponse response;
  response.set_type_url(std::string(type_url(type)));
  response.set_version_info(version);
  for (const auto& yaml : resources) *response.add_resources() = pack(type, yaml);
  return state.apply(response);
}

Machine& Bed::machine(const std::string& name, const std::string& address, const std::string& app_version,
                      sim::LatencyLaw latency) {
  auto& m = machines_[name];
  if (!m.process) m.process = &world.add_process(name, address);
  if (!m.process->up()) m.process->start([](Runtime&) {});
  world.run_for(Duration(1));
  auto proxy = std::make_shared<sim::proxy::Proxy>(fabric, *m.process, sim::proxy::ProxyOptions{});
  m.process->keep(proxy);
  m.proxy = proxy.get();
  if (app_version != "-") {
    auto app = std::make_shared<sim::Instance>(
        fabric, *m.process, sim::InstanceOptions{.name = name, .version = app_version, .port = 80, .latency = latency});
    m.process->keep(app);
    m.app = app.get();
  }
  auto client = std::make_shared<sim::Client>(fabric, *m.process);
  m.process->keep(client);
  m.client = client.get();
  return m;
}

void Bed::start_call(const std::string& from, sim::Call call, std::vector<sim::CallResult>& out) {
  machines_.at(from).client->call(std::move(call),
                                  [&out](sim::CallResult result) { out.push_back(std::move(result)); });
}

sim::CallResult Bed::call(const std::string& from, sim::Call call, Duration limit) {
  std::vector<sim::CallResult> out;
  start_call(from, std::move(call), out);
  auto end = world.now() + limit;
  while (out.empty() && world.step(end)) {
  }
  if (!out.empty()) return out.front();
  sim::CallResult none;
  none.details = "the test gave up";
  return none;
}

sim::Call to_port(std::uint16_t port, std::string authority, std::string path) {
  sim::Call call;
  call.address = "127.0.0.1";
  call.port = port;
  call.authority = std::move(authority);
  call.path = std::move(path);
  call.new_connection = true;
  return call;
}

sim::Call raw_to_port(std::uint16_t port) {
  auto out = to_port(port);
  out.protocol = sim::CallProtocol::tcp;
  return out;
}

Yaml outbound(std::uint16_t port, const std::string& virtual_hosts) {
  auto p = std::to_string(port);
  return "name: outbound:127.0.0.1:" + p + "\naddress: {socket_address: {address: 127.0.0.1, port_value: " + p +
         "}}\n" +
         "traffic_direction: OUTBOUND\nfilter_chains:\n- filters:\n  - name: hcm\n    typed_config:\n      "
         "\"@type\": " +
         hcm + "\n      stat_prefix: out\n      http_filters: [{name: router, typed_config: {\"@type\": " + router +
         "}}]\n" +
         "      route_config:\n        name: outbound\n        validate_clusters: false\n        virtual_hosts:\n" +
         indented(virtual_hosts, 8);
}

Yaml tcp_outbound(std::uint16_t port, const std::string& fields) {
  return "name: tcp\naddress: {socket_address: {address: 127.0.0.1, port_value: " + std::to_string(port) +
         "}}\nfilter_chains:\n- filters: [{name: tcp, typed_config: {\"@type\": "
         "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, " +
         fields + "}}]\n";
}

std::string route_all(const std::string& route_fields) {
  return "- name: all\n  domains: ['*']\n  routes:\n  - match: {prefix: /}\n    route: {" + route_fields + "}\n";
}

Yaml eds_cluster(const std::string& name, const std::string& extra) {
  return "name: " + name + "\ntype: EDS\nconnect_timeout: 5s\neds_cluster_config: {eds_config: " + ads + "}\n" + extra;
}

Yaml endpoints(const std::string& cluster, const std::vector<std::string>& addresses) {
  std::string out = "cluster_name: " + cluster + "\nendpoints:\n- lb_endpoints:\n";
  for (const auto& a : addresses) {
    auto colon = a.rfind(':');
    out += "  - endpoint: {address: {socket_address: {address: " + a.substr(0, colon) +
           ", port_value: " + a.substr(colon + 1) + "}}}\n";
  }
  if (addresses.empty()) return "cluster_name: " + cluster + "\n";
  return out;
}

std::string upstream_tls(const std::string& server_spiffe_id) {
  return std::string("transport_socket:\n  name: envoy.transport_sockets.tls\n  typed_config:\n") +
         "    \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext\n" +
         "    sni: backend\n    common_tls_context:\n      alpn_protocols: [kuma]\n" +
         "      tls_certificate_sds_secret_configs: [{name: identity, sds_config: " + ads + "}]\n" +
         "      combined_validation_context:\n" +
         "        default_validation_context: {match_typed_subject_alt_names: [{san_type: URI, matcher: {exact: '" +
         server_spiffe_id + "'}}]}\n" + "        validation_context_sds_secret_config: {name: ca, sds_config: " + ads +
         "}\n";
}

std::string downstream_tls(const std::string& spiffe_prefix) {
  return std::string("transport_socket:\n  name: envoy.transport_sockets.tls\n  typed_config:\n") +
         "    \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext\n" +
         "    require_client_certificate: true\n    common_tls_context:\n" +
         "      tls_certificate_sds_secret_configs: [{name: identity, sds_config: " + ads + "}]\n" +
         "      combined_validation_context:\n" +
         "        default_validation_context: {match_typed_subject_alt_names: [{san_type: URI, matcher: {prefix: '" +
         spiffe_prefix + "'}}]}\n" + "        validation_context_sds_secret_config: {name: ca, sds_config: " + ads +
         "}\n";
}

Yaml inbound(const std::string& address, std::uint16_t port, const std::string& tls, const std::string& allowed) {
  auto principal =
      allowed.empty() ? std::string("{any: true}") : "{authenticated: {principal_name: {exact: '" + allowed + "'}}}";
  auto p = std::to_string(port);
  return "name: inbound:" + address + ":" + p + "\naddress: {socket_address: {address: " + address +
         ", port_value: " + p + "}}\n" +
         "traffic_direction: INBOUND\nfilter_chains:\n- filters:\n  - name: hcm\n    typed_config:\n      \"@type\": " +
         hcm +
         "\n      stat_prefix: in\n      forward_client_cert_details: SANITIZE_SET\n      "
         "set_current_client_cert_details: {uri: true}\n" +
         "      http_filters:\n      - name: envoy.filters.http.rbac\n        typed_config:\n" +
         "          \"@type\": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC\n" +
         "          rules: {policies: {mtp: {permissions: [{any: true}], principals: [" + principal + "]}}}\n" +
         "      - {name: router, typed_config: {\"@type\": " + router + "}}\n" +
         "      route_config:\n        name: inbound\n        validate_clusters: false\n        virtual_hosts:\n" +
         indented(route_all("cluster: 'localhost:80', timeout: 15s"), 8) + (tls.empty() ? "" : indented(tls, 2));
}

Yaml local_cluster() {
  return "name: 'localhost:80'\ntype: STATIC\nload_assignment:\n  cluster_name: 'localhost:80'\n  endpoints:\n  - "
         "lb_endpoints:\n"
         "    - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 80}}}\n";
}

Yaml identity(const Pem& pem) {
  return "name: identity\ntls_certificate:\n  certificate_chain:\n    inline_string: " +
         quoted_block(pem.certificate, 6) + "  private_key:\n    inline_string: " + quoted_block(pem.key, 6);
}

Yaml ca(const std::string& bundle) {
  return "name: ca\nvalidation_context:\n  trusted_ca:\n    inline_string: " + quoted_block(bundle, 6);
}

Yaml spiffe_ca(const std::map<std::string, std::string>& bundles) {
  Yaml out =
      "name: ca\nvalidation_context:\n  custom_validator_config:\n    name: envoy.tls.cert_validator.spiffe\n"
      "    typed_config:\n      \"@type\": "
      "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig\n      trust_domains:\n";
  for (const auto& [domain, bundle] : bundles)
    out += "      - name: " + domain + "\n        trust_bundle:\n          inline_string: " + quoted_block(bundle, 12);
  return out;
}

}  // namespace kumasim::test
