/// Role-based access control as Envoy's network and HTTP filters decide it: policies by name, or a matcher tree.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/envoy/config/address_range.hpp"
#include "sim/envoy/config/string_match.hpp"

namespace envoy::config::rbac::v3 {
class RBAC;
}
namespace xds::type::matcher::v3 {
class Matcher;
}

namespace kumasim::sim::proxy {

/// What a rule may look at. Of a plain connection `tls` is false and the names are empty; of a raw one headers are
/// null.
struct RbacInput {
  bool tls = false;
  bool peer_certificate = false;
  const std::vector<std::string>* uris = nullptr;
  const std::vector<std::string>* dns_names = nullptr;
  std::string subject = {};
  std::string source_ip = {};
  std::string destination_ip = {};
  std::uint16_t destination_port = 0;
  std::string server_name = {};
  const Headers* headers = nullptr;
  std::string path = {};
};

/// A principal or a permission; both are trees of the same operators.
struct RbacRule {
  enum class Kind : std::uint8_t {
    any,
    never,
    all_of,
    any_of,
    negate,
    authenticated,
    uri_sans,  ///< all URI SANs, joined with "," (Envoy: ssl inputs of matchers)
    dns_sans,
    subject,
    source_ip,
    destination_ip,
    destination_port,
    server_name,
    header,
    path
  };
  Kind kind = Kind::never;
  std::vector<RbacRule> children = {};
  std::optional<StringMatch> text = {};
  std::optional<HeaderMatch> header = {};
  std::optional<AddressRange> range = {};
  std::uint32_t port_from = 0, port_until = 0;  ///< half open

  bool matches(const RbacInput& input) const;
};

struct RbacPolicy {
  std::vector<RbacRule> principals, permissions;  ///< one of each must match
};

struct RbacDecision {
  bool allowed = true;
  std::string policy;  ///< that matched; "none" where none did
};

/// One set of rules, either form. `rules` of a filter that states none allow everything: then there is no RbacEngine.
class RbacEngine {
 public:
  static Checked<RbacEngine> compile(const ::envoy::config::rbac::v3::RBAC& rules);
  static Checked<RbacEngine> compile(const ::xds::type::matcher::v3::Matcher& matcher);
  RbacDecision decide(const RbacInput& input) const;

 private:
  enum class Action : std::uint8_t { allow, deny, log };
  struct Leaf {
    Action action = Action::deny;
    std::string name;
  };
  struct Branch {
    RbacRule when;
    Leaf leaf;
  };
  static Checked<Leaf> compile_action(const ::xds::type::matcher::v3::Matcher& matcher, const void* on_match);
  bool tree_ = false;
  Action action_ = Action::allow;
  std::map<std::string, RbacPolicy> policies_;
  std::vector<Branch> branches_;
  std::optional<Leaf> otherwise_;
};

/// A filter: enforced rules and shadow rules, each optional.
struct RbacFilter {
  std::optional<RbacEngine> rules;
  std::optional<RbacEngine> shadow;
  std::string stat_prefix = {};
};

}  // namespace kumasim::sim::proxy
