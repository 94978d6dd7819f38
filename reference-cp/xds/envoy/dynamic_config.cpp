/// The routes of a document.
#include "reference-cp/xds/envoy/dynamic_config.hpp"

#include <openssl/sha.h>

#include <algorithm>

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include <fmt/format.h>

#include "reference-cp/xds/envoy/http.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp::envoy {
namespace {

std::string sha256_hex(std::string_view text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  std::string result;
  for (unsigned char byte : digest) result += fmt::format("{:02x}", byte);
  return result;
}

Listener& make_listener(ResourceSet& resources, const ProxyView& proxy, const std::string& name) {
  ListenerPtr listener = pipe_listener(name, socket_path(proxy.metadata.workdir, "kuma-mesh-metric-config"));
  HttpManager manager = http_manager(name, loopback_addresses(), proxy.metadata.ipv6_enabled);
  routes(manager, "", name);
  finish(add_chain(*listener), std::move(manager));
  return ResourceSet::as<Listener>(resources.add(name, std::move(listener), Origin::dynamic_config));
}

void add_routes(RouteConfiguration& configuration, const std::string& listener, bool unified, const std::string& path,
                const std::string& body) {
  std::string own = listener + "_" + path.substr(1), hash = sha256_hex(body);
  Route& known = add_route(configuration);
  if (unified) known.set_name(own + "_not_modified");
  known.mutable_match()->set_path(path);
  auto& header = *known.mutable_match()->add_headers();
  header.set_name("If-None-Match");
  header.mutable_string_match()->set_exact(hash);
  known.mutable_direct_response()->set_status(304);
  Route& fresh = add_route(configuration);
  fresh.set_name(unified ? own : fmt::format("{}:{}", listener, path));
  fresh.mutable_match()->set_path(path);
  auto& tag = *fresh.add_response_headers_to_add()->mutable_header();
  tag.set_key("Etag");
  tag.set_value(hash);
  fresh.mutable_direct_response()->set_status(200);
  fresh.mutable_direct_response()->mutable_body()->set_inline_string(body);
  auto& limit = *configuration.mutable_max_direct_response_body_size_bytes();
  limit.set_value(std::max(limit.value(), static_cast<std::uint32_t>(body.size())));
}

}  // namespace

void add_dynamic_config(ResourceSet& resources, const ProxyView& proxy, const std::string& path,
                        const std::string& body) {
  bool unified = proxy.unified_naming;
  std::string name = unified ? unified::dynamic_config : "_kuma:dynamicconfig";
  auto* held = resources.get<Listener>(type_url::listener, name);
  Listener& listener = held ? *held : make_listener(resources, proxy, name);
  auto& packed = *listener.mutable_filter_chains(0)->mutable_filters(0)->mutable_typed_config();
  HttpManager manager;
  if (!packed.UnpackTo(&manager)) return;
  add_routes(*manager.mutable_route_config(), name, unified, path, body);
  pack(manager, packed);
}

}  // namespace kumasim::cp::envoy
