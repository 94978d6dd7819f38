/// Which tokens count: keys that rotate, times, revocations, keys from the configuration.
#include "auth/auth_bed.hpp"
#include "reference-cp/auth/base64url.hpp"
#include "reference-cp/auth/jwt.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;
using testing::AuthBed;
using testing::run_now;

const KeyFamily users = user_token_keys();
const json john = {{"Name", "john"}, {"Groups", {"a"}}};

TEST(Tokens, CarryTheirTimesAndTheIdOfTheirKey) {
  AuthBed bed;
  auto jwt = parse_jwt(bed.issue(users, john, std::chrono::hours(24)));
  ASSERT_TRUE(jwt);
  EXPECT_EQ(jwt->header["kid"], "1");
  EXPECT_EQ(jwt->claims["Name"], "john");
  EXPECT_EQ(jwt->claims["iat"], 1'800'000'000 - 5);
  EXPECT_EQ(jwt->claims["nbf"], jwt->claims["iat"]);
  EXPECT_EQ(jwt->claims["exp"], 1'800'000'000 + 24 * 3600);
  EXPECT_EQ(jwt->claims["jti"].get<std::string>().size(), 36u);
}

TEST(Tokens, ALifetimeBeyondAllTimesEndsAtTheLast) {
  AuthBed bed;
  EXPECT_EQ(bed.judge(bed.issue(users, john, Duration::max()), users), "");
}

TEST(Tokens, CountUntilTheirEnd) {
  AuthBed bed;
  std::string token = bed.issue(users, john);
  EXPECT_EQ(bed.judge(token, users), "");
  bed.clock.time += std::chrono::hours(1);
  EXPECT_EQ(bed.judge(token, users), "could not parse token: token has invalid claims: token is expired");
  bed.clock.time -= std::chrono::hours(2);
  EXPECT_EQ(bed.judge(token, users), "could not parse token: token has invalid claims: token is not valid yet");
}

TEST(Tokens, TheHighestKeySignsAndAllVerify) {
  AuthBed bed;
  std::string before = bed.issue(users, john);
  bed.add_key(users, "2", {});
  bed.add_key(users, "10", {});
  std::string after = bed.issue(users, john);
  EXPECT_EQ(parse_jwt(after)->header["kid"], "10");
  EXPECT_EQ(bed.judge(before, users), "");
  EXPECT_EQ(bed.judge(after, users), "");
  bed.remove(kind::global_secret(), "", "user-token-signing-key-1");
  EXPECT_EQ(bed.judge(before, users),
            "there is no signing key with KID 1. GlobalSecret of name \"user-token-signing-key-1\" is not found. If "
            "signing key was rotated, regenerate the token");
  EXPECT_EQ(bed.judge(after, users), "");
}

TEST(Tokens, WithoutAKeyNoneIsIssued) {
  AuthBed bed;
  auto token = run_now(bed.issuer.issue(dataplane_token_keys("other"), json::object(), std::chrono::hours(1)));
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().field, signing_key_field);
  EXPECT_EQ(token.error().message,
            "there is no signing key with KID 1. Secret of name \"dataplane-token-signing-key-other-1\" in mesh "
            "\"other\" is not found. If signing key was rotated, regenerate the token");
}

TEST(Tokens, OfAnotherFamilyDoNotCount) {
  AuthBed bed;
  std::string reason = bed.judge(bed.issue(zone_token_keys(), {{"Zone", "z"}}), users);
  EXPECT_EQ(reason, "could not parse token: token signature is invalid: crypto/rsa: verification error");
}

TEST(Tokens, TheAlgorithmIsTheKeysNotTheTokens) {
  AuthBed bed;
  for (const char* algorithm : {"none", "HS256", "RS256"}) {
    std::string text = base64url_encode(json{{"alg", algorithm}, {"kid", "1"}}.dump()) + "." +
                       base64url_encode(json{{"Name", "mesh-system:admin"}}.dump());
    EXPECT_NE(bed.judge(text + ".", users), "") << algorithm;
    EXPECT_NE(bed.judge(text + ".AAAA", users), "") << algorithm;
  }
}

TEST(Tokens, AChangedTokenDoesNotCount) {
  AuthBed bed;
  std::string token = bed.issue(users, john);
  auto jwt = parse_jwt(token);
  json claims = jwt->claims;
  claims["Name"] = "mesh-system:admin";
  auto first = token.find('.');
  auto second = token.find('.', first + 1);
  std::string forged = token.substr(0, first + 1) + base64url_encode(claims.dump()) + token.substr(second);
  EXPECT_EQ(bed.judge(forged, users),
            "could not parse token: token signature is invalid: crypto/rsa: verification error");
}

TEST(Tokens, OnesThatAreRevokedDoNotCount) {
  AuthBed bed;
  const KeyFamily proxies = dataplane_token_keys("default");
  std::string first = bed.issue(users, john);
  std::string second = bed.issue(users, john);
  std::string proxy = bed.issue(proxies, {{"Mesh", "default"}});
  auto id = [](const std::string& token) { return parse_jwt(token)->claims["jti"].get<std::string>(); };
  bed.put_secret("", "user-token-revocations", "another," + id(first) + "\n");
  EXPECT_EQ(bed.judge(first, users), "token is revoked");
  EXPECT_EQ(bed.judge(second, users), "");
  EXPECT_EQ(bed.judge(proxy, proxies), "");
  bed.put_secret("default", "dataplane-token-revocations-default", id(proxy));
  EXPECT_EQ(bed.judge(proxy, proxies), "token is revoked");
}

TEST(Tokens, AListOfRevocationsThatCannotBeReadRevokesAll) {
  AuthBed bed;
  std::string token = bed.issue(users, john);
  bed.put(kind::global_secret(), "", "user-token-revocations", json::object());
  EXPECT_EQ(bed.judge(token, users), "") << "without data it is empty";
  for (const json& data : {json("no base64!"), json("YWJj="), json(7)}) {
    bed.remove(kind::global_secret(), "", "user-token-revocations");
    bed.put(kind::global_secret(), "", "user-token-revocations", {{"data", data}});
    EXPECT_EQ(bed.judge(token, users),
              "could not check if the token is revoked: GlobalSecret user-token-revocations is not in base64")
        << data;
  }
}

TEST(Tokens, OnlyKeysOfTheFamilySign) {
  AuthBed bed;
  for (const char* name : {"user-token-signing-keyring", "user-token-signing-key-", "user-token-signing-key-old",
                           "user-token-signing-key-2-old", "user-token-signing-key-007", "user-token-signing-key--3",
                           "user-token-signing-key-0", "user-token-signing-key-99999999999999999999"})
    bed.put_secret("", name, "no key");
  EXPECT_EQ(parse_jwt(bed.issue(users, john))->header["kid"], "1");
  bed.remove(kind::global_secret(), "", "user-token-signing-key-1");
  auto none = run_now(bed.issuer.issue(users, john, std::chrono::hours(1)));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().field, signing_key_field);
  bed.put_secret("", "user-token-signing-key", *make_key_pem({}));
  std::string token = bed.issue(users, john);
  EXPECT_EQ(parse_jwt(token)->header["kid"], "0");
  EXPECT_EQ(bed.judge(token, users), "");
}

TEST(Tokens, KeysOfTheConfigurationVerifyToo) {
  AuthBed bed;
  auto offline = TokenKey::from_private(*make_key_pem({}));
  std::string pem = *offline->public_pem();
  const KeyFamily proxies = dataplane_token_keys("default");
  auto token = sign_token(*offline, "mine", {{"Mesh", "default"}}, {bed.clock.time, std::chrono::hours(1)}, bed.random);
  ASSERT_TRUE(token);
  EXPECT_NE(bed.judge(*token, proxies), "");
  EXPECT_EQ(bed.judge(*token, proxies, {.public_keys = {{"mine", pem}}}), "");
  EXPECT_EQ(bed.judge(*token, proxies, {.public_keys = {{"mine", pem, "default"}}}), "");
  EXPECT_NE(bed.judge(*token, proxies, {.public_keys = {{"mine", pem, "other"}}}), "");
  EXPECT_NE(bed.judge(*token, proxies, {.public_keys = {{"other", pem}}}), "");
  EXPECT_EQ(bed.judge(bed.issue(proxies, {{"Mesh", "default"}}), proxies, {.use_secrets = false}),
            "there is no signing key with KID 1. GlobalSecret of name \"-1\" is not found. If signing key was rotated, "
            "regenerate the token");
}

TEST(Tokens, AMemoryStoreIsNamedInTheReason) {
  AuthBed bed;
  EXPECT_EQ(bed.judge("x", users, {.memory_store = true}),
            "could not parse token. kuma-cp runs with an in-memory database and its state isn't preserved between "
            "restarts. Keep in mind that an in-memory database cannot be used with multiple instances of the control "
            "plane: token is malformed: token contains an invalid number of segments");
}

TEST(SigningKeys, AreMadeOnce) {
  AuthBed bed;
  int made = 0;
  auto make = [&]() -> asio::awaitable<Result<std::string>> {
    ++made;
    co_return base64_encode(*make_key_pem({}));
  };
  const KeyFamily family{"test-key", "", "test-revocations"};
  bed.put_secret("", "test-keyring", "no key");
  EXPECT_TRUE(*run_now(bed.keys.ensure(family, make)));
  EXPECT_FALSE(*run_now(bed.keys.ensure(family, make)));
  EXPECT_EQ(made, 1);
  EXPECT_EQ(parse_jwt(bed.issue(family, john))->header["kid"], "1");
}

}  // namespace
}  // namespace kumasim::cp
