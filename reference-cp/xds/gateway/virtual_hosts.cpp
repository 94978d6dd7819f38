#include "reference-cp/xds/gateway/virtual_hosts.hpp"

#include <algorithm>
#include <map>

#include <envoy/config/route/v3/route.pb.h>

#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/envoy/tags_header.hpp"
#include "reference-cp/xds/gateway/route_action.hpp"

namespace kumasim::cp::gateway {
namespace {

using ::envoy::config::core::v3::HeaderValueOption;
using ::envoy::config::route::v3::RouteConfiguration;
using ::envoy::config::route::v3::VirtualHost;

constexpr char no_routes[] = "This is a Kuma MeshGateway. No routes match this MeshGateway!\n";

void only_tls(VirtualHost& out) {
  out.set_require_tls(VirtualHost::ALL);
  HeaderValueOption& option = *out.add_response_headers_to_add();
  option.set_append_action(HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD);
  option.mutable_header()->set_key("Strict-Transport-Security");
  option.mutable_header()->set_value("max-age=31536000; includeSubDomains");
}

void add_host(const RouteContext& context, const Listener& listener, const Host& host, RouteConfiguration& out) {
  VirtualHost& virtual_host = *out.add_virtual_hosts();
  virtual_host.set_name(host.hostname);
  virtual_host.add_domains(host.hostname);
  if (listener.protocol == "HTTPS" || listener.cross_mesh) only_tls(virtual_host);
  if (host.entries.empty()) {
    auto& route = *virtual_host.add_routes();
    route.mutable_match()->set_prefix("/");
    route.mutable_direct_response()->set_status(404);
    route.mutable_direct_response()->mutable_body()->set_inline_string(no_routes);
    return;
  }
  std::vector<Entry> entries = host.entries;
  std::ranges::stable_sort(entries, more_specific, &Entry::match);
  for (const Entry& entry : entries) fill_route(context, listener, host, entry, *virtual_host.add_routes());
}

}  // namespace

void add_routes(generators::Generation& g, const Listener& listener, const Clusters& clusters) {
  if (!listener.http()) return;
  RouteContext context{g.mesh, clusters, envoy::tags_header_value(*g.proxy.dataplane)};
  std::map<std::string, std::unique_ptr<RouteConfiguration>> made;
  for (const HostGroup& group : listener.groups) {
    std::string name = listener.route_name(group);
    std::unique_ptr<RouteConfiguration>& configuration = made[name];
    if (!configuration) {
      configuration = std::make_unique<RouteConfiguration>();
      configuration->set_name(name);
      configuration->mutable_validate_clusters()->set_value(false);
      configuration->set_ignore_port_in_host_matching(true);
      configuration->add_request_headers_to_remove(std::string(envoy::tags_header));
    }
    for (const Host& host : group.hosts) add_host(context, listener, host, *configuration);
  }
  for (auto& [name, configuration] : made) g.add(std::move(configuration), Origin::gateway);
}

}  // namespace kumasim::cp::gateway
