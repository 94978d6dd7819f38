/// What kumactl prints as YAML: it reads back as the same value, and is quoted as by Kuma's.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference-cp/app/kumactl/yaml_text.hpp"
#include "reference-cp/model/yaml.hpp"

namespace kumasim::cp {
namespace {

RC_GTEST_PROP(YamlText, ReadsBackAsTheSameValue, ()) {
  auto word =
      rc::gen::oneOf(rc::gen::resize(20, rc::gen::string<std::string>()),
                     rc::gen::element<std::string>("1d", "5m0s", "1e3", "0x1f", "on", "~", "1.5", "10.0.0.1", "a: b",
                                                   "1_000", "12:30:45", "2026-01-01", "line\nline\n", "- x", "#", "s",
                                                   "1.5s", ".5s", "0b1", "-1", "{}", "a #b", "x\n\n", " x", "5d5"));
  nlohmann::json value = nlohmann::json::object();
  for (const auto& key : *rc::gen::resize(6, rc::gen::container<std::vector<std::string>>(word))) {
    // JSON text is UTF-8; others come from no API.
    auto text = *word;
    auto list = *rc::gen::resize(6, rc::gen::container<std::vector<std::string>>(word));
    std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x7f; });
    auto name = key;
    std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) >= 0x7f; });
    for (auto& item : list) std::erase_if(item, [](char c) { return static_cast<unsigned char>(c) >= 0x7f; });
    value[name] = {{"text", text}, {"list", list}, {"lists", {list, nlohmann::json::object()}}, {"number", 5}};
  }
  auto printed = yaml_text(value);
  auto read = parse_yaml(printed, "x");
  if (!read) RC_FAIL(read.error().message + "\n" + printed);
  RC_ASSERT(read->size() == 1u);
  if ((*read)[0].value != value) RC_FAIL(value.dump() + "\n" + printed);
}

TEST(YamlText, QuotesAsGo) {
  for (auto [text, expected] : std::initializer_list<std::pair<const char*, const char*>>{
           {"10y", "10y"},
           {"9e5580933739775e8bce/1.40.0", "9e5580933739775e8bce/1.40.0"},
           {"33d1323b-9f9d-417d-9276-3a52cd8bf1db", "33d1323b-9f9d-417d-9276-3a52cd8bf1db"},
           {"{{ .DisplayName }}.svc", "'{{ .DisplayName }}.svc'"},
           {"it's: so", "'it''s: so'"},
           {"*", "'*'"},
           {"1", "\"1\""},
           {"1.5", "\"1.5\""},
           {"2026-11-26T02:15:24Z", "\"2026-11-26T02:15:24Z\""},
           {"true", "\"true\""},
           {"", "\"\""}})
    EXPECT_EQ(yaml_text({{"a", text}}), std::string("a: ") + expected + "\n");
}

}  // namespace
}  // namespace kumasim::cp
