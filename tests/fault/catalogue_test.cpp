/// The catalogue says all that its readers rely on.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "kumasim/fault/catalogue.hpp"

namespace kumasim::fault {
namespace {

using Type = Parameter::Type;

TEST(Catalogue, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const Kind& kind : kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_EQ(find_kind(kind.name), &kind);
    EXPECT_FALSE(kind.text.empty()) << kind.name;
  }
  EXPECT_EQ(find_kind("net.nothing"), nullptr);
  EXPECT_GE(names.size(), 30u);
}

TEST(Catalogue, LinesOfTheTimelineHaveOnePlaceForWhom) {
  for (const Kind& kind : kinds()) {
    EXPECT_NE(kind.begins.find("{}"), std::string_view::npos) << kind.name;
    EXPECT_EQ(kind.lasting, !kind.ends.empty()) << kind.name;
    EXPECT_EQ(kind.lasting, !kind.end.empty()) << kind.name;
    if (kind.lasting) EXPECT_NE(kind.ends.find("{}"), std::string_view::npos) << kind.name;
  }
}

TEST(Catalogue, WhatHealsOrIsMadeOfAnotherNamesALastingKind) {
  for (const Kind& kind : kinds()) {
    for (std::string_view other : {kind.heals, kind.made_of}) {
      if (other.empty()) continue;
      ASSERT_NE(find_kind(other), nullptr) << kind.name;
      EXPECT_TRUE(find_kind(other)->lasting) << kind.name;
    }
    // Who is struck may be missing in a world that has the kind itself.
    if (!kind.made_of.empty() && !find_kind(kind.made_of)->not_live.empty())
      EXPECT_FALSE(kind.not_live.empty()) << kind.name;
  }
}

TEST(Catalogue, ParametersAreComplete) {
  for (const Kind& kind : kinds()) {
    for (const Parameter& parameter : kind.parameters) {
      EXPECT_EQ(kind.find_parameter(parameter.name), &parameter) << kind.name << " " << parameter.name;
      EXPECT_FALSE(parameter.text.empty() || parameter.example.empty()) << kind.name << " " << parameter.name;
      EXPECT_FALSE(parameter.required && !parameter.fallback.empty()) << kind.name << " " << parameter.name;
      if (parameter.type == Type::number) EXPECT_LT(parameter.least, parameter.most) << kind.name;
      // What must be written may have no word of its own choice, but its example is one.
      std::string_view word = parameter.required ? parameter.example : parameter.fallback;
      if (parameter.type == Type::word)
        EXPECT_NE(std::ranges::find(parameter.words, word), parameter.words.end())
            << kind.name << " " << parameter.name;
    }
  }
}

}  // namespace
}  // namespace kumasim::fault
