/// Verdicts of `kumasim check`, and what is said of files that are none.
#include "scenarios/behaviour/check_file.hpp"

#include <gmock/gmock.h>

#include "tests/scenarios/behaviour/still_mesh.hpp"

namespace kumasim::scenario {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string file_of(const std::vector<std::string>& lines) {
  std::string out = "apiVersion: kumasim/v1\nkind: Check\nmetadata: {name: c}\nspec:\n  policies: p.yaml\n  expect:\n";
  for (const std::string& line : lines) out += "  - '" + line + "'\n";
  return out;
}

const std::string web_only = R"(
---
type: MeshTrafficPermission
mesh: default
name: web-only
spec:
  targetRef: {kind: MeshService, name: backend}
  from: [{targetRef: {kind: MeshService, name: web}, default: {action: Allow}}]
)";

std::expected<CheckReport, Diagnostics> report(const std::vector<std::string>& lines) {
  auto file = read_check(file_of(lines), "c.yaml");
  if (!file) return std::unexpected(file.error());
  Workshop workshop;
  Deployment made = deploy(set_of("p.yaml", mtls_mesh + web_only + timeout("5s") + split(90, 10) + dataplanes),
                           workshop, {.pairs = file->pairs()});
  return judge(*file, made);
}

TEST(Check, JudgesEachLine) {
  auto done = report({"allowed(web -> backend)", "denied(audit -> backend)", "mtls(web -> backend)",
                      "timeout(web -> backend) == 5s", "share(web -> backend, version=v2) == 10%",
                      "route(audit -> backend) == backend", "retries(web -> backend) >= 0", "denied(* -> audit)",
                      "denied(audit -> web)"});
  ASSERT_TRUE(done) << done.error()[0].text();
  for (const CheckVerdict& verdict : done->verdicts)
    EXPECT_TRUE(verdict.held) << verdict.text << ": " << verdict.seen << ": " << verdict.why;
  EXPECT_TRUE(done->passed());
  EXPECT_THAT(done->verdicts[0].policies, ElementsAre("MeshTrafficPermission web-only"));
  EXPECT_THAT(check_text(*done),
              HasSubstr("ok     timeout(web -> backend) == 5s: 5s (MeshTimeout mesh-timeout-all-default, "
                        "MeshTimeout web-timeouts)\n"));
}

TEST(Check, SaysWhyALineDoesNotHold) {
  auto done = report({"allowed(audit -> backend)", "timeout(web -> backend) <= 1s", "allowed(* -> backend)"});
  ASSERT_TRUE(done) << done.error()[0].text();
  EXPECT_FALSE(done->passed());
  EXPECT_FALSE(done->verdicts[0].held);
  EXPECT_EQ(done->verdicts[0].seen, "denied");
  EXPECT_THAT(done->verdicts[0].why, HasSubstr("no rule lets in spiffe://default/audit"));
  EXPECT_EQ(done->verdicts[1].seen, "5s");
  EXPECT_EQ(done->verdicts[2].seen, "allowed (web -> backend), denied (audit -> backend)");
  std::string text = check_text(*done);
  EXPECT_THAT(text, HasSubstr("BROKEN c: 0 of 3 hold\n"));
  EXPECT_THAT(text, HasSubstr("c.yaml:8\n"));
  EXPECT_THAT(check_junit({*done}), HasSubstr("<failure message=\"denied\">"));
  EXPECT_EQ(check_json(*done)["verdicts"][1]["line"], 8);
}

TEST(Check, NamesTheLineOfABadOne) {
  auto bad = report({"allowed(web -> backend)", "alowed(web -> backend)"});
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error()[0].text(), HasSubstr("c.yaml:8:5: spec.expect[1]: unknown question `alowed`"));
  auto nobody = report({"allowed(wbe -> backend)"});
  ASSERT_FALSE(nobody);
  EXPECT_THAT(nobody.error()[0].text(), HasSubstr("c.yaml:7:5: "));
  EXPECT_THAT(nobody.error()[0].text(), HasSubstr("there is no service `wbe` (did you mean `web`?)"));
  auto shape = read_check("apiVersion: kumasim/v1\nkind: Check\nmetadata: {name: c}\nspec: {polices: p, expect: [a]}\n",
                          "d.yaml");
  ASSERT_FALSE(shape);
  EXPECT_THAT(shape.error().back().text(), HasSubstr("d.yaml:4:8: spec.polices: unknown field"));
  EXPECT_THAT(shape.error().back().text(), HasSubstr("did you mean `policies`?"));
}

}  // namespace
}  // namespace kumasim::scenario
