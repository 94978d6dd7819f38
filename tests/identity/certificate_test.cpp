/// Certificates: what they say, how long they last, what they chain to, and which keys are refused.
#include "reference-cp/identity/certificate.hpp"

#include <gtest/gtest.h>

#include "kumasim/sim/seeded_random.hpp"
#include "tests/transport/password_watch.hpp"

namespace kumasim::cp::testing {
namespace {

using namespace std::chrono_literals;

constexpr WallTime now = WallTime(1'800'000'000s);

class Certificates : public ::testing::Test {
 protected:
  KeyPair ca(std::string mesh, Duration lifetime = ca_lifetime_default) {
    auto made = make_ca({.mesh = std::move(mesh), .key = {}, .now = now, .lifetime = lifetime});
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  Result<KeyPair> leaf(const KeyPair& root, WallTime at = now, Duration lifetime = leaf_lifetime_default) {
    TagSet tags{{"kuma.io/service", {"web", "web-admin"}}, {"version", {"2"}}};
    return issue_leaf(root, {.mesh = "default", .tags = tags, .key = {}, .now = at, .lifetime = lifetime}, random_);
  }

  sim::SeededRandom random_{1};
};

TEST_F(Certificates, RootSaysWhoseItIs) {
  KeyPair root = ca("default", 1h);
  auto info = inspect_certificate(root.certificate_pem);
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->is_ca);
  EXPECT_EQ(info->uris, (std::vector<std::string>{"spiffe://default"}));
  EXPECT_EQ(info->not_before, now - 10s);
  EXPECT_EQ(info->not_after, now + 1h);
  EXPECT_TRUE(check_pair(root));
  EXPECT_FALSE(check_pair({root.certificate_pem, ca("default").key_pem}));
}

TEST_F(Certificates, LeafNamesServicesAndTags) {
  auto made = leaf(ca("default"));
  ASSERT_TRUE(made) << made.error().message;
  auto info = inspect_certificate(made->certificate_pem);
  ASSERT_TRUE(info);
  EXPECT_FALSE(info->is_ca);
  EXPECT_EQ(info->uris, (std::vector<std::string>{"spiffe://default/web", "spiffe://default/web-admin",
                                                  "kuma://kuma.io/service/web", "kuma://kuma.io/service/web-admin",
                                                  "kuma://version/2"}));
  EXPECT_EQ(info->not_after, now + 24h);
  EXPECT_TRUE(check_pair(*made));
}

TEST_F(Certificates, LeafChainsToItsOwnRootInItsTime) {
  KeyPair root = ca("default", 2h), other = ca("default", 2h);
  auto made = leaf(root, now, 1h);
  ASSERT_TRUE(made);
  EXPECT_TRUE(chains_to(made->certificate_pem, root.certificate_pem, now));
  EXPECT_FALSE(chains_to(made->certificate_pem, other.certificate_pem, now));
  EXPECT_TRUE(chains_to(made->certificate_pem, other.certificate_pem + root.certificate_pem, now));
  EXPECT_FALSE(chains_to(made->certificate_pem, root.certificate_pem, now + 1h + 1s));
  EXPECT_FALSE(chains_to(made->certificate_pem, root.certificate_pem, now - 11s));
}

TEST_F(Certificates, LeafEndsWithItsRootAndNotAfterIt) {
  KeyPair root = ca("default", 1h);
  auto made = leaf(root, now + 30min, 24h);
  ASSERT_TRUE(made);
  EXPECT_EQ(inspect_certificate(made->certificate_pem)->not_after, now + 1h);
  auto late = leaf(root, now + 1h);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().message, "the CA of mesh \"default\" has expired");
}

/// What a certificate says of its end is what is noted of it, also where neither falls on a second.
TEST_F(Certificates, EndIsToldWithTheLeaf) {
  auto issuer = Issuer::read(ca("default", 1h));
  ASSERT_TRUE(issuer) << issuer.error().message;
  EXPECT_EQ(issuer->not_after(), now + 1h);
  for (Duration lifetime : {Duration(30min + 300ms), Duration(5h)}) {
    auto made = issue_leaf(*issuer, *make_private_key({}),
                           {.mesh = "default", .tags = {}, .key = {}, .now = now + 1ms, .lifetime = lifetime}, random_);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(inspect_certificate(made->pair.certificate_pem)->not_after, made->not_after);
  }
}

TEST_F(Certificates, RootWithAnotherKeyIssuesNothing) {
  auto made = leaf({ca("default").certificate_pem, ca("default").key_pem});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::data_loss);
}

TEST_F(Certificates, KeysOfOtherSizesAreRefusedAtOnce) {
  for (std::uint32_t bits : {17u, 1024u, 2047u, 8192u, 4'000'000'000u}) {
    EXPECT_FALSE(KeySpec{bits}.allowed()) << bits;
    EXPECT_FALSE(make_ca({.mesh = "default", .key = {bits}, .now = now})) << bits;
    EXPECT_FALSE(make_key_pem({bits})) << bits;
  }
  for (std::uint32_t bits : {0u, 2048u, 3072u, 4096u}) EXPECT_TRUE(KeySpec{bits}.allowed()) << bits;
}

TEST_F(Certificates, NobodyIsAskedForThePasswordOfAnEncryptedText) {
  kumasim::testing::PasswordWatch watch;
  using kumasim::testing::encrypted_pem;
  KeyPair root = ca("default");
  const std::string certificate = encrypted_pem("CERTIFICATE");
  EXPECT_FALSE(inspect_certificate(certificate));
  EXPECT_FALSE(chains_to(root.certificate_pem, certificate, now));
  EXPECT_TRUE(chains_to(root.certificate_pem, certificate + root.certificate_pem, now));
  auto chain = inspect_certificates(root.certificate_pem + certificate);
  ASSERT_EQ(chain.size(), 2u);
  EXPECT_TRUE(chain[0]);
  EXPECT_FALSE(chain[1]);
  EXPECT_EQ(tls_pair_error({certificate, root.key_pem}), "x509: malformed certificate");
  for (const char* type : {"RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"}) {
    EXPECT_EQ(tls_pair_error({root.certificate_pem, encrypted_pem(type)}), "tls: failed to parse private key") << type;
    EXPECT_FALSE(check_pair({root.certificate_pem, encrypted_pem(type)})) << type;
  }
  EXPECT_FALSE(watch.asked());
}

}  // namespace
}  // namespace kumasim::cp::testing
