/// JSON Web Tokens and the keys that sign them.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference-cp/auth/base64url.hpp"
#include "reference-cp/auth/jwt.hpp"
#include "reference-cp/identity/certificate.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

RC_GTEST_PROP(Base64Url, ReadsWhatItWrites, (const std::string& bytes)) {
  std::string text = base64url_encode(bytes);
  RC_ASSERT(text.find_first_of("+/=") == std::string::npos);
  RC_ASSERT(base64url_decode(text) == bytes);
}

TEST(Base64Url, OneTextForEachSequenceOfBytes) {
  EXPECT_EQ(base64url_decode("Zg"), "f");
  EXPECT_FALSE(base64url_decode("Zh"));
  EXPECT_FALSE(base64url_decode("Zg=="));
  EXPECT_FALSE(base64url_decode("Z"));
  EXPECT_FALSE(base64url_decode("Zg\n"));
}

class Jwts : public ::testing::TestWithParam<std::uint32_t> {
 protected:
  TokenKey key() const { return *TokenKey::from_private(*make_key_pem({.rsa_bits = GetParam()})); }
};
INSTANTIATE_TEST_SUITE_P(Keys, Jwts, ::testing::Values(0u, 2048u),
                         [](const auto& given) { return given.param == 0 ? "Ec" : "Rsa"; });

TEST_P(Jwts, AreReadBackAndVerifyByThePublicKey) {
  TokenKey own = key();
  auto token = write_jwt(own, "3", {{"Name", "a"}});
  ASSERT_TRUE(token);
  auto jwt = parse_jwt(*token);
  ASSERT_TRUE(jwt) << jwt.error().message;
  EXPECT_EQ(jwt->header, (json{{"alg", GetParam() == 0 ? "ES256" : "RS256"}, {"kid", "3"}, {"typ", "JWT"}}));
  EXPECT_EQ(jwt->claims, (json{{"Name", "a"}}));
  auto pem = own.public_pem();
  ASSERT_TRUE(pem);
  EXPECT_TRUE(pem->starts_with(GetParam() == 0 ? "-----BEGIN PUBLIC KEY" : "-----BEGIN RSA PUBLIC KEY")) << *pem;
  auto verifier = TokenKey::from_public(*pem);
  ASSERT_TRUE(verifier) << verifier.error().message;
  EXPECT_TRUE(verifier->verifies(jwt->signed_text, jwt->signature));
  EXPECT_FALSE(verifier->verifies(jwt->signed_text + " ", jwt->signature));
  std::string other = jwt->signature;
  other[7] = static_cast<char>(other[7] ^ 1);
  EXPECT_FALSE(verifier->verifies(jwt->signed_text, other));
  EXPECT_FALSE(verifier->verifies(jwt->signed_text, ""));
  EXPECT_FALSE(verifier->sign("x"));
}

TEST(Jwt, MalformedTextsAreRefusedWithTheReason) {
  auto reason = [](std::string_view text) {
    auto jwt = parse_jwt(text);
    return jwt ? std::string() : jwt.error().message;
  };
  EXPECT_EQ(reason("x"), "token is malformed: token contains an invalid number of segments");
  EXPECT_EQ(reason("a.b.c.d"), "token is malformed: token contains an invalid number of segments");
  EXPECT_EQ(reason("!.b.c"), "token is malformed: could not base64 decode header: illegal base64 data");
  std::string list = base64url_encode("[]"), object = base64url_encode("{}");
  EXPECT_EQ(reason(list + "." + object + "."), "token is malformed: could not JSON decode header: it is no object");
  EXPECT_EQ(reason(object + "." + object + "."), "token is unverifiable: signing method (alg) is unspecified");
  EXPECT_EQ(reason(std::string(token_bytes_max + 1, 'a')), "token is malformed: token is too long");
}

RC_GTEST_PROP(Jwt, AnyTextIsJudgedWithoutAFault, (const std::string& a, const std::string& b, const std::string& c)) {
  parse_jwt(a);
  parse_jwt(a + "." + b + "." + c);
  parse_jwt(base64url_encode(a) + "." + base64url_encode(b) + "." + base64url_encode(c));
}

TEST(Jwt, TimesBindWhereTheyAreThere) {
  WallTime now{std::chrono::seconds(1000)};
  EXPECT_TRUE(check_times(json::object(), now));
  EXPECT_TRUE(check_times({{"exp", 1001}, {"nbf", 1000}}, now));
  EXPECT_FALSE(check_times({{"exp", 1000}}, now));
  EXPECT_FALSE(check_times({{"nbf", 1000.5}}, now));
  EXPECT_FALSE(check_times({{"exp", "1001"}}, now));
}

TEST(Jwt, ClaimsAreFoundInAnotherCase) {
  json claims = {{"name", "small"}, {"Groups", {"a", "b"}}, {"Zone", 1}};
  EXPECT_EQ(*text_claim(claims, "Name"), "small");
  EXPECT_EQ(*list_claim(claims, "Groups"), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(text_claim(claims, "Zone"));
  EXPECT_EQ(*text_claim(claims, "Mesh"), "");
}

TEST(TokenKey, RefusesWhatIsNoKey) {
  EXPECT_FALSE(TokenKey::from_private("abc"));
  EXPECT_FALSE(TokenKey::from_private(""));
  EXPECT_FALSE(TokenKey::from_public("abc"));
}

}  // namespace
}  // namespace kumasim::cp
