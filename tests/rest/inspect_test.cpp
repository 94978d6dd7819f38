/// Differences as patches, and the names that are inspected.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference-cp/rest/inspect/json_diff.hpp"
#include "reference-cp/rest/inspect/subject.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

json small_json(int depth) {
  const int what = *rc::gen::inRange(0, depth == 0 ? 4 : 8);
  if (what < 4) return what == 0 ? json() : json(what);
  static constexpr const char* names[] = {"a", "b/c", "d~e", ""};
  const int size = *rc::gen::inRange(0, 4);
  json out = what < 6 ? json::array() : json::object();
  for (int i = 0; i < size; ++i) {
    json inner = small_json(depth - 1);
    if (out.is_array()) {
      out.push_back(std::move(inner));
    } else {
      const char* name = names[*rc::gen::inRange(0, 4)];
      out[name] = std::move(inner);
    }
  }
  return out;
}

RC_GTEST_PROP(JsonDiff, TurnsTheOneIntoTheOther, ()) {
  const json before = small_json(3);
  const json after = small_json(3);
  RC_ASSERT(before.patch(inspect::json_diff(before, after)) == after);
}

TEST(JsonDiff, SaysNothingOfWhatIsEqual) {
  const json same = {{"a", {1, 2}}, {"b", nullptr}};
  EXPECT_TRUE(inspect::json_diff(same, same).empty());
}

TEST(InspectedKri, SaysWhyItIsNone) {
  EXPECT_EQ(inspect::read_kri("kri_msvc_m_z__web_http")->section, "http");
  EXPECT_EQ(inspect::read_kri("nonsense").error().message, R"(invalid identifier string: "nonsense")");
  EXPECT_EQ(inspect::read_kri("id_msvc_m_z__web_").error().message,
            R"(identifier must start with 'kri': "id_msvc_m_z__web_")");
  EXPECT_EQ(inspect::read_kri("kri_zzz_m_z__web_").error().message, R"(unknown short name of resource type: "zzz")");
}

}  // namespace
}  // namespace kumasim::cp
