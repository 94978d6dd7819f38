#include "sim/envoy/config/rbac.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "envoy/config/rbac/v3/rbac.pb.h"
#include "envoy/type/matcher/v3/path.pb.h"
#include "sim/envoy/config/sorted.hpp"
#include "sim/envoy/config/validate.hpp"
#include "xds/type/matcher/v3/matcher.pb.h"

namespace kumasim::sim::proxy {
namespace {

namespace rbac = ::envoy::config::rbac::v3;
namespace xdsm = ::xds::type::matcher::v3;
using Kind = RbacRule::Kind;

RbacRule leaf(Kind kind) {
  RbacRule rule;
  rule.kind = kind;
  return rule;
}

Checked<RbacRule> with_text(Kind kind, const ::envoy::type::matcher::v3::StringMatcher& m) {
  auto match = StringMatch::compile(m);
  if (!match) return refuse(match.error());
  auto rule = leaf(kind);
  rule.text = std::move(*match);
  return rule;
}

Checked<RbacRule> with_header(const ::envoy::config::route::v3::HeaderMatcher& m) {
  auto match = HeaderMatch::compile(m);
  if (!match) return refuse(match.error());
  auto rule = leaf(Kind::header);
  rule.header = std::move(*match);
  return rule;
}

template <class Range>
Checked<RbacRule> with_range(Kind kind, const Range& cidr) {
  auto range = AddressRange::make(cidr.address_prefix(), cidr.prefix_len().value());
  if (!range) return refuse(range.error());
  auto rule = leaf(kind);
  rule.range = *range;
  return rule;
}

Checked<RbacRule> compile_rule(const rbac::Principal& p);
Checked<RbacRule> compile_rule(const rbac::Permission& p);

template <class List>
Checked<RbacRule> group(Kind kind, const List& list) {
  auto rule = leaf(kind);
  for (const auto& item : list) {
    auto child = compile_rule(item);
    if (!child) return child;
    rule.children.push_back(std::move(*child));
  }
  return rule;
}

template <class Item>
Checked<RbacRule> negated(const Item& item) {
  auto child = compile_rule(item);
  if (!child) return child;
  auto rule = leaf(Kind::negate);
  rule.children.push_back(std::move(*child));
  return rule;
}

Checked<RbacRule> compile_rule(const rbac::Principal& p) {
  using P = rbac::Principal;
  switch (p.identifier_case()) {
    case P::kAndIds: return group(Kind::all_of, p.and_ids().ids());
    case P::kOrIds: return group(Kind::any_of, p.or_ids().ids());
    case P::kNotId: return negated(p.not_id());
    case P::kAny: return leaf(p.any() ? Kind::any : Kind::never);
    case P::kAuthenticated:
      if (!p.authenticated().has_principal_name()) return leaf(Kind::authenticated);
      return with_text(Kind::authenticated, p.authenticated().principal_name());
    case P::kSourceIp: return with_range(Kind::source_ip, p.source_ip());
    case P::kDirectRemoteIp: return with_range(Kind::source_ip, p.direct_remote_ip());
    case P::kRemoteIp: return with_range(Kind::source_ip, p.remote_ip());
    case P::kHeader: return with_header(p.header());
    case P::kUrlPath: return with_text(Kind::path, p.url_path().path());
    default: return leaf(Kind::never);  // metadata and filter state are never set in a simulated proxy
  }
}

Checked<RbacRule> compile_rule(const rbac::Permission& p) {
  using P = rbac::Permission;
  switch (p.rule_case()) {
    case P::kAndRules: return group(Kind::all_of, p.and_rules().rules());
    case P::kOrRules: return group(Kind::any_of, p.or_rules().rules());
    case P::kNotRule: return negated(p.not_rule());
    case P::kAny: return leaf(p.any() ? Kind::any : Kind::never);
    case P::kHeader: return with_header(p.header());
    case P::kUrlPath: return with_text(Kind::path, p.url_path().path());
    case P::kDestinationIp: return with_range(Kind::destination_ip, p.destination_ip());
    case P::kDestinationPort: {
      auto rule = leaf(Kind::destination_port);
      rule.port_from = p.destination_port();
      rule.port_until = p.destination_port() + 1;
      return rule;
    }
    case P::kDestinationPortRange: {
      auto rule = leaf(Kind::destination_port);
      rule.port_from = static_cast<std::uint32_t>(p.destination_port_range().start());
      rule.port_until = static_cast<std::uint32_t>(p.destination_port_range().end());
      return rule;
    }
    case P::kRequestedServerName: return with_text(Kind::server_name, p.requested_server_name());
    default: return leaf(Kind::never);
  }
}

/// Inputs of a matcher tree that are simulated, by the type of their typed_config.
std::optional<Kind> input_kind(const std::string& type) {
  if (type == "envoy.extensions.matching.common_inputs.ssl.v3.UriSanInput") return Kind::uri_sans;
  if (type == "envoy.extensions.matching.common_inputs.ssl.v3.DnsSanInput") return Kind::dns_sans;
  if (type == "envoy.extensions.matching.common_inputs.ssl.v3.SubjectInput") return Kind::subject;
  if (type == "envoy.extensions.matching.common_inputs.network.v3.ServerNameInput") return Kind::server_name;
  return std::nullopt;
}

Checked<StringMatch> value_match(const xdsm::StringMatcher& m) {
  using M = xdsm::StringMatcher;
  ::envoy::type::matcher::v3::StringMatcher out;
  out.set_ignore_case(m.ignore_case());
  switch (m.match_pattern_case()) {
    case M::kExact: out.set_exact(m.exact()); break;
    case M::kPrefix: out.set_prefix(m.prefix()); break;
    case M::kSuffix: out.set_suffix(m.suffix()); break;
    case M::kContains: out.set_contains(m.contains()); break;
    case M::kSafeRegex: out.mutable_safe_regex()->set_regex(m.safe_regex().regex()); break;
    default: return refuse("unsupported value matcher");
  }
  return StringMatch::compile(out);
}

Checked<RbacRule> compile_predicate(const xdsm::Matcher::MatcherList::Predicate& p) {
  using P = xdsm::Matcher::MatcherList::Predicate;
  auto list = [](Kind kind, const auto& predicates) -> Checked<RbacRule> {
    auto rule = leaf(kind);
    for (const auto& item : predicates) {
      auto child = compile_predicate(item);
      if (!child) return child;
      rule.children.push_back(std::move(*child));
    }
    return rule;
  };
  switch (p.match_type_case()) {
    case P::kOrMatcher: return list(Kind::any_of, p.or_matcher().predicate());
    case P::kAndMatcher: return list(Kind::all_of, p.and_matcher().predicate());
    case P::kNotMatcher: {
      auto child = compile_predicate(p.not_matcher());
      if (!child) return child;
      auto rule = leaf(Kind::negate);
      rule.children.push_back(std::move(*child));
      return rule;
    }
    case P::kSinglePredicate: {
      const auto& single = p.single_predicate();
      auto kind = input_kind(type_name(single.input().typed_config().type_url()));
      if (!kind)
        return refuse("Didn't find a registered implementation for '" + single.input().name() + "' with type URL: '" +
                      type_name(single.input().typed_config().type_url()) + "'");
      auto match = value_match(single.value_match());
      if (!match) return refuse(match.error());
      auto rule = leaf(*kind);
      rule.text = std::move(*match);
      return rule;
    }
    default: return refuse("a matcher's predicate is empty");
  }
}

bool any_matches(const std::vector<std::string>* names, const StringMatch& match) {
  return names && std::any_of(names->begin(), names->end(), [&](const auto& n) { return match.matches(n); });
}

/// URI names count first, then DNS names, then the subject; without a name every peer over TLS is meant, with a
/// certificate or not (Envoy: Principal.Authenticated).
bool authenticated(const RbacInput& in, const std::optional<StringMatch>& match) {
  if (!in.tls) return false;
  if (!match) return true;
  if (!in.peer_certificate) return false;
  return any_matches(in.uris, *match) || any_matches(in.dns_names, *match) || match->matches(in.subject);
}

/// A matcher's input is one text: several SANs are joined with "," and none of them gives no input, which never
/// matches.
bool joined_matches(const std::vector<std::string>* names, const StringMatch& match) {
  return names && !names->empty() && match.matches(fmt::format("{}", fmt::join(*names, ",")));
}

}  // namespace

bool RbacRule::matches(const RbacInput& in) const {
  auto hit = [&](const RbacRule& rule) { return rule.matches(in); };
  switch (kind) {
    case Kind::any: return true;
    case Kind::never: return false;
    case Kind::all_of: return std::all_of(children.begin(), children.end(), hit);
    case Kind::any_of: return std::any_of(children.begin(), children.end(), hit);
    case Kind::negate: return !children.front().matches(in);
    case Kind::authenticated: return authenticated(in, text);
    case Kind::uri_sans: return joined_matches(in.uris, *text);
    case Kind::dns_sans: return joined_matches(in.dns_names, *text);
    case Kind::subject: return !in.subject.empty() && text->matches(in.subject);
    case Kind::source_ip: return range->contains(in.source_ip);
    case Kind::destination_ip: return range->contains(in.destination_ip);
    case Kind::destination_port: return in.destination_port >= port_from && in.destination_port < port_until;
    case Kind::server_name: return text->matches(in.server_name);
    case Kind::header: return in.headers && header->matches(*in.headers);
    case Kind::path: return in.headers && text->matches(in.path);
  }
  return false;
}

Checked<RbacEngine> RbacEngine::compile(const rbac::RBAC& rules) {
  RbacEngine out;
  out.action_ = rules.action() == rbac::RBAC::DENY  ? Action::deny
                : rules.action() == rbac::RBAC::LOG ? Action::log
                                                    : Action::allow;
  for (const auto& [name, policy] : sorted(rules.policies())) {
    RbacPolicy compiled;
    for (const auto& p : policy->principals()) {
      auto rule = compile_rule(p);
      if (!rule) return refuse(rule.error());
      compiled.principals.push_back(std::move(*rule));
    }
    for (const auto& p : policy->permissions()) {
      auto rule = compile_rule(p);
      if (!rule) return refuse(rule.error());
      compiled.permissions.push_back(std::move(*rule));
    }
    out.policies_.emplace(name, std::move(compiled));
  }
  return out;
}

Checked<RbacEngine::Leaf> RbacEngine::compile_action(const xdsm::Matcher&, const void* on_match) {
  const auto& on = *static_cast<const xdsm::Matcher::OnMatch*>(on_match);
  if (!on.has_action()) return refuse("nested matchers in RBAC are not simulated");
  rbac::Action action;
  if (auto ok = unpack(on.action().typed_config(), action); !ok) return refuse(ok.error());
  return Leaf{action.action() == rbac::RBAC::DENY  ? Action::deny
              : action.action() == rbac::RBAC::LOG ? Action::log
                                                   : Action::allow,
              action.name()};
}

Checked<RbacEngine> RbacEngine::compile(const xdsm::Matcher& matcher) {
  RbacEngine out;
  out.tree_ = true;
  for (const auto& item : matcher.matcher_list().matchers()) {
    auto when = compile_predicate(item.predicate());
    if (!when) return refuse(when.error());
    auto action = compile_action(matcher, &item.on_match());
    if (!action) return refuse(action.error());
    out.branches_.push_back({std::move(*when), std::move(*action)});
  }
  if (matcher.has_on_no_match()) {
    auto action = compile_action(matcher, &matcher.on_no_match());
    if (!action) return refuse(action.error());
    out.otherwise_ = std::move(*action);
  }
  return out;
}

RbacDecision RbacEngine::decide(const RbacInput& input) const {
  if (tree_) {
    for (const auto& branch : branches_)
      if (branch.when.matches(input)) return {branch.leaf.action != Action::deny, branch.leaf.name};
    if (otherwise_) return {otherwise_->action != Action::deny, otherwise_->name};
    return {false, "none"};
  }
  for (const auto& [name, policy] : policies_) {
    auto hit = [&](const RbacRule& rule) { return rule.matches(input); };
    if (std::any_of(policy.permissions.begin(), policy.permissions.end(), hit) &&
        std::any_of(policy.principals.begin(), policy.principals.end(), hit))
      return {action_ != Action::deny, name};
  }
  return {action_ != Action::allow, "none"};
}

}  // namespace kumasim::sim::proxy
