/// The reference: every link leads to a page, every example is valid, nothing of the tables is left out.
#include "tools/docs/reference_pages.hpp"

#include <gtest/gtest.h>

#include <regex>

#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/app/kuma_cp/config_shown.hpp"
#include "reference-cp/app/kuma_dp/config.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/rest/description/operations.hpp"

namespace kumasim {
namespace {

const std::map<std::string, std::string>& pages() {
  static const auto out = docs::reference_pages();
  return out;
}

bool says(const std::string& page, std::string_view text) { return pages().at(page).find(text) != std::string::npos; }

TEST(ReferencePages, LeadToEachOther) {
  static const std::regex link(R"(\]\(([^)#]+)\))"), code("`[^`]*`");
  std::size_t links = 0;
  for (const auto& [name, page] : pages()) {
    const std::string text = std::regex_replace(page, code, "");
    for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at, ++links) {
      const std::string to = (*at)[1];
      // The build target writes this one from what the programs say.
      EXPECT_TRUE(pages().contains(to) || to == "commands.md") << name << " leads to " << to;
    }
  }
  EXPECT_GT(links, cp::kinds().size());
}

TEST(ReferencePages, HaveValidExamplesOnly) {
  const std::string opening = "```yaml\n";
  std::size_t examples = 0;
  for (const auto& [name, text] : pages())
    for (auto at = text.find(opening); at != std::string::npos; at = text.find(opening, at + 1), ++examples) {
      const auto begin = at + opening.size();
      auto resource = cp::resource_from_yaml(text.substr(begin, text.find("```", begin) - begin));
      EXPECT_TRUE(resource.has_value()) << name << ": " << (resource ? "" : resource.error().message);
    }
  EXPECT_GE(examples, cp::kinds().size());
}

TEST(ReferencePages, NameAllThatTheTablesHave) {
  for (const cp::Kind* kind : cp::kinds()) EXPECT_TRUE(pages().contains("kinds/" + kind->type() + ".md"));
  for (const cp::RestOperation& each : cp::rest_operations())
    EXPECT_TRUE(says("rest.md", " " + each.path + "`")) << each.path;
  for (const cp::Setting& each : cp::settings()) {
    EXPECT_TRUE(says("kuma-cp.md", "| `" + std::string(each.name) + "` |")) << each.name;
    EXPECT_TRUE(says("kuma-cp.md", each.variable)) << each.variable;
  }
  for (const std::string& name : cp::passive_names()) EXPECT_TRUE(says("kuma-cp.md", cp::variable_of(name))) << name;
  for (const dp::Setting& each : dp::settings()) EXPECT_TRUE(says("kuma-dp.md", each.variable)) << each.variable;
}

TEST(ReferencePages, GiveDefaults) {
  EXPECT_TRUE(says("kuma-cp.md", "| `apiServer.http.port` | `KUMA_API_SERVER_HTTP_PORT` | `5681` |"));
  EXPECT_TRUE(says("kuma-cp.md", "| `KUMA_STORE_CACHE_EXPIRATION_TIME` | `1s` |"));
  EXPECT_TRUE(says("kinds/MeshHTTPRoute.md", "backendRefs[].weight` | whole number | `1` | at least 0 |"));
}

}  // namespace
}  // namespace kumasim
