/// Matching of clients by the URI of their certificate (Envoy docs, "RBAC: matcher").
#include "reference-cp/policy/mesh_traffic_permission/matchers.hpp"

#include <envoy/config/rbac/v3/rbac.pb.h>
#include <xds/type/matcher/v3/matcher.pb.h>

#include "reference-cp/policy/mesh_traffic_permission/spec.hpp"
#include "reference-cp/policy/rules.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::policy::mesh_traffic_permission {
namespace {

using ::envoy::config::rbac::v3::RBAC;
using xds::type::matcher::v3::Matcher;
using Predicate = Matcher::MatcherList::Predicate;

void set_action(Matcher::OnMatch& on_match, RBAC::Action action, const std::string& name) {
  ::envoy::config::rbac::v3::Action result;
  result.set_name(name);
  result.set_action(action);
  auto& config = *on_match.mutable_action();
  config.set_name("envoy.filters.rbac.action");
  pack(result, *config.mutable_typed_config());
}

Predicate predicate(const SpiffeMatch& match) {
  Predicate predicate;
  auto& single = *predicate.mutable_single_predicate();
  single.mutable_input()->set_name("envoy.matching.inputs.uri_san");
  // The input has no fields: its type is all there is to say.
  single.mutable_input()->mutable_typed_config()->set_type_url(
      "type.googleapis.com/envoy.extensions.matching.common_inputs.ssl.v3.UriSanInput");
  auto& value = *single.mutable_value_match();
  match.prefix ? value.set_prefix(match.value) : value.set_exact(match.value);
  return predicate;
}

void add(Matcher& matcher, const std::vector<SpiffeMatch>& matches, RBAC::Action action, const std::string& name) {
  if (matches.empty()) return;
  auto& field = *matcher.mutable_matcher_list()->add_matchers();
  if (matches.size() == 1) {
    *field.mutable_predicate() = predicate(matches.front());
  } else {
    for (const SpiffeMatch& match : matches)
      *field.mutable_predicate()->mutable_or_matcher()->add_predicate() = predicate(match);
  }
  set_action(*field.mutable_on_match(), action, name);
}

std::string origin_of(const InboundRule& rule) { return Kri::of(*rule.origin.resource).to_string(); }

}  // namespace

Matcher matcher(std::span<const InboundRule> rules) {
  Matcher matcher;
  for (const InboundRule& rule : rules) {
    RuleConf conf = RuleConf::from_json(rule.conf);
    add(matcher, conf.deny, RBAC::DENY, origin_of(rule));
    conf.allow.insert(conf.allow.end(), conf.allow_with_shadow_deny.begin(), conf.allow_with_shadow_deny.end());
    add(matcher, conf.allow, RBAC::ALLOW, origin_of(rule));
  }
  set_action(*matcher.mutable_on_no_match(), RBAC::DENY, "default");
  return matcher;
}

std::optional<Matcher> shadow_matcher(std::span<const InboundRule> rules) {
  Matcher matcher;
  bool any = false;
  for (const InboundRule& rule : rules) {
    RuleConf conf = RuleConf::from_json(rule.conf);
    if (!conf.has_shadow_deny) continue;
    any = true;
    add(matcher, conf.allow_with_shadow_deny, RBAC::DENY, origin_of(rule));
  }
  if (!any) return std::nullopt;
  set_action(*matcher.mutable_on_no_match(), RBAC::DENY, "default");
  return matcher;
}

}  // namespace kumasim::cp::policy::mesh_traffic_permission
