/// Optional fields of specifications: numbers in both spellings, and those that their type cannot hold.
#include "reference-cp/xds/json_read.hpp"

#include <gtest/gtest.h>

namespace kumasim::cp {
namespace {

std::uint32_t number(const char* text) { return number_at(nlohmann::json::parse(text), "n"); }

TEST(JsonRead, NumbersAreReadInBothSpellings) {
  EXPECT_EQ(number(R"({"n": 80})"), 80u);
  EXPECT_EQ(number(R"({"n": "80"})"), 80u);
  EXPECT_EQ(number(R"({"n": 80.9})"), 80u);
  EXPECT_EQ(number(R"({"n": 4294967295})"), 4294967295u);
  EXPECT_EQ(number(R"({"n": "4294967295"})"), 4294967295u);
  EXPECT_EQ(number_at(nlohmann::json{{"n", 80}}, "n"), 80u) << "with a sign";
}

TEST(JsonRead, WhatIsNoNumberOrDoesNotFitIsZero) {
  for (const char* text :
       {R"({})", R"({"n": null})", R"({"n": true})", R"({"n": ""})", R"({"n": "8a"})", R"({"n": "-1"})",
        R"({"n": 4294967296})", R"({"n": 4294967376})", R"({"n": "4294967376"})", R"({"n": "42949672960000000000"})",
        R"({"n": -1})", R"({"n": -4294967216})", R"({"n": 1e300})", R"({"n": -0.5})", R"({"n": 18446744073709551615})"})
    EXPECT_EQ(number(text), 0u) << text;
}

TEST(JsonRead, ANumberFitsItsType) {
  EXPECT_EQ(whole_number<std::int32_t>(-2147483648), -2147483648);
  EXPECT_EQ(whole_number<std::int32_t>(-2147483649LL), std::nullopt);
  EXPECT_EQ(whole_number<std::int64_t>(9.3e18), std::nullopt);
  EXPECT_EQ(whole_number<std::int64_t>(9.2e18), 9'200'000'000'000'000'000);
  EXPECT_EQ(whole_number<std::int64_t>(std::numeric_limits<std::uint64_t>::max()), std::nullopt);
  EXPECT_EQ(whole_number<std::uint32_t>("7"), std::nullopt);
}

}  // namespace
}  // namespace kumasim::cp
