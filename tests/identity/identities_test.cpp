/// What proxies hold: when a certificate is kept, renewed and given up.
#include "reference-cp/identity/identities.hpp"

#include <gtest/gtest.h>

#include "identity/manual_clock.hpp"
#include "kumasim/sim/seeded_random.hpp"

namespace kumasim::cp::testing {
namespace {

using namespace std::chrono_literals;

class HeldIdentities : public ::testing::Test {
 protected:
  MeshTls tls(Duration leaf_lifetime = 100min, Duration ca_lifetime = ca_lifetime_default) {
    auto ca = make_ca({.mesh = "default", .key = {}, .now = clock_.wall, .lifetime = ca_lifetime});
    return {.mesh = "default", .backend = "ca-1", .ca = *ca, .leaf_lifetime = leaf_lifetime};
  }
  IdentityPtr get(const MeshTls& tls) {
    auto out = identities_.get(web_, tls, tags_);
    EXPECT_TRUE(out) << out.error().message;
    return out ? *out : nullptr;
  }
  std::vector<ResourceKey> due_after(Duration time) {
    clock_.wall += time;
    return identities_.due();
  }

  ManualClock clock_;
  sim::SeededRandom random_{1};
  LeafKeys keys_{KeySpec{}};
  Identities identities_{clock_, random_, keys_};
  const ResourceKey web_{"default", "web-1"};
  TagSet tags_{{"kuma.io/service", {"web"}}};
};

TEST_F(HeldIdentities, IsKeptForFourFifthsOfItsLife) {
  MeshTls mesh = tls();
  IdentityPtr first = get(mesh);
  EXPECT_EQ(identities_.next_rotation(), clock_.wall + 80min);
  EXPECT_TRUE(due_after(80min - 1ns).empty());
  EXPECT_EQ(get(mesh), first);
  EXPECT_EQ(due_after(1ns), std::vector{web_});
  IdentityPtr second = get(mesh);
  EXPECT_NE(second, first);
  EXPECT_EQ(second->generation, 2u);
  EXPECT_EQ(second->expires, clock_.wall + 100min);
  EXPECT_TRUE(due_after(0ns).empty());
  EXPECT_EQ(identities_.issued(), 2u);
}

TEST_F(HeldIdentities, ChangesOfMeshOrTagsRenewIt) {
  MeshTls mesh = tls();
  IdentityPtr held = get(mesh);
  mesh.leaf_lifetime = 50min;
  IdentityPtr shorter = get(mesh);
  EXPECT_NE(shorter, held);
  EXPECT_EQ(shorter->expires, clock_.wall + 50min);
  tags_["version"] = {"2"};
  IdentityPtr tagged = get(mesh);
  EXPECT_NE(tagged, shorter);
  mesh = tls();
  IdentityPtr other = get(mesh);
  EXPECT_NE(other, tagged);
  EXPECT_TRUE(chains_to(other->leaf.certificate_pem, other->ca_bundle_pem, clock_.wall));
  EXPECT_FALSE(chains_to(tagged->leaf.certificate_pem, other->ca_bundle_pem, clock_.wall));
}

TEST_F(HeldIdentities, FailureLeavesWhatThereWas) {
  IdentityPtr held = get(tls());
  MeshTls broken = tls();
  broken.ca.key_pem = "nothing";
  EXPECT_FALSE(identities_.get(web_, broken, tags_));
  EXPECT_EQ(identities_.find(web_), held);
}

TEST_F(HeldIdentities, WhatCannotBeRenewedIsTriedEverLessOften) {
  MeshTls mesh = tls();
  get(mesh);
  clock_.wall += 80min;
  int tries = 0;
  for (int tenth = 0; tenth < 36'000; ++tenth) {  // an hour, looked at as often as the rotation does
    tries += static_cast<int>(identities_.due().size());
    auto next = identities_.next_rotation();
    ASSERT_TRUE(next);
    EXPECT_GT(*next, clock_.wall);
    clock_.wall += 100ms;
  }
  EXPECT_GE(tries, 60);
  EXPECT_LE(tries, 66);
  get(mesh);
  EXPECT_EQ(identities_.next_rotation(), clock_.wall + 80min) << "a new certificate ends the pauses";
}

/// 4/5 of what is left, again and again, would push without end as the CA nears its own.
TEST_F(HeldIdentities, OneThatEndsWithItsCaIsLeftAloneUntilThen) {
  MeshTls mesh = tls(24h, 10h);
  IdentityPtr held = get(mesh);
  EXPECT_EQ(held->expires, clock_.wall + 10h);
  EXPECT_TRUE(due_after(10h - 1s).empty());
  EXPECT_EQ(get(mesh), held);
  EXPECT_EQ(due_after(1s), std::vector{web_});
  EXPECT_FALSE(identities_.get(web_, mesh, tags_));
}

/// Reading a CA takes longer than signing with it.
TEST_F(HeldIdentities, EachCaIsReadOnce) {
  MeshTls first = tls(), second = tls();
  second.backend = "ca-2";
  for (int i = 0; i < 20; ++i) {
    ResourceKey proxy{"default", "web-" + std::to_string(i)};
    ASSERT_TRUE(identities_.get(proxy, first, tags_));
    ASSERT_TRUE(identities_.get_workload(proxy, second, "spiffe://default/" + std::to_string(i)));
  }
  EXPECT_EQ(identities_.issued(), 40u);
  EXPECT_EQ(identities_.authorities_read(), 2u);
  first.ca = tls().ca;
  IdentityPtr replaced = get(first);
  EXPECT_TRUE(chains_to(replaced->leaf.certificate_pem, first.ca.certificate_pem, clock_.wall));
  EXPECT_EQ(identities_.authorities_read(), 3u);
  identities_.forget_mesh("default");
  first.leaf_lifetime = 1h;
  get(first);
  EXPECT_EQ(identities_.authorities_read(), 4u) << "with its mesh the CA's key leaves memory";
}

TEST_F(HeldIdentities, ForgottenOneIsNotDue) {
  get(tls());
  identities_.forget(web_);
  EXPECT_EQ(identities_.find(web_), nullptr);
  EXPECT_FALSE(identities_.next_rotation());
  EXPECT_TRUE(due_after(100h).empty());
}

/// Keys are made by somebody else, some time.
class IdentitiesWithoutKeys : public HeldIdentities {
 protected:
  IdentityPtr later(const MeshTls& tls) {
    auto out = waiting_.get(web_, tls, tags_);
    EXPECT_TRUE(out) << out.error().message;
    return out ? *out : nullptr;
  }
  void make_key() {
    const std::string* holder = beside_.next();
    ASSERT_TRUE(holder);
    auto key = make_private_key({});
    ASSERT_TRUE(key);
    beside_.put(std::string(*holder), *key);
  }

  LeafKeys beside_{KeySpec{}, LeafKeys::Made::beside};
  Identities waiting_{clock_, random_, beside_};
};

TEST_F(IdentitiesWithoutKeys, AProxyHasNothingUntilItsKeyIsThere) {
  MeshTls mesh = tls();
  EXPECT_EQ(later(mesh), nullptr);
  EXPECT_EQ(beside_.take_lacking().size(), 1u);
  EXPECT_EQ(later(mesh), nullptr) << "asked for again it waits as before";
  make_key();
  EXPECT_EQ(beside_.next(), nullptr);
  IdentityPtr held = later(mesh);
  ASSERT_TRUE(held);
  EXPECT_TRUE(check_pair(held->leaf));
  EXPECT_EQ(later(mesh), held);
}

TEST_F(IdentitiesWithoutKeys, ItKeepsWhatItHasWhileTheNextKeyIsMade) {
  MeshTls mesh = tls();
  EXPECT_EQ(later(mesh), nullptr);
  make_key();
  IdentityPtr first = later(mesh);
  ASSERT_TRUE(first);
  clock_.wall += 80min;
  EXPECT_EQ(later(mesh), first);
  tags_["version"] = {"2"};
  EXPECT_EQ(later(mesh), first);
  MeshTls other = mesh;
  other.backend = "ca-2";
  EXPECT_EQ(later(other), nullptr) << "that is no certificate of this backend";
  make_key();
  IdentityPtr second = later(mesh);
  EXPECT_NE(second, first);
  EXPECT_EQ(second->generation, 2u);
  clock_.wall += 100min;
  EXPECT_EQ(later(mesh), nullptr) << "one that has ended is of no use";
}

/// What would be signed by nobody is not made.
TEST_F(IdentitiesWithoutKeys, NoKeyIsWantedForACaThatCannotSign) {
  MeshTls ended = tls(100min, 1h);
  clock_.wall += 1h;
  EXPECT_FALSE(waiting_.get(web_, ended, tags_));
  MeshTls broken = tls();
  broken.ca.key_pem = "nothing";
  EXPECT_FALSE(waiting_.get(web_, broken, tags_));
  EXPECT_EQ(beside_.next(), nullptr);
}

TEST_F(IdentitiesWithoutKeys, WhoIsForgottenWaitsNoLonger) {
  EXPECT_EQ(later(tls()), nullptr);
  waiting_.forget(web_);
  EXPECT_EQ(beside_.next(), nullptr);
}

TEST(LeafKeys, AreMadeInTheOrderOfAskingForWhoAsked) {
  LeafKeys keys({}, LeafKeys::Made::beside);
  for (const char* holder : {"b", "a", "b"}) {
    auto none = keys.take(holder);
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
  }
  EXPECT_EQ(keys.take_lacking(), (std::vector<std::string>{"b", "a", "b"}));
  EXPECT_TRUE(keys.take_lacking().empty());
  ASSERT_TRUE(keys.next());
  EXPECT_EQ(*keys.next(), "b");
  PrivateKeyPtr made = *make_private_key({});
  keys.put("b", made);
  keys.put("nobody", made);
  EXPECT_EQ(*keys.next(), "a");
  EXPECT_FALSE(*keys.take("a"));
  EXPECT_EQ(*keys.take("b"), made);
  EXPECT_FALSE(*keys.take("b")) << "each is for one certificate";
  EXPECT_FALSE(*keys.take("nobody"));
  keys.forget("a");
  EXPECT_EQ(*keys.next(), "b");
}

TEST(LeafKeys, WhoseKeyCannotBeMadeLetsTheOthersGoFirst) {
  LeafKeys keys({}, LeafKeys::Made::beside);
  for (const char* holder : {"b", "a"}) ASSERT_TRUE(keys.take(holder));
  keys.defer("b");
  keys.defer("nobody");
  EXPECT_EQ(*keys.next(), "a");
  keys.forget("a");
  EXPECT_EQ(*keys.next(), "b");
  keys.forget("b");
  EXPECT_EQ(keys.next(), nullptr);
}

}  // namespace
}  // namespace kumasim::cp::testing
