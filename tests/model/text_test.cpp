/// Durations, times, YAML scalars, Go's JSON errors and regular expressions.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "reference-cp/model/duration.hpp"
#include "reference-cp/model/json_text.hpp"
#include "reference-cp/model/rules/go_regex.hpp"
#include "reference-cp/model/timestamp.hpp"
#include "reference-cp/model/yaml.hpp"

namespace kumasim::cp::testing {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

TEST(DurationText, ReadsAndPrintsAsGoDoes) {
  EXPECT_EQ(parse_duration("1h30m"), Duration(90min));
  EXPECT_EQ(parse_duration("1.5s"), Duration(1500ms));
  EXPECT_EQ(parse_duration("-250ms"), Duration(-250ms));
  EXPECT_EQ(parse_duration("0"), Duration(0));
  EXPECT_EQ(parse_duration("5"), std::nullopt);
  EXPECT_EQ(parse_duration("abc"), std::nullopt);
  EXPECT_EQ(parse_duration("300000000h"), std::nullopt);
  EXPECT_EQ(parse_duration("9223372036.5s"), Duration(9'223'372'036'500ms));
  EXPECT_EQ(parse_duration("9223372036.99s"), std::nullopt) << "a fraction goes beyond 64 bits too";
  EXPECT_EQ(print_duration(90min), "1h30m0s");
  EXPECT_EQ(print_duration(1500ms), "1.5s");
  EXPECT_EQ(print_duration(500us), "500µs");
  EXPECT_EQ(print_duration(-(90s)), "-1m30s");
  EXPECT_EQ(print_proto_duration(90min), "5400s");
  EXPECT_EQ(print_proto_duration(1500ms), "1.500s");
  EXPECT_EQ(duration_error("5"), "time: missing unit in duration \"5\"");
  EXPECT_EQ(duration_error("5x"), "time: unknown unit \"x\" in duration \"5x\"");
  EXPECT_EQ(duration_error("abc"), "time: invalid duration \"abc\"");
}

TEST(JsonText, NamesAByteAsTheCharacterOfItsNumber) {
  EXPECT_EQ(parse_json("\xff").error().message, "invalid character '\u00ff' looking for beginning of value");
  EXPECT_EQ(parse_json("\x80").error().message, "invalid character '\\u0080' looking for beginning of value");
  EXPECT_EQ(parse_json(std::string("\0", 1)).error().message,
            "invalid character '\\x00' looking for beginning of value");
  EXPECT_EQ(parse_json("\"a\rb\"").error().message, "invalid character '\\r' in string literal");
}

TEST(DurationText, PrintedDurationsReadAsThemselves) {
  EXPECT_TRUE(rc::check("a printed duration reads as itself", [](std::int64_t count) {
    if (count == std::numeric_limits<std::int64_t>::min()) return;
    RC_ASSERT(parse_duration(print_duration(Duration(count))) == Duration(count));
  }));
}

TEST(GoRegex, TellsRepetitionsAndNamedClassesFromPlainText) {
  for (const char* good : {"a{2}", "a{2,}", "a{2,3}?", "{", "a{", "{x}", "a{,3}", "a{2,3,4}", "a{}", "a{1{2}", "}a{3",
                           "[[:alpha:]]", "[[:alpha:]-z]", "[[:^word:][:xdigit:]]", "[[:x]", "[[:]]", "[a[:][:b]",
                           "[[:]", "[^[:]", "[[:a-z]"})
    EXPECT_TRUE(is_go_regex(good)) << good;
  for (const char* bad : {"{2}", "a{2}{3}", "a{3,2}", "a{1001}", "a{1,99999999999}", "(|{1,})", "[[:alpha:]",
                          "[[:", "[[:foo:]]", "[[:Alpha:]]", "[[::]]", "[[:^:]]", "[[:alpha:][:^^digit:]]", "[[:]a:]]"})
    EXPECT_FALSE(is_go_regex(bad)) << bad;
  EXPECT_EQ(go_regex_error("a|[b[:foo:]]"), "invalid character class range: `[:foo:]`");
}

/// Bodies of requests may be of many megabytes: the time is that of one pass, or the test runs out of its own.
TEST(GoRegex, IsReadInOnePass) {
  auto many = [](std::string_view part) {
    std::string out;
    for (int i = 0; i < 500'000; ++i) out += part;
    return out;
  };
  EXPECT_TRUE(go_regex_error("[" + many("[:")).starts_with("missing closing ]: `[[:[:"));
  EXPECT_TRUE(is_go_regex("[" + many("[:") + " ]"));
  EXPECT_TRUE(is_go_regex(many("[[:alpha:]]")));
  for (const char* part : {"{", "{1", "{1,"}) EXPECT_TRUE(is_go_regex(many(part))) << part;
  EXPECT_FALSE(is_go_regex(many("(")));
}

TEST(Timestamp, ReadsOffsetsAndPrintsUtc) {
  auto time = parse_timestamp("2026-01-02T03:04:05.25+02:00");
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(print_timestamp(*time), "2026-01-02T01:04:05.25Z");
  EXPECT_FALSE(parse_timestamp("2026-13-02T03:04:05Z").has_value());
  EXPECT_FALSE(parse_timestamp("yesterday").has_value());
}

TEST(Yaml, ScalarsAreReadAsKumaReadsThem) {
  auto documents = parse_yaml(R"(
plain: web
quoted: "10"
number: 10
octal: 010
hex: 0x1F
float: 1.5
yes_: yes
off_: off
nothing: ~
empty:
time: 2026-01-01
version: 1.2.3
duration: 10s
)",
                              "f");
  ASSERT_TRUE(documents.has_value());
  EXPECT_EQ(documents->front().value,
            json::parse(R"({"plain": "web", "quoted": "10", "number": 10, "octal": 8, "hex": 31,
    "float": 1.5, "yes_": true, "off_": false, "nothing": null, "empty": null, "time": "2026-01-01", "version": "1.2.3",
    "duration": "10s"})"));
}

TEST(Yaml, MarksPointAtKeysAndItems) {
  auto documents = parse_yaml("a:\n  b:\n  - c: 1\n  - c: 2\n---\nx: y\n", "f");
  ASSERT_TRUE(documents.has_value());
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ(documents->front().place("f", "a.b[1].c"), "f:4:5");
  EXPECT_EQ(documents->front().place("f", "a.b[1].missing"), "f:4:5");
  EXPECT_EQ(documents->back().place("f", "x"), "f:6:1");
}

TEST(Yaml, DeepNestingIsRefused) {
  std::string deep = std::string(300, '[') + std::string(300, ']');
  auto documents = parse_yaml(deep, "f");
  ASSERT_FALSE(documents.has_value());
  EXPECT_NE(documents.error().message.find("nested deeper than 200 levels"), std::string::npos)
      << documents.error().message;
}

TEST(Yaml, AliasesThatMultiplyAreRefused) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'i'; ++c) {
    std::string one = "*" + std::string(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + c + " [" + one;
    for (int i = 1; i < 10; ++i) bomb += ", " + one;
    bomb += "]\n";
  }
  auto documents = parse_yaml(bomb, "f");
  ASSERT_FALSE(documents.has_value());
  EXPECT_NE(documents.error().message.find("more than 100000 values"), std::string::npos) << documents.error().message;
}

TEST(JsonText, ErrorsAreGos) {
  auto error = [](const char* text) { return parse_json(text).error().message; };
  EXPECT_EQ(error("{\"a\": 1"), "unexpected end of JSON input");
  EXPECT_EQ(error(""), "unexpected end of JSON input");
  EXPECT_EQ(error("{} x"), "invalid character 'x' after top-level value");
  EXPECT_EQ(error("{,}"), "invalid character ',' looking for beginning of object key string");
  EXPECT_EQ(error("[1 2]"), "invalid character '2' after array element");
  EXPECT_EQ(error("tru"), "unexpected end of JSON input");
  EXPECT_EQ(error("trux"), "invalid character 'x' in literal true (expecting 'e')");
  EXPECT_EQ(parse_json(" {\"a\": [1, -2.5e3, \"\\u00e4\"]} ")->dump(), "{\"a\":[1,-2500.0,\"ä\"]}");
}

TEST(JsonText, NeverTakesWhatTheParserRefuses) {
  EXPECT_TRUE(rc::check("text that is read is what the parser reads", [](const std::string& text) {
    auto mine = parse_json(text);
    auto theirs = json::parse(text, nullptr, false);
    if (mine) RC_ASSERT(*mine == theirs);
    if (!mine) RC_ASSERT(theirs.is_discarded());
  }));
}

}  // namespace
}  // namespace kumasim::cp::testing
