/// Which cases a run takes, as the environment asks.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/real_envoy/chosen_cases.hpp"

namespace kumasim::test {
namespace {

class ChosenCases : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const char* value = std::getenv(variable)) before_ = value;
  }
  void TearDown() override {
    if (before_.empty())
      ::unsetenv(variable);
    else
      ::setenv(variable, before_.c_str(), 1);
  }

  /// The names, where the environment asks for `wanted`.
  static std::string chosen(const char* wanted) {
    ::setenv(variable, wanted, 1);
    std::vector<cp::golden::Case> all;
    for (const char* name : {"1", "2", "3"}) all.push_back({"a", name, {}, {}});
    for (const char* name : {"4", "5"}) all.push_back({"b", name, {}, {}});
    std::string out;
    for (const auto& each : chosen_cases(all, "a/1")) out += each.name;
    return out;
  }

 private:
  static constexpr const char* variable = "KUMASIM_ENVOY_CASES";
  std::string before_;
};

TEST_F(ChosenCases, AreAllOrThoseThatAreNamed) {
  EXPECT_EQ(chosen("all"), "12345");
  EXPECT_EQ(chosen("b a/2"), "452");
}

TEST_F(ChosenCases, OfAllPartsAreAllCasesOnceEach) {
  EXPECT_EQ(chosen("1/2") + " " + chosen("2/2"), "135 24");
  EXPECT_EQ(chosen("1/1"), "12345");
}

}  // namespace
}  // namespace kumasim::test
