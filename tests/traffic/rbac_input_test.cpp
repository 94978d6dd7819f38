/// What a matcher's input is: all SANs of a certificate as one text, as in Envoy's ssl inputs.
#include <gtest/gtest.h>

#include "envoy/config/rbac/v3/rbac.pb.h"
#include "sim/envoy/config/rbac.hpp"
#include "sim/envoy/config/unread.hpp"
#include "xds/type/matcher/v3/matcher.pb.h"

namespace kumasim::sim::proxy {
namespace {

void pack_action(::xds::type::matcher::v3::Matcher::OnMatch& on_match, ::envoy::config::rbac::v3::RBAC::Action kind) {
  ::envoy::config::rbac::v3::Action action;
  action.set_name("rule");
  action.set_action(kind);
  on_match.mutable_action()->set_name("envoy.filters.rbac.action");
  on_match.mutable_action()->mutable_typed_config()->PackFrom(action);
}

/// Allows whose `input` (below common_inputs) is exactly `value`.
::xds::type::matcher::v3::Matcher allowing(const std::string& input, const std::string& value) {
  ::xds::type::matcher::v3::Matcher matcher;
  auto* entry = matcher.mutable_matcher_list()->add_matchers();
  auto* single = entry->mutable_predicate()->mutable_single_predicate();
  single->mutable_input()->set_name(input);
  single->mutable_input()->mutable_typed_config()->set_type_url(
      "type.googleapis.com/envoy.extensions.matching.common_inputs." + input);
  single->mutable_value_match()->set_exact(value);
  pack_action(*entry->mutable_on_match(), ::envoy::config::rbac::v3::RBAC::ALLOW);
  pack_action(*matcher.mutable_on_no_match(), ::envoy::config::rbac::v3::RBAC::DENY);
  return matcher;
}

/// The same, of the ssl inputs.
RbacEngine allow_exact(const std::string& input, const std::string& value) {
  auto matcher = allowing("ssl.v3." + input, value);
  auto engine = RbacEngine::compile(matcher);
  if (!engine) ADD_FAILURE() << engine.error();
  return std::move(*engine);
}

TEST(RbacInputs, UriSansAreOneText) {
  std::vector<std::string> one = {"spiffe://default/web"};
  std::vector<std::string> two = {"spiffe://default/web", "kuma://version/v1"};
  RbacInput input{.tls = true, .peer_certificate = true, .uris = &one};
  RbacEngine engine = allow_exact("UriSanInput", "spiffe://default/web");
  EXPECT_TRUE(engine.decide(input).allowed);
  input.uris = &two;
  EXPECT_FALSE(engine.decide(input).allowed);
  EXPECT_TRUE(allow_exact("UriSanInput", "spiffe://default/web,kuma://version/v1").decide(input).allowed);
}

TEST(RbacInputs, EachReadsItsOwnField) {
  std::vector<std::string> uris = {"spiffe://default/web"}, names = {"web.default"};
  RbacInput input{.tls = true, .peer_certificate = true, .uris = &uris, .dns_names = &names, .subject = "CN=web"};
  EXPECT_TRUE(allow_exact("DnsSanInput", "web.default").decide(input).allowed);
  EXPECT_FALSE(allow_exact("DnsSanInput", "spiffe://default/web").decide(input).allowed);
  EXPECT_TRUE(allow_exact("SubjectInput", "CN=web").decide(input).allowed);
  EXPECT_FALSE(allow_exact("UriSanInput", "CN=web").decide(input).allowed);
}

TEST(RbacInputs, WhatIsEvaluatedCountsAsInterpreted) {
  for (const char* input :
       {"ssl.v3.UriSanInput", "ssl.v3.DnsSanInput", "ssl.v3.SubjectInput", "network.v3.ServerNameInput"}) {
    auto matcher = allowing(input, "x");
    EXPECT_TRUE(RbacEngine::compile(matcher)) << input;
    EXPECT_EQ(unread_fields(matcher), std::set<std::string>{}) << input;
  }
  auto other = allowing("network.v3.SourceIPInput", "x");
  EXPECT_FALSE(RbacEngine::compile(other));
  EXPECT_EQ(unread_fields(other),
            std::set<std::string>{"envoy.extensions.matching.common_inputs.network.v3.SourceIPInput"});
}

TEST(RbacInputs, WithoutACertificateNothingMatches) {
  RbacInput input{.tls = true};
  EXPECT_FALSE(allow_exact("UriSanInput", "").decide(input).allowed);
}

}  // namespace
}  // namespace kumasim::sim::proxy
