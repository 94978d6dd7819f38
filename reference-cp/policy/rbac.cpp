/// RBAC filters and principals.
#include "reference-cp/policy/rbac.hpp"

#include <algorithm>

#include <envoy/config/listener/v3/listener_components.pb.h>
#include <envoy/config/rbac/v3/rbac.pb.h>
#include <envoy/extensions/filters/http/rbac/v3/rbac.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/filters/network/rbac/v3/rbac.pb.h>
#include <xds/type/matcher/v3/matcher.pb.h>

#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::policy {
namespace {

using ::envoy::config::listener::v3::FilterChain;
using ::envoy::config::rbac::v3::Principal;

constexpr const char* network_filter = "envoy.filters.network.rbac";

/// The last element becomes the first.
template <class Repeated>
void move_last_to_front(Repeated& list) {
  for (int i = list.size() - 1; i > 0; --i) list.SwapElements(i, i - 1);
}

template <class Filter>
void fill(Filter& filter, const Access& access) {
  if (access.rules) *filter.mutable_rules() = *access.rules;
  if (access.shadow_rules) *filter.mutable_shadow_rules() = *access.shadow_rules;
  if (access.matcher) *filter.mutable_matcher() = *access.matcher;
  if (access.shadow_matcher) *filter.mutable_shadow_matcher() = *access.shadow_matcher;
}

}  // namespace

bool is_tls(const FilterChain& chain) { return chain.transport_socket().name() == "envoy.transport_sockets.tls"; }

void remove_network_rbac(FilterChain& chain) {
  for (int i = 0; i < chain.filters_size(); ++i) {
    if (chain.filters(i).name() != network_filter) continue;
    chain.mutable_filters()->DeleteSubrange(i, 1);
    return;
  }
}

void add_network_rbac(FilterChain& chain, const std::string& listener, const Access& access) {
  ::envoy::extensions::filters::network::rbac::v3::RBAC rbac;
  rbac.set_stat_prefix(envoy::sanitize_metric(listener) + ".");
  fill(rbac, access);
  auto& filter = *chain.add_filters();
  filter.set_name(network_filter);
  pack(rbac, *filter.mutable_typed_config());
  move_last_to_front(*chain.mutable_filters());
}

void add_rbac(FilterChain& chain, const std::string& listener, const Access& access) {
  bool http = std::ranges::any_of(chain.filters(), [](const auto& filter) {
    return filter.name() == "envoy.filters.network.http_connection_manager";
  });
  if (!http) return add_network_rbac(chain, listener, access);
  change_hcm(chain, [&](Hcm& hcm) {
    ::envoy::extensions::filters::http::rbac::v3::RBAC rbac;
    fill(rbac, access);
    auto& filter = *hcm.add_http_filters();
    filter.set_name("envoy.filters.http.rbac");
    pack(rbac, *filter.mutable_typed_config());
    move_last_to_front(*hcm.mutable_http_filters());
  });
}

Principal authenticated(const std::string& uri) {
  Principal principal;
  principal.mutable_authenticated()->mutable_principal_name()->set_exact(uri);
  return principal;
}

std::string tag_uri(const std::string& mesh, const std::string& key, const std::string& value) {
  return key == "kuma.io/service" ? envoy::spiffe_id(mesh, value) : "kuma://" + key + "/" + value;
}

void permit(::envoy::config::rbac::v3::RBAC& rules, const std::string& name, const std::vector<Principal>& principals) {
  if (principals.empty()) return;
  auto& policy = (*rules.mutable_policies())[name];
  policy.add_permissions()->set_any(true);
  for (const Principal& principal : principals) *policy.add_principals() = principal;
}

Principal all_of(const std::vector<Principal>& principals) {
  if (principals.size() == 1) return principals.front();
  Principal all;
  if (principals.empty()) {
    all.set_any(true);
  } else {
    for (const Principal& principal : principals) *all.mutable_and_ids()->add_ids() = principal;
  }
  return all;
}

}  // namespace kumasim::cp::policy
