/// MeshPassthrough's `appendMatch` as the filter chains that it needs, in the order in which Envoy gets them.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace kumasim::cp::policy::mesh_passthrough {

/// By rising exactness: the later one goes first.
enum class MatchType : std::uint8_t { wildcard_domain, domain, cidr, cidr_v6, ip, ip_v6 };

/// A domain that one HTTP chain serves.
struct Domain {
  std::string value;
  bool wildcard = false;
  auto operator<=>(const Domain&) const = default;
};

struct ChainMatch {
  std::string protocol;    ///< tcp, tls, mysql, http, http2, grpc
  std::uint32_t port = 0;  ///< 0: any
  MatchType type = MatchType::domain;
  std::string value;            ///< empty where the chain serves `domains`
  std::vector<Domain> domains;  ///< of HTTP protocols; exact ones first

  bool is_http() const { return protocol == "http" || protocol == "http2" || protocol == "grpc"; }
  bool is_for(bool ipv6) const {
    if (type == MatchType::ip || type == MatchType::cidr) return !ipv6;
    return (type != MatchType::ip_v6 && type != MatchType::cidr_v6) || ipv6;
  }
};

/// Envoy looks at the port first, so what is for any port is there for each port that another match names, too.
/// nullopt where one port has several HTTP protocols, which cannot be told apart.
std::optional<std::vector<ChainMatch>> ordered_matches(const nlohmann::json& matches);

struct Network {
  std::string address;
  std::uint32_t bits = 0;
};
/// "1.2.3.4/24" -> 1.2.3.0 and 24.
Network parse_network(const std::string& cidr);

}  // namespace kumasim::cp::policy::mesh_passthrough
