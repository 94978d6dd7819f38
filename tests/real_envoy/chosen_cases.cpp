#include "tests/real_envoy/chosen_cases.hpp"

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace kumasim::test {
namespace {

/// "2/4": from the second on every fourth. Cases of an area, which are alike, go to different parts.
std::vector<cp::golden::Case> part(const std::vector<cp::golden::Case>& all, std::size_t number, std::size_t parts) {
  std::vector<cp::golden::Case> out;
  EXPECT_TRUE(number >= 1 && number <= parts) << "no such part: " << number << "/" << parts;
  for (std::size_t at = number - 1; parts > 0 && at < all.size(); at += parts) out.push_back(all[at]);
  return out;
}

}  // namespace

bool cases_are_asked_for() { return std::getenv("KUMASIM_ENVOY_CASES") != nullptr; }

std::vector<cp::golden::Case> chosen_cases(const std::vector<cp::golden::Case>& all, std::string_view sample) {
  const char* asked = std::getenv("KUMASIM_ENVOY_CASES");
  const std::string wanted(asked ? asked : sample);
  if (wanted == "all") return all;
  if (std::smatch numbers; std::regex_match(wanted, numbers, std::regex("([0-9]{1,4})/([0-9]{1,4})")))
    return part(all, std::stoul(numbers[1]), std::stoul(numbers[2]));
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
