/// The filter of discovery messages, in both variants of the protocol: what it holds, changes and lets through, and
/// when.
#include <google/protobuf/any.pb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "envoy/extensions/transport_sockets/tls/v3/secret.pb.h"
#include "envoy/service/discovery/v3/discovery.pb.h"
#include "sim/envoy/ads/discovery_faults.hpp"

namespace kumasim::sim::proxy {
namespace {

namespace disc = ::envoy::service::discovery::v3;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

MonotonicTime at(Duration time) { return MonotonicTime(time); }

std::string request(Type type, const std::string& nonce) {
  disc::DiscoveryRequest out;
  out.set_type_url(std::string(type_url(type)));
  out.set_response_nonce(nonce);
  return out.SerializeAsString();
}

std::string nonce_of(const std::string& bytes) {
  disc::DiscoveryRequest out;
  EXPECT_TRUE(out.ParseFromString(bytes));
  return out.response_nonce();
}

::google::protobuf::Any secret(const std::string& name, bool trust) {
  ::envoy::extensions::transport_sockets::tls::v3::Secret out;
  out.set_name(name);
  if (trust)
    out.mutable_validation_context();
  else
    out.mutable_tls_certificate();
  ::google::protobuf::Any any;
  any.PackFrom(out);
  return any;
}

std::string response(Type type, const std::string& nonce, const std::vector<::google::protobuf::Any>& resources = {}) {
  disc::DiscoveryResponse out;
  out.set_type_url(std::string(type_url(type)));
  out.set_nonce(nonce);
  out.set_version_info("v" + nonce);
  for (const auto& any : resources) *out.add_resources() = any;
  return out.SerializeAsString();
}

disc::DiscoveryResponse read(const std::string& bytes) {
  disc::DiscoveryResponse out;
  EXPECT_TRUE(out.ParseFromString(bytes));
  return out;
}

std::vector<std::string> secrets_in(const std::string& bytes) {
  std::vector<std::string> out;
  for (const auto& any : read(bytes).resources()) {
    ::envoy::extensions::transport_sockets::tls::v3::Secret held;
    EXPECT_TRUE(any.UnpackTo(&held));
    out.push_back(held.name());
  }
  return out;
}

TEST(DiscoveryFilter, LetsAllThroughWhereNothingIsWrong) {
  DiscoveryFilter filter(false);
  EXPECT_THAT(filter.incoming("no message", at(0s)).receive, ElementsAre("no message"));
  EXPECT_THAT(filter.incoming(response(Type::cluster, "1"), at(0s)).receive, ElementsAre(response(Type::cluster, "1")));
  EXPECT_THAT(filter.outgoing({request(Type::cluster, "1")}, at(0s)).send, ElementsAre(request(Type::cluster, "1")));
}

TEST(DiscoveryFilter, BreaksResourcesOfTheTypesThatItIsAbout) {
  DiscoveryFilter filter(false);
  filter.set({.nack = {Type::secret}}, at(0s));
  auto broken = read(filter.incoming(response(Type::secret, "1", {secret("a", true)}), at(0s)).receive.at(0));
  ::envoy::extensions::transport_sockets::tls::v3::Secret any;
  EXPECT_EQ(broken.nonce(), "1");
  ASSERT_EQ(broken.resources_size(), 1);
  EXPECT_FALSE(any.ParseFromString(broken.resources(0).value()));
  EXPECT_EQ(read(filter.incoming(response(Type::cluster, "2"), at(0s)).receive.at(0)).resources_size(), 0);
  auto empty = read(filter.incoming(response(Type::secret, "3"), at(0s)).receive.at(0));
  EXPECT_EQ(empty.resources_size(), 1) << "something to refuse";
}

TEST(DiscoveryFilter, BreaksADeltaResponseToo) {
  DiscoveryFilter filter(true);
  Goaway one{.types = {Type::cluster, Type::listener}}, two = {.types = {Type::cluster}};
  filter.set({.goaway = {one}}, at(0s));
  disc::DeltaDiscoveryResponse sent;
  sent.set_type_url(std::string(type_url(Type::cluster)));
  sent.add_removed_resources("gone");
  auto actions = filter.incoming(sent.SerializeAsString(), at(0s));
  EXPECT_TRUE(actions.hang_up);
  disc::DeltaDiscoveryResponse got;
  ASSERT_TRUE(got.ParseFromString(actions.receive.at(0)));
  EXPECT_EQ(got.resources_size(), 1);
  EXPECT_FALSE(filter.incoming(sent.SerializeAsString(), at(1s)).hang_up) << "once for each";
  filter.set({.goaway = {one, two}}, at(2s));
  EXPECT_TRUE(filter.incoming(sent.SerializeAsString(), at(2s)).hang_up);
  DiscoveryFilter next_life(true);
  next_life.set({.goaway = {one, two}}, at(3s));
  sent.set_type_url(std::string(type_url(Type::listener)));
  EXPECT_FALSE(next_life.incoming(sent.SerializeAsString(), at(3s)).hang_up) << "another type of one that has struck";
}

TEST(DiscoveryFilter, LosesAnswersAndNotSubscriptions) {
  DiscoveryFilter filter(false);
  filter.set({.lost = {Type::listener}}, at(0s));
  filter.incoming(response(Type::listener, "1"), at(0s));
  filter.incoming(response(Type::cluster, "2"), at(0s));
  auto sent =
      filter.outgoing({request(Type::listener, ""), request(Type::listener, "1"), request(Type::cluster, "2")}, at(0s));
  EXPECT_THAT(sent.send, ElementsAre(request(Type::listener, ""), request(Type::cluster, "2")));
  EXPECT_THAT(filter.outgoing({request(Type::listener, "1")}, at(0s)).send, SizeIs(1)) << "it was answered: it asks";
  EXPECT_THAT(filter.set({}, at(1s)).send, IsEmpty());
}

TEST(DiscoveryFilter, GivesWhatItWithheldAtTheEnd) {
  DiscoveryFilter filter(false);
  filter.set({.withheld = {Type::listener}}, at(0s));
  filter.incoming(response(Type::listener, "1"), at(0s));
  EXPECT_THAT(filter.outgoing({request(Type::listener, "1")}, at(0s)).send, IsEmpty());
  EXPECT_THAT(filter.outgoing({request(Type::listener, "2")}, at(0s)).send, IsEmpty());
  EXPECT_THAT(filter.set({}, at(1s)).send, ElementsAre(request(Type::listener, "1"), request(Type::listener, "2")));
  filter.set({.withheld = {Type::listener}}, at(2s));
  EXPECT_THAT(filter.outgoing({request(Type::listener, "2")}, at(2s)).send, SizeIs(1)) << "nothing is owed";
}

TEST(DiscoveryFilter, NamesTheResponseBefore) {
  DiscoveryFilter filter(false);
  filter.set({.old_nonce = {Type::listener}}, at(0s));
  filter.incoming(response(Type::listener, "1"), at(0s));
  EXPECT_EQ(nonce_of(filter.outgoing({request(Type::listener, "1")}, at(0s)).send.at(0)), "none");
  filter.incoming(response(Type::listener, "2"), at(0s));
  EXPECT_EQ(nonce_of(filter.outgoing({request(Type::listener, "2")}, at(0s)).send.at(0)), "1");
  auto end = filter.set({}, at(1s));
  ASSERT_THAT(end.send, SizeIs(1));
  EXPECT_EQ(nonce_of(end.send[0]), "2");
}

TEST(DiscoveryFilter, SendsLateAndTwice) {
  DiscoveryFilter filter(false);
  filter.set({.late = {{Type::listener, 2s}}, .twice = {Type::listener, Type::cluster}}, at(0s));
  EXPECT_THAT(filter.outgoing({request(Type::cluster, "1")}, at(0s)).send, SizeIs(2));
  auto held = filter.outgoing({request(Type::listener, "1")}, at(1s));
  EXPECT_THAT(held.send, IsEmpty());
  EXPECT_THAT(held.wake, ElementsAre(at(3s), at(3s)));
  EXPECT_THAT(filter.on_time(at(2s)).send, IsEmpty());
  EXPECT_THAT(filter.on_time(at(3s)).send, SizeIs(2));
  EXPECT_THAT(filter.on_time(at(3s)).send, IsEmpty());
}

TEST(DiscoveryFilter, HandlesATypeBehindAnother) {
  DiscoveryFilter filter(false);
  filter.set({.behind = {{Type::cluster, {Type::endpoints}}}}, at(0s));
  EXPECT_THAT(filter.incoming(response(Type::cluster, "1"), at(0s)).receive, IsEmpty());
  EXPECT_THAT(filter.incoming(response(Type::listener, "2"), at(0s)).receive, SizeIs(1));
  EXPECT_THAT(filter.incoming(response(Type::endpoints, "3"), at(0s)).receive,
              ElementsAre(response(Type::endpoints, "3"), response(Type::cluster, "1")));
  EXPECT_THAT(filter.incoming(response(Type::cluster, "4"), at(0s)).receive, IsEmpty());
  EXPECT_THAT(filter.set({}, at(1s)).receive, ElementsAre(response(Type::cluster, "4")));
}

TEST(DiscoveryFilter, AsksAgainAndHangsUpPeriodically) {
  DiscoveryFilter filter(false);
  auto begun = filter.set({.storm = {{Type::cluster, 1s}}, .churn = 2s}, at(0s));
  EXPECT_THAT(begun.wake, ElementsAre(at(1s), at(2s)));
  auto first = filter.on_time(at(1s));
  EXPECT_THAT(first.ask_again, ElementsAre(Type::cluster));
  EXPECT_FALSE(first.hang_up);
  auto second = filter.on_time(at(2s));
  EXPECT_THAT(second.ask_again, ElementsAre(Type::cluster));
  EXPECT_TRUE(second.hang_up);
  filter.set({}, at(3s));
  EXPECT_THAT(filter.on_time(at(4s)).ask_again, IsEmpty());
}

TEST(DiscoveryFilter, HoldsTrustAndLetsCertificatesPass) {
  DiscoveryFilter filter(false, {"ca"});
  filter.set({.old_trust = true}, at(0s));
  auto first = filter.incoming(response(Type::secret, "1", {secret("ca", true), secret("leaf", false)}), at(0s));
  EXPECT_THAT(secrets_in(first.receive.at(0)), ElementsAre("leaf"));
  filter.incoming(response(Type::secret, "2", {secret("ca", true)}), at(1s));
  auto end = filter.set({}, at(2s));
  ASSERT_THAT(end.receive, SizeIs(1));
  EXPECT_THAT(secrets_in(end.receive[0]), ElementsAre("ca"));
  EXPECT_EQ(read(end.receive[0]).nonce(), "2");
  EXPECT_EQ(read(end.receive[0]).version_info(), "v2");
}

/// Of a life that begins while the fault lasts: there is nothing old to keep.
TEST(DiscoveryFilter, HoldsNoSecretOfWhichThereIsNoneYet) {
  DiscoveryFilter filter(false);
  filter.set({.old_trust = true, .old_certificate = true}, at(0s));
  std::vector both{secret("ca", true), secret("leaf", false)};
  EXPECT_THAT(secrets_in(filter.incoming(response(Type::secret, "1", both), at(0s)).receive.at(0)),
              ElementsAre("ca", "leaf"));
  EXPECT_THAT(secrets_in(filter.incoming(response(Type::secret, "2", both), at(1s)).receive.at(0)), IsEmpty());
  EXPECT_THAT(secrets_in(filter.set({}, at(2s)).receive.at(0)), ElementsAre("ca", "leaf"));
}

TEST(DiscoveryFilter, DelaysCertificates) {
  DiscoveryFilter filter(false);
  filter.set({.late_certificate = 5s}, at(0s));
  auto first = filter.incoming(response(Type::secret, "1", {secret("ca", true), secret("leaf", false)}), at(1s));
  EXPECT_THAT(secrets_in(first.receive.at(0)), ElementsAre("ca"));
  EXPECT_THAT(first.wake, ElementsAre(at(6s)));
  EXPECT_THAT(filter.on_time(at(5s)).receive, IsEmpty());
  EXPECT_THAT(secrets_in(filter.on_time(at(6s)).receive.at(0)), ElementsAre("leaf"));
}

TEST(DiscoveryFilter, ForgetsAStreamButNoSecrets) {
  DiscoveryFilter filter(false, {"ca"});
  filter.set({.withheld = {Type::cluster}, .old_trust = true}, at(0s));
  filter.incoming(response(Type::cluster, "1"), at(0s));
  filter.outgoing({request(Type::cluster, "1")}, at(0s));
  filter.incoming(response(Type::secret, "1", {secret("ca", true)}), at(0s));
  filter.on_disconnected();
  auto end = filter.set({}, at(1s));
  EXPECT_THAT(end.send, IsEmpty());
  EXPECT_THAT(end.receive, SizeIs(1));
}

}  // namespace
}  // namespace kumasim::sim::proxy
