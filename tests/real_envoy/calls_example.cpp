#include "tests/real_envoy/calls_example.hpp"

#include <algorithm>

#include "envoy/config/route/v3/route_components.pb.h"
#include "envoy/type/matcher/v3/string.pb.h"

namespace kumasim::test {

std::string example_of(const ::envoy::type::matcher::v3::StringMatcher& m) {
  using M = ::envoy::type::matcher::v3::StringMatcher;
  switch (m.match_pattern_case()) {
    case M::kExact: return m.exact();
    case M::kPrefix: return m.prefix() + "tail";
    case M::kSuffix: return "head" + m.suffix();
    case M::kContains: return "head" + m.contains() + "tail";
    case M::kSafeRegex: return example_of_regex(m.safe_regex().regex());
    default: return "any";
  }
}

std::string example_of(const ::envoy::config::route::v3::HeaderMatcher& m) {
  using M = ::envoy::config::route::v3::HeaderMatcher;
  switch (m.header_match_specifier_case()) {
    case M::kExactMatch: return m.exact_match();
    case M::kPrefixMatch: return m.prefix_match() + "tail";
    case M::kSuffixMatch: return "head" + m.suffix_match();
    case M::kContainsMatch: return "head" + m.contains_match() + "tail";
    case M::kSafeRegexMatch: return example_of_regex(m.safe_regex_match().regex());
    case M::kStringMatch: return example_of(m.string_match());
    case M::kRangeMatch: return std::to_string(m.range_match().start());
    default: return "any";
  }
}

std::vector<std::string> near_misses(const std::string& text) {
  std::vector<std::string> out{text + "x"};
  if (text.size() > 1) out.push_back(text.substr(0, text.size() - 1));
  auto upper = text;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  if (upper != text) out.push_back(upper);
  return out;
}

}  // namespace kumasim::test
