/// Envoy's role based access control filters, as permissions put them into filter chains.
#pragma once

#include <string>
#include <vector>

namespace envoy::config::listener::v3 {
class FilterChain;
}
namespace envoy::config::rbac::v3 {
class Principal;
class RBAC;
}  // namespace envoy::config::rbac::v3
namespace xds::type::matcher::v3 {
class Matcher;
}

namespace kumasim::cp::policy {

/// What a filter enforces, and what it only counts and logs (shadow). Either rules or matchers are set.
struct Access {
  const ::envoy::config::rbac::v3::RBAC* rules = nullptr;
  const ::envoy::config::rbac::v3::RBAC* shadow_rules = nullptr;
  const xds::type::matcher::v3::Matcher* matcher = nullptr;
  const xds::type::matcher::v3::Matcher* shadow_matcher = nullptr;
};

/// The chain terminates Kuma's TLS: only there does a client have an identity to judge.
bool is_tls(const ::envoy::config::listener::v3::FilterChain& chain);

/// Takes out the network filter that an earlier permission has put in.
void remove_network_rbac(::envoy::config::listener::v3::FilterChain& chain);

/// As first filter of the chain, with statistics under the listener's name.
void add_network_rbac(::envoy::config::listener::v3::FilterChain& chain, const std::string& listener,
                      const Access& access);

/// As first HTTP filter where the chain has an HTTP connection manager, else as network filter.
void add_rbac(::envoy::config::listener::v3::FilterChain& chain, const std::string& listener, const Access& access);

/// The client's certificate has this URI as subject alternative name.
::envoy::config::rbac::v3::Principal authenticated(const std::string& uri);
/// All of `key=value` tags are in Kuma's certificates as such URIs; the service is the SPIFFE ID.
std::string tag_uri(const std::string& mesh, const std::string& key, const std::string& value);

/// Clients by these principals may do anything: Envoy's policy under `name`.
void permit(::envoy::config::rbac::v3::RBAC& rules, const std::string& name,
            const std::vector<::envoy::config::rbac::v3::Principal>& principals);
/// All of them; any client for none.
::envoy::config::rbac::v3::Principal all_of(const std::vector<::envoy::config::rbac::v3::Principal>& principals);

}  // namespace kumasim::cp::policy
