/// Grouping and order of matches.
#include "reference-cp/policy/mesh_passthrough/matches.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "reference-cp/policy/conf_read.hpp"

namespace kumasim::cp::policy::mesh_passthrough {
namespace {

namespace ip = boost::asio::ip;
using Json = nlohmann::json;
using Key = std::tuple<std::string, std::uint32_t, MatchType, std::string>;
using Chains = std::map<Key, std::set<Domain>>;

bool is_http(const std::string& protocol) { return protocol == "http" || protocol == "http2" || protocol == "grpc"; }

bool is_domain(MatchType type) { return type == MatchType::domain || type == MatchType::wildcard_domain; }

MatchType type_of(const Json& match) {
  std::string type = text_at(match, "type"), value = text_at(match, "value");
  bool v6 = value.find(':') != std::string::npos;
  if (type == "IP") return v6 ? MatchType::ip_v6 : MatchType::ip;
  if (type == "CIDR") return v6 ? MatchType::cidr_v6 : MatchType::cidr;
  // One HTTP chain serves all domains, those with wildcards too.
  return value.starts_with('*') && !is_http(text_at(match, "protocol")) ? MatchType::wildcard_domain
                                                                        : MatchType::domain;
}

int rank(const std::string& protocol) {
  static constexpr std::array<std::string_view, 4> later = {"tcp", "http", "http2", "grpc"};
  auto found = std::ranges::find(later, protocol);
  return found == later.end() ? 0 : int(found - later.begin()) + 1;
}

/// More labels first.
bool is_domain_before(const std::string& a, const std::string& b) {
  auto labels_a = std::ranges::count(a, '.'), labels_b = std::ranges::count(b, '.');
  return labels_a != labels_b ? labels_a > labels_b : a < b;
}

bool is_before(const ChainMatch& a, const ChainMatch& b) {
  if (rank(a.protocol) != rank(b.protocol)) return rank(a.protocol) < rank(b.protocol);
  if (a.type != b.type) return a.type > b.type;
  if (a.port != b.port) return a.port > b.port;
  if (is_domain(a.type)) return is_domain_before(a.value, b.value);
  if (a.type == MatchType::ip || a.type == MatchType::ip_v6) return a.value > b.value;
  Network net_a = parse_network(a.value), net_b = parse_network(b.value);
  return net_a.bits != net_b.bits ? net_a.bits > net_b.bits : net_a.address > net_b.address;
}

std::vector<Domain> ordered(const std::set<Domain>& domains) {
  std::vector<Domain> list(domains.begin(), domains.end());
  std::ranges::stable_sort(list, [](const Domain& a, const Domain& b) {
    return a.wildcard != b.wildcard ? b.wildcard : is_domain_before(a.value, b.value);
  });
  return list;
}

}  // namespace

std::optional<std::vector<ChainMatch>> ordered_matches(const Json& matches) {
  Chains written;
  std::map<std::uint32_t, std::set<std::string>> ports;  // to their HTTP protocols
  for (const Json& match : matches) {
    std::string protocol = text_at(match, "protocol"), value = text_at(match, "value");
    std::uint32_t port = number_at(match, "port");
    MatchType type = type_of(match);
    std::set<std::string>& http = ports[port];
    if (is_http(protocol)) http.insert(protocol);
    if (http.size() > 1) return std::nullopt;
    if (is_http(protocol) && type == MatchType::domain)
      written[{protocol, port, type, ""}].insert({value, value.starts_with('*')});
    else
      written[{protocol, port, type, value}];
  }
  Chains all = written;
  for (const auto& [key, domains] : written) {
    const auto& [protocol, any, type, value] = key;
    if (any != 0) continue;
    for (const auto& [port, http] : ports)
      if (port != 0) all[{protocol, port, type, value}].insert(domains.begin(), domains.end());
  }
  std::vector<ChainMatch> list;
  for (const auto& [key, domains] : all) {
    const auto& [protocol, port, type, value] = key;
    list.push_back({protocol, port, type, value, ordered(domains)});
  }
  std::ranges::stable_sort(list, is_before);
  return list;
}

Network parse_network(const std::string& cidr) {
  boost::system::error_code error;
  if (cidr.find(':') == std::string::npos) {
    ip::network_v4 network = ip::make_network_v4(cidr, error);
    if (error) return {};
    return {network.network().to_string(), network.prefix_length()};
  }
  ip::network_v6 network = ip::make_network_v6(cidr, error);
  if (error) return {};
  return {network.network().to_string(), network.prefix_length()};
}

}  // namespace kumasim::cp::policy::mesh_passthrough
