/// Who asks over REST, and what the token endpoints give to whom.
#include "reference-cp/rest/authentication.hpp"

#include "auth/auth_bed.hpp"
#include "kumasim/runtime/log.hpp"
#include "reference-cp/rest/tokens.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;
using testing::AuthBed;
using testing::run_now;

class NoLog : public Log {
 public:
  bool enabled(LogLevel) const override { return false; }
  void write(const LogRecord&) override {}
};

HttpRequest from(std::string address, Headers headers) {
  HttpRequest out;
  out.target = "/config";
  out.headers = std::move(headers);
  out.peer.address = {std::move(address), 54321};
  return out;
}

TEST(DirectLoopback, IsThisMachineWithoutAProxy) {
  EXPECT_TRUE(is_direct_loopback(from("127.0.0.1", {{"Host", "localhost:5681"}})));
  EXPECT_TRUE(is_direct_loopback(from("::1", {{"Host", "[::1]"}})));
  EXPECT_TRUE(is_direct_loopback(from("::ffff:127.0.0.1", {{"Host", "127.0.0.1:5681"}})));
  EXPECT_FALSE(is_direct_loopback(from("203.0.113.1", {{"Host", "localhost:5681"}})));
  EXPECT_FALSE(is_direct_loopback(from("127.0.0.1", {{"Host", "api.example.com"}})));
  EXPECT_FALSE(is_direct_loopback(from("127.0.0.1", {{"Host", "127.evil.com"}})));
  EXPECT_FALSE(is_direct_loopback(from("127.0.0.1", {})));
  for (const char* host : {"[::1", "localhost:bad", "localhost:", "localhost:0", "a@localhost"})
    EXPECT_FALSE(is_direct_loopback(from("127.0.0.1", {{"Host", host}}))) << host;
  for (const char* header : {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via", "X-Forwarded-Host",
                             "X-Forwarded-Proto", "x-forwarded-port", "x-envoy-internal", "X-Envoy-External-Address",
                             "x-envoy-expected-rq-timeout-ms", "X-Original-URI", "True-Client-IP", "X-Client-IP"})
    for (const char* value : {"1.2.3.4", ""})
      EXPECT_FALSE(is_direct_loopback(from("127.0.0.1", {{"Host", "localhost"}, {header, value}}))) << header;
}

TEST(DirectLoopback, FieldsOfAClientsOwnDoNotMakeAProxy) {
  for (const char* header : {"User-Agent", "Accept", "X-Request-Id", "X-Forward", "Viaduct", "X-Envoy"})
    EXPECT_TRUE(is_direct_loopback(from("127.0.0.1", {{"Host", "localhost:5681"}, {header, "x"}}))) << header;
}

TEST(DirectLoopback, APageOfAnotherOriginIsNot) {
  auto with = [](const char* host, const char* origin) {
    return is_direct_loopback(from("127.0.0.1", {{"Host", host}, {"Origin", origin}}));
  };
  EXPECT_TRUE(with("localhost:5681", "http://localhost:5681"));
  EXPECT_TRUE(with("LOCALHOST:5681", "http://localhost:5681"));
  EXPECT_TRUE(with("localhost:443", "https://localhost"));
  EXPECT_TRUE(with("[::1]", "http://[::1]:80"));
  for (const char* origin :
       {"https://evil.com", "http://127.0.0.1:3000", "http://localhost", "null", "not-a-url", "http://localhost:bad",
        "http://localhost:5681/path", "http://localhost:5681?x=1", "http://user@localhost:5681"})
    EXPECT_FALSE(with("localhost:5681", origin)) << origin;
  for (auto [site, direct] :
       {std::pair("same-origin", true), {"none", true}, {"cross-site", false}, {"same-site", false}})
    EXPECT_EQ(is_direct_loopback(from("127.0.0.1", {{"Host", "localhost"}, {"Sec-Fetch-Site", site}})), direct) << site;
}

struct Door : AuthBed {
  std::string name(HttpRequest request, Authentication::Options options = {}) {
    Authentication authentication(keys, clock, log, std::move(options));
    auto user = run_now(authentication.user_of(request));
    return user ? user->text() : "refused";
  }
  std::string bearer() { return "Bearer " + issue(user_token_keys(), {{"Name", "john"}, {"Groups", {"team"}}}); }

  NoLog log;
};

TEST(Authentication, KnowsUsersByTheirTokens) {
  Door door;
  EXPECT_EQ(door.name(from("10.0.0.1", {{"authorization", door.bearer()}})), "john/team,mesh-system:authenticated");
  EXPECT_EQ(door.name(from("10.0.0.1", {{"authorization", "Bearer x"}})), "refused");
  EXPECT_EQ(door.name(from("10.0.0.1", {{"authorization", "Basic x"}})),
            "mesh-system:anonymous/mesh-system:unauthenticated");
  EXPECT_EQ(door.name(from("10.0.0.1", {})), "mesh-system:anonymous/mesh-system:unauthenticated");
  HttpRequest index = from("10.0.0.1", {{"authorization", "Bearer x"}});
  index.target = "/";
  EXPECT_EQ(door.name(index), "mesh-system:anonymous/mesh-system:unauthenticated");
}

TEST(Authentication, ThisMachineIsTheAdministratorWhereItMayBe) {
  Door door;
  HttpRequest here = from("127.0.0.1", {{"Host", "localhost"}, {"authorization", "Bearer x"}});
  EXPECT_EQ(door.name(here), "mesh-system:admin/mesh-system:admin,mesh-system:authenticated");
  EXPECT_EQ(door.name(here, {.localhost_is_admin = false}), "refused");
}

TEST(Authentication, ACertificateIsTheAdministratorsWhereItCounts) {
  Door door;
  TlsPeer peer;
  peer.certificate_pem = "a certificate that the server trusts";
  HttpRequest request = from("10.0.0.1", {});
  request.peer.tls = std::make_shared<const TlsPeer>(peer);
  EXPECT_EQ(door.name(request, {.type = Authentication::Type::admin_client_certs}),
            "mesh-system:admin/mesh-system:admin,mesh-system:authenticated");
  EXPECT_EQ(door.name(request), "mesh-system:anonymous/mesh-system:unauthenticated");
  request.peer.tls = std::make_shared<const TlsPeer>();
  EXPECT_EQ(door.name(request, {.type = Authentication::Type::admin_client_certs}),
            "mesh-system:anonymous/mesh-system:unauthenticated");
}

struct Desk : AuthBed {
  HttpResponse post(std::string target, std::string body, const User& user = admin_user(),
                    TokenEndpoints::Options options = {}) {
    TokenEndpoints endpoints(issuer, std::move(options));
    HttpRequest request{.method = "POST",
                        .target = std::move(target),
                        .headers = {{"Content-Type", "application/json"}},
                        .body = std::move(body)};
    auto answer = run_now(endpoints.handle(request, user));
    return answer ? *answer : HttpResponse{.status = 0, .headers = {}, .body = {}};
  }
};

TEST(TokenEndpoints, GiveTokensThatCount) {
  Desk desk;
  HttpResponse answer = desk.post("/tokens/dataplane", R"({"mesh":"default","name":"a","validFor":"1h"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.headers.get("Content-Type"), "text/plain");
  EXPECT_EQ(desk.judge(answer.body, dataplane_token_keys("default")), "");
}

TEST(TokenEndpoints, RefuseBodiesOfAnotherFormWithoutWords) {
  Desk desk;
  for (const char* body : {"", "x", "[]", R"({"mesh":1})", R"({"mesh":"default","tags":{"a":"b"}})"}) {
    HttpResponse answer = desk.post("/tokens/dataplane", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.body, "") << body;
  }
}

TEST(TokenEndpoints, NameEveryFieldThatWillNotDo) {
  Desk desk;
  auto said = [&](std::string target, std::string body) {
    HttpResponse answer = desk.post(std::move(target), std::move(body));
    EXPECT_EQ(answer.status, 400) << answer.body;
    std::string out;
    const json parsed = json::parse(answer.body, nullptr, false);
    if (parsed.is_object())
      for (const json& each : parsed["invalid_parameters"])
        out += each.value("field", "") + ": " + each.value("reason", "") + "\n";
    return out;
  };
  EXPECT_EQ(said("/tokens/dataplane", R"({"type":"gateway","validFor":"soon"})"),
            "mesh: cannot be empty\nvalidFor: is invalid: time: invalid duration \"soon\"\n"
            "type: gateway is not a valid proxy type\n");
  EXPECT_EQ(said("/tokens/zone", R"({"zone":"z"})"), "scope: cannot be empty\n");
  EXPECT_EQ(said("/tokens/user", "null"), "name: cannot be empty\nvalidFor: cannot be empty\n");
  EXPECT_EQ(said("/tokens/user", R"({"name":"a","validFor":"0s"})"), "validFor: cannot be empty or nil\n");
  EXPECT_EQ(said("/tokens/user", R"({"name":"a","groups":"b"})"), "") << "no list: a body of another form";
  EXPECT_EQ(said("/tokens/dataplane", R"({"mesh":"default","tags":[]})"), "");
}

TEST(TokenEndpoints, SayWhichKeyIsMissing) {
  Desk desk;
  HttpResponse answer = desk.post("/tokens/dataplane", R"({"mesh":"none","validFor":"1h"})");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(json::parse(answer.body)["title"], "Signing Key not found");
}

TEST(TokenEndpoints, AreForWhomTheAccessNames) {
  Desk desk;
  TokenEndpoints::Options options;
  options.access.generate_zone_token = {{"john"}, {}};
  const User john = authenticated_user("john", {});
  constexpr const char* zone = R"({"zone":"z","scope":["egress"]})";
  EXPECT_EQ(desk.post("/tokens/zone", zone, john, options).status, 200);
  EXPECT_EQ(desk.post("/tokens/zone", zone, admin_user(), options).status, 403);
  EXPECT_EQ(desk.post("/tokens/user", R"({"name":"a","validFor":"1h"})", john, options).status, 403);
  EXPECT_EQ(desk.post("/tokens/dataplane", R"({"mesh":"default"})", john, options).status, 403);
}

TEST(TokenEndpoints, MayBeSwitchedOff) {
  Desk desk;
  HttpResponse off = desk.post("/tokens/dataplane", R"({"mesh":"default"})", admin_user(), {.dataplane = false});
  EXPECT_EQ(off.status, 400);
  EXPECT_EQ(json::parse(off.body)["detail"], "issuing tokens using the control plane is disabled.");
  EXPECT_EQ(desk.post("/tokens/user", "{}", admin_user(), {.user_tokens_served = false}).status, 0);
  EXPECT_EQ(desk.post("/tokens", "{}").status, 0);
}

}  // namespace
}  // namespace kumasim::cp
