/// The JSON Schema and the loader's own check accept and refuse the same documents.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <fstream>
#include <regex>

#include "kumasim/scenario/grammar.hpp"

namespace kumasim::scenario {
namespace {

using json = nlohmann::json;

/// The part of JSON Schema 2020-12 that the schema uses, from its specification alone.
bool valid(const json& schema, const json& value) {
  if (schema.contains("anyOf")) {
    bool any = false;
    for (const json& alternative : schema["anyOf"]) any = any || valid(alternative, value);
    if (!any) return false;
  }
  if (schema.contains("enum") && std::ranges::find(schema["enum"], value) == schema["enum"].end()) return false;
  if (schema.contains("type")) {
    auto type = schema["type"].get<std::string>();
    bool fits = type == "string"    ? value.is_string()
                : type == "integer" ? value.is_number_integer()
                : type == "boolean" ? value.is_boolean()
                : type == "array"   ? value.is_array()
                : type == "object"  ? value.is_object()
                                    : false;
    if (!fits) return false;
  }
  if (value.is_string() && schema.contains("pattern") &&
      !std::regex_search(value.get<std::string>(), std::regex(schema["pattern"].get<std::string>())))
    return false;
  if (value.is_number() && schema.contains("minimum") && value < schema["minimum"]) return false;
  if (value.is_number() && schema.contains("maximum") && value > schema["maximum"]) return false;
  if (value.is_array()) {
    if (schema.contains("minItems") && value.size() < schema["minItems"].get<std::size_t>()) return false;
    if (schema.contains("maxItems") && value.size() > schema["maxItems"].get<std::size_t>()) return false;
    for (const json& item : value) {
      if (schema.contains("items") && !valid(schema["items"], item)) return false;
    }
  }
  if (value.is_object()) {
    if (schema.contains("minProperties") && value.size() < schema["minProperties"].get<std::size_t>()) return false;
    if (schema.contains("maxProperties") && value.size() > schema["maxProperties"].get<std::size_t>()) return false;
    for (const json& name : schema.value("required", json::array())) {
      if (!value.contains(name.get<std::string>())) return false;
    }
    for (const auto& [key, item] : value.items()) {
      if (schema.contains("properties") && schema["properties"].contains(key)) {
        if (!valid(schema["properties"][key], item)) return false;
      } else if (schema.contains("additionalProperties")) {
        const json& additional = schema["additionalProperties"];
        if (additional.is_boolean() ? !additional.get<bool>() : !valid(additional, item)) return false;
      }
    }
  }
  return true;
}

bool loader_accepts(const json& value) {
  Document document;
  document.value = value;
  Diagnostics diagnostics;
  check(scenario_grammar(), document, diagnostics);
  return diagnostics.empty();
}

json quickstart() {
  std::ifstream in("scenarios/quickstart.yaml");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  auto document = parse_document(text, "quickstart.yaml");
  EXPECT_TRUE(document);
  return document ? document->value : json();
}

TEST(Schema, TheCommittedFileIsTheOneThatTheProgramPrints) {
  std::ifstream in("scenarios/scenario.schema.json");
  json committed = json::parse(in, nullptr, false);
  EXPECT_TRUE(committed == scenario_json_schema()) << "write it again: kumasim schema > scenarios/scenario.schema.json";
}

TEST(Schema, AcceptsTheQuickstart) {
  EXPECT_TRUE(valid(scenario_json_schema(), quickstart()));
  EXPECT_TRUE(loader_accepts(quickstart()));
}

std::vector<json::json_pointer> places(const json& value, const json::json_pointer& at = json::json_pointer()) {
  std::vector<json::json_pointer> out{at};
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) {
      for (auto& place : places(item, at / key)) out.push_back(std::move(place));
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      for (auto& place : places(value[i], at / i)) out.push_back(std::move(place));
    }
  }
  return out;
}

/// One random change of a document: a value replaced, a field added, a field removed.
TEST(Schema, AgreesWithTheLoaderOnChangedDocuments) {
  json schema = scenario_json_schema();
  json base = quickstart();
  std::vector<json::json_pointer> all = places(base);
  std::vector<json> values{nullptr,
                           true,
                           0,
                           -1,
                           70000,
                           3.5,
                           "",
                           "20s",
                           "x",
                           "50%",
                           "101%",
                           "10/s",
                           "web",
                           "all",
                           "const",
                           "proc.kill",
                           json::array(),
                           json::array({"1s", "2s"}),
                           json::array({"web", "backend", "web"}),
                           json::object(),
                           json{{"law", "exp"}, {"mean", "5ms"}},
                           json{{"always", "converged"}}};
  std::size_t refused = 0;
  rc::check([&] {
    json changed = base;
    int changes = *rc::gen::inRange(1, 3);
    for (int i = 0; i < changes; ++i) {
      auto place = *rc::gen::elementOf(all);
      if (!changed.contains(place) || place.empty()) continue;
      int what = *rc::gen::inRange(0, 3);
      json& parent = changed[place.parent_pointer()];
      if (what == 0)
        changed[place] = *rc::gen::elementOf(values);
      else if (what == 1 && parent.is_object())
        parent[*rc::gen::element<std::string>("for", "extra", "name", "tags", "during", "delay")] =
            *rc::gen::elementOf(values);
      else if (parent.is_object())
        parent.erase(place.back());
    }
    bool schema_says = valid(schema, changed);
    refused += schema_says ? 0 : 1;
    RC_ASSERT(schema_says == loader_accepts(changed));
  });
  EXPECT_GT(refused, 10u);
}

}  // namespace
}  // namespace kumasim::scenario
