#include "sim/envoy/config/listener.hpp"

#include <algorithm>

#include "envoy/config/listener/v3/listener.pb.h"
#include "envoy/config/listener/v3/listener_components.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/tls.pb.h"
#include "sim/envoy/config/extensions.hpp"
#include "sim/envoy/config/network_filter.hpp"
#include "sim/envoy/config/validate.hpp"
#include "sim/envoy/config/wire.hpp"

namespace kumasim::sim::proxy {
namespace {

namespace lst = ::envoy::config::listener::v3;

Checked<> take_ranges(const auto& in, std::vector<AddressRange>& out) {
  for (const auto& cidr : in) {
    auto range = AddressRange::make(cidr.address_prefix(), cidr.prefix_len().value());
    if (!range) return refuse(range.error());
    out.push_back(*range);
  }
  return {};
}

Checked<FilterChainMatch> compile_match(const lst::FilterChainMatch& m) {
  FilterChainMatch out;
  if (m.has_destination_port()) out.destination_port = m.destination_port().value();
  if (auto ok = take_ranges(m.prefix_ranges(), out.prefix_ranges); !ok) return refuse(ok.error());
  if (auto ok = take_ranges(m.source_prefix_ranges(), out.source_ranges); !ok) return refuse(ok.error());
  if (auto ok = take_ranges(m.direct_source_prefix_ranges(), out.direct_source_ranges); !ok) return refuse(ok.error());
  if (!m.address_suffix().empty() || m.has_suffix_len())
    return refuse("filter chain match: address_suffix and suffix_len are not implemented");
  for (const auto& name : m.server_names()) {
    auto star = name.find('*');
    if (star != std::string::npos && !(star == 0 && name.starts_with("*.")))
      return refuse("error adding listener: partial wildcards are not supported in \"server_names\"");
    out.server_names.push_back(name);
  }
  out.transport_protocol = m.transport_protocol();
  out.application_protocols.assign(m.application_protocols().begin(), m.application_protocols().end());
  out.source_type = m.source_type();
  out.source_ports.assign(m.source_ports().begin(), m.source_ports().end());
  return out;
}

Checked<FilterChainPtr> compile_chain(const lst::FilterChain& chain, Listener& listener, CertificateStore& store) {
  auto out = std::make_shared<FilterChain>();
  out->name = chain.name();
  out->hash = to_bytes(chain);
  auto match = compile_match(chain.filter_chain_match());
  if (!match) return refuse(match.error());
  out->match = std::move(*match);
  if (chain.has_transport_socket()) {
    const auto& socket = chain.transport_socket();
    const auto& url = socket.typed_config().type_url();
    if (auto ok = known_extension(ExtensionCategory::transport_socket, socket.name(), url); !ok)
      return refuse(ok.error());
    if (type_name(url) == "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext") {
      tls::DownstreamTlsContext context;
      if (auto ok = unpack(socket.typed_config(), context); !ok) return refuse(ok.error());
      auto compiled = compile_tls(context, store);
      if (!compiled) return refuse(compiled.error());
      for (const auto& name : compiled->secrets()) listener.secrets.insert(name);
      out->tls = std::move(*compiled);
    }
  }
  for (int i = 0; i < chain.filters_size(); ++i) {
    const auto& f = chain.filters(i);
    auto filter = compile_network_filter(f.name(), f.typed_config());
    if (!filter) return refuse(filter.error());
    bool terminal = is_terminal(*filter);
    bool last = i + 1 == chain.filters_size();
    if (terminal && !last)
      return refuse("Error: terminal filter named " + f.name() + " of type " + type_name(f.typed_config().type_url()) +
                    " must be the last filter in a network filter chain.");
    if (!terminal && last)
      return refuse("Error: non-terminal filter named " + f.name() + " of type " +
                    type_name(f.typed_config().type_url()) + " is the last filter in a network filter chain.");
    if (const auto* http = std::get_if<HttpConnectionManager>(&filter->what)) {
      if (!http->rds.empty()) listener.route_configs.insert(http->rds);
      // Inline routes are checked against the clusters that exist unless told otherwise (Envoy: validate_clusters).
      if (http->routes && http->routes->validate_clusters().value_or(true))
        listener.clusters.insert(http->routes->clusters().begin(), http->routes->clusters().end());
    }
    out->filters.push_back(std::move(*filter));
  }
  return out;
}

Checked<> take_listener_filters(const lst::Listener& in, Listener& out) {
  for (const auto& f : in.listener_filters()) {
    if (f.has_config_discovery()) continue;
    const auto& url = f.typed_config().type_url();
    if (auto ok = known_extension(ExtensionCategory::listener_filter, f.name(), url); !ok) return ok;
    auto type = type_name(url);
    if (type.ends_with(".TlsInspector")) {
      out.sees_tls = true;
      out.tls_inspector_off = ListenerFilterOff::of(f);
    }
    if (type.ends_with(".HttpInspector")) {
      out.sees_http = true;
      out.http_inspector_off = ListenerFilterOff::of(f);
    }
    if (type.ends_with(".OriginalDst")) out.use_original_dst = true;
  }
  for (const auto& chain : out.chains) {
    const auto& m = chain->match;
    if (m.transport_protocol == "tls" || !m.server_names.empty() || !m.application_protocols.empty() ||
        (chain->tls && m.transport_protocol == "raw_buffer"))
      out.sees_tls = true;
  }
  return {};
}

/// Keeps of `chains` those whose rank is the highest that is above zero; a rank of 0 is a mismatch.
template <class Rank>
void narrow(std::vector<FilterChainPtr>& chains, Rank rank) {
  unsigned best = 0;
  std::vector<unsigned> ranks;
  for (const auto& chain : chains) {
    ranks.push_back(rank(chain->match));
    best = std::max(best, ranks.back());
  }
  std::vector<FilterChainPtr> kept;
  for (std::size_t i = 0; best > 0 && i < chains.size(); ++i)
    if (ranks[i] == best) kept.push_back(chains[i]);
  chains = std::move(kept);
}

unsigned rank_ranges(const std::vector<AddressRange>& ranges, const std::string& ip) {
  if (ranges.empty()) return 1;
  unsigned best = 0;
  for (const auto& range : ranges)
    if (range.contains(ip)) best = std::max(best, range.bits() + 2);
  return best;
}

/// Exact name above the longest wildcard above none.
unsigned rank_name(const std::vector<std::string>& names, const std::string& wanted) {
  if (names.empty()) return 1;
  unsigned best = 0;
  for (const auto& name : names) {
    if (name == wanted) return 100'000;
    if (name.starts_with("*.") && wanted.size() > name.size() - 1 && wanted.ends_with(name.substr(1)))
      best = std::max(best, static_cast<unsigned>(name.size()) + 1);
  }
  return best;
}

bool loopback(const std::string& ip) { return ip.starts_with("127.") || ip == "::1"; }

}  // namespace

FilterChainPtr Listener::find(const Hello& hello) const {
  bool tls_seen = sees_tls && !tls_inspector_off.matches(hello.destination_port);
  bool http_seen = sees_http && !http_inspector_off.matches(hello.destination_port);
  // Envoy's inspector gives the name in lower case.
  std::string server_name;
  for (char c : tls_seen ? hello.server_name : std::string())
    server_name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  auto left = chains;
  narrow(left, [&](const auto& m) {
    return !m.destination_port ? 1u : *m.destination_port == hello.destination_port ? 2u : 0u;
  });
  narrow(left, [&](const auto& m) { return rank_ranges(m.prefix_ranges, hello.destination_ip); });
  narrow(left, [&](const auto& m) { return rank_name(m.server_names, server_name); });
  narrow(left, [&](const auto& m) {
    if (m.transport_protocol.empty()) return 1u;
    return m.transport_protocol == (hello.tls && tls_seen ? "tls" : "raw_buffer") ? 2u : 0u;
  });
  narrow(left, [&](const auto& m) {
    if (m.application_protocols.empty()) return 1u;
    const auto& offered = hello.application_protocols;
    bool seen = hello.tls ? tls_seen : http_seen;
    for (std::size_t i = 0; seen && i < offered.size(); ++i)
      if (std::find(m.application_protocols.begin(), m.application_protocols.end(), offered[i]) !=
          m.application_protocols.end())
        return 1000u - static_cast<unsigned>(std::min<std::size_t>(i, 900));  // the client's first choice wins
    return 0u;
  });
  narrow(left, [&](const auto& m) { return rank_ranges(m.direct_source_ranges, hello.source_ip); });
  narrow(left, [&](const auto& m) {
    bool local = loopback(hello.source_ip) || hello.source_ip == hello.destination_ip;
    if (m.source_type == lst::FilterChainMatch::ANY) return 1u;
    return (m.source_type == lst::FilterChainMatch::SAME_IP_OR_LOOPBACK) == local ? 2u : 0u;
  });
  narrow(left, [&](const auto& m) { return rank_ranges(m.source_ranges, hello.source_ip); });
  narrow(left, [&](const auto& m) {
    if (m.source_ports.empty()) return 1u;
    return std::find(m.source_ports.begin(), m.source_ports.end(), hello.source_port) != m.source_ports.end() ? 2u : 0u;
  });
  return left.empty() ? default_chain : left.front();
}

Checked<ListenerPtr> Listener::compile(const lst::Listener& in, CertificateStore& store) {
  auto out = std::make_shared<Listener>();
  out->name = in.name();
  if (in.has_address()) {
    if (in.address().has_pipe()) {
      out->pipe = true;
      out->host = in.address().pipe().path();
    } else {
      const auto& socket = in.address().socket_address();
      out->host = socket.address();
      out->port = static_cast<std::uint16_t>(socket.port_value());
      out->udp = socket.protocol() == ::envoy::config::core::v3::SocketAddress::UDP;
      if (!is_ip(out->host)) return refuse("malformed IP address: " + out->host);
    }
  } else if (!in.has_internal_listener()) {
    return refuse("error adding listener named '" + in.name() + "': address is necessary");
  }
  auto bare = in;
  bare.clear_filter_chains();
  bare.clear_default_filter_chain();
  bare.clear_filter_chain_matcher();
  out->rest = to_bytes(bare);
  out->bind = !in.has_bind_to_port() || in.bind_to_port().value();
  out->use_original_dst = in.use_original_dst().value();
  out->outbound = in.traffic_direction() == ::envoy::config::core::v3::OUTBOUND;
  if (in.filter_chains_size() == 0 && !in.has_default_filter_chain() && !in.has_filter_chain_matcher() && !out->udp)
    return refuse("error adding listener '" + out->host + ":" + std::to_string(out->port) +
                  "': no filter chains specified");
  for (const auto& c : in.filter_chains()) {
    auto chain = compile_chain(c, *out, store);
    if (!chain) return refuse(chain.error());
    for (const auto& other : out->chains)
      if (other->match == (*chain)->match)
        return refuse("error adding listener '" + out->host + ":" + std::to_string(out->port) + "': filter chain '" +
                      (*chain)->name + "' has the same matching rules defined as '" + other->name + "'");
    out->chains.push_back(std::move(*chain));
  }
  if (in.has_default_filter_chain()) {
    auto chain = compile_chain(in.default_filter_chain(), *out, store);
    if (!chain) return refuse(chain.error());
    out->default_chain = std::move(*chain);
  }
  if (auto ok = take_listener_filters(in, *out); !ok) return refuse(ok.error());
  return out;
}

}  // namespace kumasim::sim::proxy
