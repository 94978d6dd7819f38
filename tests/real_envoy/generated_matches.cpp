#include "tests/real_envoy/generated_matches.hpp"

namespace kumasim::test {

using nlohmann::json;

const std::vector<std::string>& drawn_paths() {
  static const std::vector<std::string> all{
      "/",          "/a",    "/a/",     "/a/b",           "/ab",      "/A/b",          "/a/7",
      "/a/7/x",     "/b",    "/b/c/d",  "/api",           "/api/",    "/api/v1",       "/api/v1/it",
      "/api/v2/it", "/apis", "/API/v1", "/item/x/detail", "/item/x/", "/item//detail", "/a/../b",
      "/a/./b",     "//a",   "/a%2Fb",  "/a%20b",         "/none"};
  return all;
}

const std::vector<std::string>& drawn_values() {
  static const std::vector<std::string> all{"one", "One", "two", "onetwo", "10", "25", "-3", "1e1", "o"};
  return all;
}

const std::vector<std::string>& drawn_headers() {
  static const std::vector<std::string> all{"x-a", "x-b", "x-n"};
  return all;
}

const std::vector<std::string>& drawn_queries() {
  static const std::vector<std::string> all{"",          "q=one",   "q=two",       "q=One&p=two", "p=one",
                                            "q",         "q=",      "q=one&q=two", "p=10&x",      "Q=one",
                                            "q=onetwo&", "q=o%6Ee", "=one",        "&&q=one",     "q=one=two"};
  return all;
}

const std::vector<std::string>& drawn_authorities() {
  static const std::vector<std::string> all{"a.example", "A.example",   "b.example",      "x.b.example",
                                            "shop.test", "shop.one.io", "a.example:8080", "nobody.test",
                                            "example",   "10.0.0.7",    "a.example:80"};
  return all;
}

json drawn_string_matcher(Draw& draw) {
  const auto kind = draw.one_of({"exact", "exact", "prefix", "suffix", "contains", "safe_regex"});
  if (kind == "safe_regex")
    return {{kind, {{"regex", draw.one_of({"o.*", "[0-9]+", "(one|two)", "one", ".*o", "[a-z]{3}"})}}}};
  json out{{kind, draw.one_of({"one", "two", "One", "o", "10", "onetwo"})}};
  if (draw.percent(25)) out["ignore_case"] = true;
  return out;
}

json drawn_header_matcher(Draw& draw) {
  if (draw.percent(12))
    return {{"name", ":method"}, {"string_match", {{"exact", draw.one_of({"GET", "POST", "PUT"})}}}};
  if (draw.percent(5))
    return {{"name", ":authority"}, {"string_match", {{"suffix", draw.one_of({"example", ".test"})}}}};
  if (draw.percent(5)) return {{"name", ":path"}, {"string_match", drawn_path_matcher(draw)}};
  json out{{"name", draw.one_of({"x-a", "x-a", "x-b", "X-B", "x-n"})}};
  switch (draw.between(0, 4)) {
    case 0: out["present_match"] = draw.percent(70); break;
    case 1:
      out["range_match"] = {{"start", draw.one_of({"0", "10", "-5"})}, {"end", draw.one_of({"11", "25", "26"})}};
      break;
    default: out["string_match"] = drawn_string_matcher(draw);
  }
  if (draw.percent(20)) out["invert_match"] = true;
  if (draw.percent(15)) out["treat_missing_header_as_empty"] = true;
  return out;
}

json drawn_query_matcher(Draw& draw) {
  json out{{"name", draw.one_of({"q", "q", "p"})}};
  if (draw.percent(25))
    out["present_match"] = draw.percent(75);
  else
    out["string_match"] = drawn_string_matcher(draw);
  return out;
}

json drawn_path_matcher(Draw& draw) {
  switch (draw.between(0, 3)) {
    case 0: return {{"exact", draw.one_of(drawn_paths())}};
    case 1: return {{"prefix", draw.one_of({"/a", "/api", "/b/", "/"})}};
    case 2: return {{"suffix", draw.one_of({"/b", "it", "/"})}};
    default: return {{"safe_regex", {{"regex", draw.one_of({"/a(/.*)?", ".*[0-9]", "/api/v[12]/it"})}}}};
  }
}

json drawn_route_match(Draw& draw) {
  json out;
  switch (draw.between(0, 6)) {
    case 0: out["path"] = draw.one_of({"/a", "/a/b", "/api", "/"}); break;
    case 1:
      out["safe_regex"] = {{"regex", draw.one_of({"/a/[0-9]+", "/api/.*", "/(a|b)(/.*)?", "/item/[^/]+/detail"})}};
      break;
    case 2: out["path_separated_prefix"] = draw.one_of({"/api", "/a", "/api/v1"}); break;
    case 3: out["prefix"] = "/"; break;
    default: out["prefix"] = draw.one_of({"/a", "/a/", "/api", "/api/v1", "/b", "/item/"});
  }
  if (draw.percent(12)) out["case_sensitive"] = false;
  if (draw.percent(25)) out["headers"].push_back(drawn_header_matcher(draw));
  if (draw.percent(8)) out["headers"].push_back(drawn_header_matcher(draw));
  if (draw.percent(18)) out["query_parameters"].push_back(drawn_query_matcher(draw));
  if (draw.percent(1)) out["grpc"] = json::object();
  if (draw.percent(6))
    out["runtime_fraction"] = {{"default_value", {{"numerator", draw.one_of(std::vector<int>{0, 50, 100})}}}};
  return out;
}

}  // namespace kumasim::test
