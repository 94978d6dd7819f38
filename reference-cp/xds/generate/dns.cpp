/// Names of virtual addresses: told to kuma-dp's DNS server, or answered by Envoy where kuma-dp has none.
#include <openssl/sha.h>

#include <algorithm>

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>

#include <fmt/format.h>

#include "reference-cp/xds/envoy/http.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/envoy/raw_config.hpp"
#include "reference-cp/xds/generate/generation.hpp"
#include "reference-cp/xds/vip_outbounds.hpp"

namespace kumasim::cp::generators {
namespace {

constexpr char dns_path[] = "/dns";
using Names = std::map<std::string, std::vector<std::string>>;

/// "10.1.2.3" as "::ffff:a01:203", the way Kuma writes an IPv4 address for IPv6 clients; others as they are.
std::string to_v6(const std::string& address) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  char end = 0;
  if (std::sscanf(address.c_str(), "%3u.%3u.%3u.%3u%c", &a, &b, &c, &d, &end) != 4) return address;
  return fmt::format("::ffff:{:x}:{:x}", a << 8 | b, c << 8 | d);
}

Names names(const Generation& g) {
  std::set<std::string> served;
  for (const Outbound& outbound : g.proxy.outbounds) served.insert(outbound.address);
  Names result;
  for (const VipDomains& vip : vip_domains(g.mesh)) {
    if (!served.contains(vip.address)) continue;
    std::vector<std::string> addresses = {vip.address};
    if (std::string v6 = to_v6(vip.address); v6 != vip.address && g.proxy.transparent_proxy->ipv6)
      addresses.push_back(v6);
    for (const std::string& domain : vip.domains) result[domain] = addresses;
  }
  return result;
}

/// The document that kuma-dp reads: names in order, answers live 30 s.
std::string document(const Names& names) {
  nlohmann::ordered_json records = nlohmann::ordered_json::array();
  for (const auto& [name, addresses] : names)
    records.push_back(nlohmann::ordered_json{{"name", name}, {"ips", addresses}});
  return nlohmann::ordered_json{{"records", records}, {"ttl", 30}}.dump();
}

std::string sha256_hex(std::string_view text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  std::string result;
  for (unsigned char byte : digest) result += fmt::format("{:02x}", byte);
  return result;
}

/// A listener on a Unix socket that serves the document, or 304 to who has it already.
envoy::ListenerPtr dynamic_config(const Generation& g, const std::string& body) {
  bool unified = g.proxy.unified_naming;
  std::string dynamic_name = unified ? envoy::unified::dynamic_config : "_kuma:dynamicconfig";
  envoy::ListenerPtr listener =
      envoy::pipe_listener(dynamic_name, envoy::socket_path(g.proxy.metadata.workdir, "kuma-mesh-metric-config"));
  envoy::HttpManager manager =
      envoy::http_manager(dynamic_name, envoy::loopback_addresses(), g.proxy.metadata.ipv6_enabled);
  envoy::RouteConfiguration& configuration = envoy::routes(manager, "", dynamic_name);
  std::string hash = sha256_hex(body);
  envoy::Route& known = envoy::add_route(configuration);
  if (unified) known.set_name(dynamic_name + "_dns_not_modified");
  known.mutable_match()->set_path(dns_path);
  auto& header = *known.mutable_match()->add_headers();
  header.set_name("If-None-Match");
  header.mutable_string_match()->set_exact(hash);
  known.mutable_direct_response()->set_status(304);
  envoy::Route& fresh = envoy::add_route(configuration);
  fresh.set_name(unified ? dynamic_name + "_dns" : fmt::format("{}:{}", dynamic_name, dns_path));
  fresh.mutable_match()->set_path(dns_path);
  auto& tag = *fresh.add_response_headers_to_add()->mutable_header();
  tag.set_key("Etag");
  tag.set_value(hash);
  fresh.mutable_direct_response()->set_status(200);
  fresh.mutable_direct_response()->mutable_body()->set_inline_string(body);
  configuration.mutable_max_direct_response_body_size_bytes()->set_value(static_cast<std::uint32_t>(body.size()));
  envoy::finish(envoy::add_chain(*listener), std::move(manager));
  return listener;
}

}  // namespace

void dns(Generation& g) {
  if (!g.transparent() || g.proxy.transparent_proxy->dns_port == 0 || g.proxy.has("feature-bind-outbounds")) return;
  Names names = generators::names(g);
  if (g.proxy.has("feature-embedded-dns")) {
    g.add(dynamic_config(g, document(names)), Origin::dynamic_config);
    return;
  }
  envoy::ListenerPtr listener = envoy::inbound_listener(g.proxy.unified_naming ? envoy::unified::dns : "kuma:dns",
                                                        "127.0.0.1", g.proxy.transparent_proxy->dns_port);
  listener->mutable_enable_reuse_port()->set_value(true);
  listener->mutable_address()->mutable_socket_address()->set_protocol(::envoy::config::core::v3::SocketAddress::UDP);
  auto& filter = *listener->add_listener_filters();
  filter.set_name("envoy.filters.udp.dns_filter");
  envoy::dns_filter_config(names, *filter.mutable_typed_config());
  g.add(std::move(listener), Origin::dns);
}

}  // namespace kumasim::cp::generators
