/// Virtual probes: a listener that answers the platform's health checks for the application behind mutual TLS.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/model/utf8.hpp"
#include "reference-cp/xds/envoy/http.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/generate/generation.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::generators {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// The path of what Kuma reads as a URL: without authority, query and fragment, decoded. Nothing where an escape is
/// none, for which it makes none, or the path is no UTF-8.
std::optional<std::string> path_of(const std::string& url) {
  std::string_view path = std::string_view(url).substr(0, url.find_first_of("?#"));
  if (path.starts_with("//")) path.remove_prefix(std::min(path.find('/', 2), path.size()));
  std::string result;
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '%') {
      if (i + 2 >= path.size() || digit(path[i + 1]) < 0 || digit(path[i + 2]) < 0) return std::nullopt;
      c = static_cast<char>(digit(path[i + 1]) * 16 + digit(path[i + 2]));
      i += 2;
    }
    result += c;
  }
  if (utf8_end(result) != result.size()) return std::nullopt;
  return result;
}

/// Whether Envoy takes a path to send requests on with: it is a header's value.
bool is_header_value(std::string_view path) {
  using namespace std::string_view_literals;
  return path.find_first_of("\0\n\r"sv) == std::string_view::npos;
}

void only_get(envoy::Route& route, const std::string& path) {
  route.mutable_match()->set_path(path);
  auto& method = *route.mutable_match()->add_headers();
  method.set_name(":method");
  method.mutable_string_match()->set_exact("GET");
}

/// To the application where the proxy has an inbound for the port, else a redirection that the platform follows. None
/// where Envoy would take no configuration with it.
void route(const Generation& g, const nlohmann::json& endpoint, envoy::RouteConfiguration& configuration) {
  std::uint32_t port = number_at(endpoint, "inboundPort");
  const std::optional<std::string> path = path_of(text_at(endpoint, "inboundPath"));
  const std::optional<std::string> match = path_of(text_at(endpoint, "path"));
  if (!path || !match || !is_header_value(*path)) return;
  envoy::Route& route = envoy::add_route(configuration);
  only_get(route, *match);
  bool known = false;
  for (const Inbound& inbound : g.proxy.inbounds) known = known || inbound.service_port == port;
  if (known) {
    route.mutable_route()->mutable_regex_rewrite()->mutable_pattern()->set_regex(".*");
    route.mutable_route()->mutable_regex_rewrite()->set_substitution(*path);
    route.mutable_route()->set_cluster(g.proxy.unified_naming ? envoy::unified::inbound(port)
                                                              : envoy::local_cluster_name(port));
  } else {
    route.mutable_redirect()->set_port_redirect(port);
    route.mutable_redirect()->set_path_redirect(*path);
  }
}

}  // namespace

void probes(Generation& g) {
  const nlohmann::json& wanted = at(g.proxy.dataplane->spec, "probes");
  if (g.proxy.metadata.app_probe_proxy || !wanted.is_object()) return;
  constexpr char name[] = "probe:listener";
  envoy::ListenerPtr listener = envoy::inbound_listener(name, g.proxy.address, number_at(wanted, "port"));
  envoy::HttpManager manager = envoy::http_manager(name, envoy::loopback_addresses(), g.proxy.metadata.ipv6_enabled);
  envoy::RouteConfiguration& configuration = envoy::routes(manager, "probe:route_configuration", "probe");
  for (const nlohmann::json& endpoint : at(wanted, "endpoints")) route(g, endpoint, configuration);
  envoy::finish(envoy::add_chain(*listener), std::move(manager));
  if (g.transparent()) envoy::not_bound(*listener);
  g.add(std::move(listener), Origin::probe);
}

}  // namespace kumasim::cp::generators
