/// Names of virtual addresses: told to kuma-dp's DNS server, or answered by Envoy where kuma-dp has none.
#include <algorithm>

#include <envoy/config/listener/v3/listener.pb.h>

#include <fmt/format.h>

#include "reference-cp/xds/envoy/dynamic_config.hpp"
#include "reference-cp/xds/envoy/listener.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/envoy/raw_config.hpp"
#include "reference-cp/xds/generate/generation.hpp"
#include "reference-cp/xds/vip_outbounds.hpp"

namespace kumasim::cp::generators {
namespace {

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

}  // namespace

void dns(Generation& g) {
  if (!g.transparent() || g.proxy.transparent_proxy->dns_port == 0 || g.proxy.has("feature-bind-outbounds")) return;
  Names names = generators::names(g);
  if (g.proxy.has("feature-embedded-dns")) {
    envoy::add_dynamic_config(g.resources, g.proxy, "/dns", document(names));
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
