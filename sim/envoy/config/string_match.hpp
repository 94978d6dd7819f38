/// Envoy's StringMatcher, HeaderMatcher and QueryParameterMatcher, and its regular expressions, made ready for
/// matching.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/envoy/call.hpp"
#include "sim/envoy/config/checked.hpp"

namespace envoy::type::matcher::v3 {
class RegexMatcher;
class StringMatcher;
}  // namespace envoy::type::matcher::v3
namespace envoy::config::route::v3 {
class HeaderMatcher;
class QueryParameterMatcher;
}  // namespace envoy::config::route::v3

namespace kumasim::sim::proxy {

/// A full-match expression of RE2, which is Envoy's engine too; a refusal is RE2's own text, as in Envoy.
class Regex {
 public:
  static Checked<Regex> compile(const std::string& pattern);
  bool matches(std::string_view text) const;
  /// Every match replaced; `\N` names group N, as RE2 does.
  std::string replace(std::string_view text, const std::string& substitution) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

class StringMatch {
 public:
  enum class Kind : std::uint8_t { any, exact, prefix, suffix, contains, regex };

  static Checked<StringMatch> compile(const ::envoy::type::matcher::v3::StringMatcher& matcher);
  static StringMatch exact(std::string text) { return StringMatch(Kind::exact, std::move(text)); }

  StringMatch() = default;
  StringMatch(Kind kind, std::string text, bool ignore_case = false);
  bool matches(std::string_view text) const;
  Kind kind() const { return kind_; }
  const std::string& text() const { return text_; }

 private:
  friend struct HeaderMatch;
  Kind kind_ = Kind::any;
  bool ignore_case_ = false;
  std::string text_;
  std::optional<Regex> regex_;
};

/// ASCII letters only, as names of headers have them.
std::string lowered(std::string_view text);

/// Values of one name are joined by commas.
std::optional<std::string> find_header(const Headers& headers, std::string_view name);
/// By its content-type (Envoy: Grpc::Common::hasGrpcContentType).
bool is_grpc(const Headers& headers);

struct HeaderMatch {
  std::string name;
  bool must_be_present = true;  ///< for the `present` kind: false asks for absence
  bool invert = false;
  bool missing_is_empty = false;
  std::optional<StringMatch> value;
  std::optional<std::pair<std::int64_t, std::int64_t>> range;  ///< half open

  static Checked<HeaderMatch> compile(const ::envoy::config::route::v3::HeaderMatcher& matcher);
  bool matches(const Headers& headers) const;
  /// One value, inversion left aside. REQUIRES: there is a value or a range to match.
  bool hits(std::string_view text) const;
};

struct QueryMatch {
  std::string name;
  std::optional<StringMatch> value;
  bool must_be_present = true;

  static Checked<QueryMatch> compile(const ::envoy::config::route::v3::QueryParameterMatcher& matcher);
  bool matches(std::string_view query) const;
};

}  // namespace kumasim::sim::proxy
