#include "tests/real_envoy/chosen_cases.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace kumasim::test {

std::vector<cp::golden::Case> chosen_cases(const std::vector<cp::golden::Case>& all, std::string_view sample) {
  const char* asked = std::getenv("KUMASIM_ENVOY_CASES");
  const std::string wanted(asked ? asked : sample);
  if (wanted == "all") return all;
  std::istringstream words(wanted);
  std::vector<cp::golden::Case> out;
  for (std::string word; words >> word;) {
    std::size_t before = out.size();
    std::ranges::copy_if(all, std::back_inserter(out),
                         [&](const cp::golden::Case& c) { return c.id() == word || c.area == word; });
    EXPECT_GT(out.size(), before) << "no such case: " << word;
  }
  return out;
}

}  // namespace kumasim::test
