/// The admin listener: readiness for everyone, all of Envoy's admin interface for the control plane.
#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/http.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/envoy/tls.hpp"
#include "reference-cp/xds/generate/generation.hpp"

namespace kumasim::cp::generators {
namespace {

struct Names {
  const char* admin;
  const char* readiness;
};

/// By what the proxy can, not by what its mesh wants.
Names names_for(const ProxyView& proxy) {
  if (proxy.has("feature-unified-resource-naming")) return {envoy::unified::admin, envoy::unified::readiness};
  return {"kuma:envoy:admin", "kuma:readiness"};
}

/// The proxy may only name an address of its own host: what it says is not to be trusted with another one.
std::string admin_address(const NodeMetadata& metadata) {
  const std::string& said = metadata.admin_address;
  return said == "::" || said == "::1" ? "::1" : "127.0.0.1";
}

struct Path {
  const char* prefix;
  const char* cluster;
};

envoy::HttpManager manager(const Generation& g, const char* name, std::initializer_list<Path> paths) {
  envoy::HttpManager manager =
      envoy::http_manager(name, envoy::loopback_addresses(), g.proxy.metadata.ipv6_enabled);
  envoy::RouteConfiguration& configuration = envoy::routes(manager, "", name);
  configuration.mutable_validate_clusters()->set_value(false);
  for (const Path& path : paths) {
    envoy::Route& route = envoy::add_route(configuration);
    route.mutable_match()->set_prefix(path.prefix);
    route.mutable_route()->set_cluster(path.cluster);
    route.mutable_route()->set_prefix_rewrite(path.prefix);
  }
  return manager;
}

}  // namespace

Result<> admin(Generation& g) {
  const NodeMetadata& metadata = g.proxy.metadata;
  if (metadata.admin_port == 0) return {};
  if (metadata.readiness_port == 0) return fail(Code::invalid_argument, "the proxy names no port of readiness");
  std::string address = admin_address(metadata);
  Names names = names_for(g.proxy);
  if (g.proxy.address != address) {
    envoy::ListenerPtr listener = envoy::inbound_listener(names.admin, g.proxy.address, metadata.admin_port);
    envoy::tls_inspector(*listener);
    envoy::finish(envoy::add_chain(*listener), manager(g, names.admin, {{"/ready", names.readiness}}));
    if (!g.proxy.identity.admin_certificate_pem.empty()) {
      envoy::FilterChain& chain = envoy::add_chain(*listener);
      envoy::match_transport(chain, "tls");
      envoy::finish(chain, manager(g, names.admin, {{"/ready", names.readiness}, {"/", names.admin}}));
      envoy::admin_tls(*chain.mutable_transport_socket(), g.proxy.identity);
    }
    g.add(std::move(listener), Origin::admin);
  }
  Endpoint own;
  own.address = address;
  own.port = metadata.admin_port;
  own.weight = 0;
  envoy::ClusterPtr cluster = envoy::make_cluster(names.admin);
  envoy::fixed_endpoints(*cluster, {&own, 1});
  g.add(std::move(cluster), Origin::admin);

  Endpoint readiness = own;
  readiness.port = metadata.readiness_port;
  if (metadata.has("feature-readiness-unix-socket"))
    readiness.unix_path = envoy::socket_path(metadata.workdir, "kuma-readiness-reporter");
  envoy::ClusterPtr ready = envoy::make_cluster(names.readiness);
  envoy::fixed_endpoints(*ready, {&readiness, 1});
  g.add(std::move(ready), Origin::admin);
  return {};
}

}  // namespace kumasim::cp::generators
