/// The language of static expectations.
#include "scenarios/behaviour/question.hpp"

#include <gmock/gmock.h>

namespace kumasim::scenario {
namespace {

using ::testing::HasSubstr;

Question asked(std::string_view text) {
  auto parsed = parse_question(text);
  if (parsed) return *parsed;
  ADD_FAILURE() << text << ": " << parsed.error().message;
  return {};
}

std::string wrong(std::string_view text) {
  auto parsed = parse_question(text);
  if (!parsed) return parsed.error().message + "; " + parsed.error().hint;
  ADD_FAILURE() << text << " is taken";
  return {};
}

TEST(Question, ReadsACallWithItsRequest) {
  Question q = asked("route(web -> backend POST /api x-user:admin) == version=v2");
  EXPECT_EQ(q.from, "web");
  EXPECT_EQ(q.to, "backend");
  EXPECT_EQ(q.request, (FlowRequest{"POST", "/api", {{"x-user", "admin"}}}));
  EXPECT_EQ(q.fact, FactId::route);
  EXPECT_EQ(q.value, "version=v2");
  EXPECT_EQ(asked("route(a -> b X-User:Admin) == c").request.headers, (sim::Headers{{"x-user", "Admin"}}));
  EXPECT_EQ(asked("denied(* -> db)").from, "*");
  EXPECT_EQ(asked("retry-on(a -> b) == \"5xx, x\"").value, "5xx, x");
}

TEST(Question, ReadsACallFromOutside) {
  Question q = asked("allowed(outside -> edge-gateway:8443 https://API.example.com POST /api x-user:admin)");
  EXPECT_TRUE(q.from_outside());
  EXPECT_EQ(q.to, "edge-gateway");
  EXPECT_EQ(q.port, 8443u);
  EXPECT_EQ(q.tls, true);
  EXPECT_EQ(q.hostname, "api.example.com");
  EXPECT_EQ(q.request, (FlowRequest{"POST", "/api", {{"x-user", "admin"}}}));
  q = asked("allowed(outside -> edge-gateway GET /)");
  EXPECT_EQ(q.port, 0u);
  EXPECT_EQ(q.hostname, "");
  EXPECT_EQ(q.tls, std::nullopt);
  EXPECT_EQ(asked("allowed(outside -> * localhost)").hostname, "localhost");
  EXPECT_EQ(asked("allowed(outside -> g:80 tls://*)").hostname, "*");
  EXPECT_FALSE(asked("allowed(web -> edge-gateway:8080)").from_outside());
}

TEST(Question, ComparesInTheUnitOfTheFact) {
  EXPECT_EQ(asked("timeout(a -> b) == 5s").low, 5'000'000'000);
  EXPECT_EQ(asked("retries(a -> b) <= 3").low, 3);
  EXPECT_EQ(asked("share(a -> b, version=v2) == 10%").low, 100'000);
  EXPECT_EQ(asked("rate-limit(a -> b) == 100/s").low, 360'000);
  Question range = asked("connect-timeout(a -> b) in 1s..2s");
  EXPECT_TRUE(range.holds({"1.5s", 1'500'000'000}));
  EXPECT_FALSE(range.holds({"3s", 3'000'000'000}));
  EXPECT_FALSE(range.holds({"none"}));
  EXPECT_TRUE(asked("timeout(a -> b) >= 5s").holds({"none"})) << "no limit is above every number";
  EXPECT_TRUE(asked("timeout(a -> b) == none").holds({"none"}));
  EXPECT_FALSE(asked("timeout(a -> b) != none").holds({"none"}));
  EXPECT_TRUE(asked("balancing(a -> b) != random").holds({"round-robin"}));
}

TEST(Question, SaysWhatIsWrong) {
  EXPECT_THAT(wrong("alowed(a -> b)"), HasSubstr("did you mean `allowed`?"));
  EXPECT_THAT(wrong("allowed"), HasSubstr("needs a call in parentheses"));
  EXPECT_THAT(wrong("allowed(a, b)"), HasSubstr("a call is expected: SERVICE -> SERVICE"));
  EXPECT_THAT(wrong("allowed(a -> b x)"), HasSubstr("`x` is no method, no path and no header:value"));
  EXPECT_THAT(wrong("allowed(a -> b) == 1"), HasSubstr("nothing is expected after `allowed`"));
  EXPECT_THAT(wrong("timeout(a -> b)"), HasSubstr("a comparison is missing"));
  EXPECT_THAT(wrong("timeout(a -> b) == 5"), HasSubstr("a duration such as 5s, or none is expected, found `5`"));
  EXPECT_THAT(wrong("route(a -> b) < c"), HasSubstr("a text is compared by == and !="));
  EXPECT_THAT(wrong("share(a -> b) == 1%"), HasSubstr("a tag is expected"));
  EXPECT_THAT(wrong("retries(a -> b) in 3..1"), HasSubstr("LOW..HIGH"));
}

TEST(Facts, HaveAKindAndANameEach) {
  for (const FactKind& kind : fact_kinds()) {
    EXPECT_EQ(find_fact(kind.name), &kind);
    EXPECT_EQ(&fact_kind(kind.id), &kind);
    EXPECT_FALSE(kind.policies.empty()) << kind.name;
  }
  EXPECT_EQ(find_fact("no-such"), nullptr);
}

}  // namespace
}  // namespace kumasim::scenario
