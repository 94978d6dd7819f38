#include "sim/envoy/config/string_match.hpp"

#include <algorithm>
#include <charconv>

#include <re2/re2.h>

#include "envoy/config/route/v3/route_components.pb.h"
#include "envoy/type/matcher/v3/regex.pb.h"
#include "envoy/type/matcher/v3/string.pb.h"

namespace kumasim::sim::proxy {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

struct Regex::Compiled {
  explicit Compiled(const std::string& pattern) : regex(pattern, re2::RE2::Quiet) {}
  re2::RE2 regex;
};

Checked<Regex> Regex::compile(const std::string& pattern) {
  auto compiled = std::make_shared<const Compiled>(pattern);
  if (!compiled->regex.ok()) return refuse(compiled->regex.error());
  Regex out;
  out.compiled_ = std::move(compiled);
  return out;
}

bool Regex::matches(std::string_view text) const {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), compiled_->regex);
}

std::string Regex::replace(std::string_view text, const std::string& substitution) const {
  std::string out(text);
  re2::RE2::GlobalReplace(&out, compiled_->regex, substitution);
  return out;
}

StringMatch::StringMatch(Kind kind, std::string text, bool ignore_case)
    : kind_(kind), ignore_case_(ignore_case), text_(ignore_case ? lowered(text) : std::move(text)) {}

Checked<StringMatch> StringMatch::compile(const ::envoy::type::matcher::v3::StringMatcher& m) {
  using M = ::envoy::type::matcher::v3::StringMatcher;
  switch (m.match_pattern_case()) {
    case M::kExact: return StringMatch(Kind::exact, m.exact(), m.ignore_case());
    case M::kPrefix: return StringMatch(Kind::prefix, m.prefix(), m.ignore_case());
    case M::kSuffix: return StringMatch(Kind::suffix, m.suffix(), m.ignore_case());
    case M::kContains: return StringMatch(Kind::contains, m.contains(), m.ignore_case());
    case M::kSafeRegex: {
      if (m.ignore_case()) return refuse("ignore_case has no effect for safe_regex.");
      auto regex = Regex::compile(m.safe_regex().regex());
      if (!regex) return refuse(regex.error());
      StringMatch out(Kind::regex, m.safe_regex().regex());
      out.regex_ = std::move(*regex);
      return out;
    }
    default: return refuse("unsupported StringMatcher: " + m.ShortDebugString());
  }
}

bool StringMatch::matches(std::string_view text) const {
  std::string folded;
  if (ignore_case_) {
    folded = lowered(text);
    text = folded;
  }
  switch (kind_) {
    case Kind::any: return true;
    case Kind::exact: return text == text_;
    case Kind::prefix: return text.starts_with(text_);
    case Kind::suffix: return text.ends_with(text_);
    case Kind::contains: return text.find(text_) != std::string_view::npos;
    case Kind::regex: return regex_->matches(text);
  }
  return false;
}

std::optional<std::string> find_header(const Headers& headers, std::string_view name) {
  std::optional<std::string> out;
  for (const auto& [key, value] : headers) {
    if (key != name) continue;
    if (out)
      *out += "," + value;
    else
      out = value;
  }
  return out;
}

bool is_grpc(const Headers& headers) {
  constexpr std::string_view grpc = "application/grpc";
  auto type = find_header(headers, "content-type").value_or("");
  return type.starts_with(grpc) && (type.size() == grpc.size() || type[grpc.size()] == '+');
}

Checked<HeaderMatch> HeaderMatch::compile(const ::envoy::config::route::v3::HeaderMatcher& m) {
  using M = ::envoy::config::route::v3::HeaderMatcher;
  HeaderMatch out;
  out.name = lowered(m.name());
  out.invert = m.invert_match();
  out.missing_is_empty = m.treat_missing_header_as_empty();
  switch (m.header_match_specifier_case()) {
    case M::kExactMatch: out.value = StringMatch(StringMatch::Kind::exact, m.exact_match()); break;
    case M::kPrefixMatch: out.value = StringMatch(StringMatch::Kind::prefix, m.prefix_match()); break;
    case M::kSuffixMatch: out.value = StringMatch(StringMatch::Kind::suffix, m.suffix_match()); break;
    case M::kContainsMatch: out.value = StringMatch(StringMatch::Kind::contains, m.contains_match()); break;
    case M::kSafeRegexMatch: {
      auto regex = Regex::compile(m.safe_regex_match().regex());
      if (!regex) return refuse(regex.error());
      out.value = StringMatch(StringMatch::Kind::regex, m.safe_regex_match().regex());
      out.value->regex_ = std::move(*regex);
      break;
    }
    case M::kStringMatch: {
      auto value = StringMatch::compile(m.string_match());
      if (!value) return refuse(value.error());
      out.value = std::move(*value);
      break;
    }
    case M::kRangeMatch: out.range = {m.range_match().start(), m.range_match().end()}; break;
    case M::kPresentMatch: out.must_be_present = m.present_match(); break;
    default: break;
  }
  return out;
}

bool HeaderMatch::matches(const Headers& headers) const {
  auto found = find_header(headers, name);
  if (!value && !range) {
    if (!found && missing_is_empty) found = "";
    return (found.has_value() == must_be_present) != invert;
  }
  // A missing header fails every value match, and inversion does not turn that round (Envoy's HeaderMatcher contract).
  if (!found) return missing_is_empty && hits("") != invert;
  // Of several values each is looked at by itself.
  bool hit =
      std::any_of(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name && hits(h.second); });
  return hit != invert;
}

bool HeaderMatch::hits(std::string_view text) const {
  if (value) return value->matches(text);
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= range->first && number < range->second;
}

Checked<QueryMatch> QueryMatch::compile(const ::envoy::config::route::v3::QueryParameterMatcher& m) {
  QueryMatch out;
  out.name = m.name();
  if (m.has_string_match()) {
    auto value = StringMatch::compile(m.string_match());
    if (!value) return refuse(value.error());
    out.value = std::move(*value);
  } else if (m.query_parameter_match_specifier_case() ==
             ::envoy::config::route::v3::QueryParameterMatcher::kPresentMatch) {
    out.must_be_present = m.present_match();
  }
  return out;
}

bool QueryMatch::matches(std::string_view query) const {
  while (!query.empty()) {
    auto end = query.find('&');
    auto pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    auto equals = pair.find('=');
    if (pair.substr(0, equals) != name) continue;
    auto text = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    return value ? value->matches(text) : must_be_present;
  }
  return !value && !must_be_present;
}

}  // namespace kumasim::sim::proxy
