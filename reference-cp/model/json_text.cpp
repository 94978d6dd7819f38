/// JSON from text. Where it is none, a small scanner of RFC 8259's grammar finds the character that Go would name.
#include "reference-cp/model/json_text.hpp"

#include <string>

#include <fmt/format.h>

namespace kumasim::cp {
namespace {

constexpr int depth_max = 1000;

/// Follows the grammar and stops at the first character that does not fit.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  /// Go's message; "" for good JSON.
  std::string run() {
    if (value(0)) {
      space();
      if (at_ < text_.size()) bad("after top-level value");
    }
    return message_;
  }

 private:
  bool end() const { return at_ >= text_.size(); }
  char now() const { return text_[at_]; }

  void space() {
    while (!end() && (now() == ' ' || now() == '\t' || now() == '\n' || now() == '\r')) ++at_;
  }

  static std::string quoted(char c) {
    if (c == '\'') return R"('\'')";
    if (c == '\n') return R"('\n')";
    if (c == '\t') return R"('\t')";
    if (c == '\\') return R"('\\')";
    // A byte is the character of its number (Latin-1); what cannot be printed is escaped.
    auto byte = static_cast<unsigned char>(c);
    constexpr std::string_view named = "\a\b\f\r\v", names = "abfrv";
    if (auto at = named.find(c); at != std::string_view::npos) return fmt::format("'\\{}'", names[at]);
    if (byte < 0x20 || byte == 0x7f) return fmt::format("'\\x{:02x}'", byte);
    if (byte >= 0x80 && (byte <= 0xa0 || byte == 0xad)) return fmt::format("'\\u{:04x}'", byte);
    if (byte >= 0x80)
      return fmt::format("'{}{}'", static_cast<char>(0xc0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3f)));
    return std::string("'") + c + "'";
  }

  bool bad(const std::string& where) {
    if (message_.empty()) {
      message_ = end() ? "unexpected end of JSON input" : "invalid character " + quoted(now()) + " " + where;
    }
    return false;
  }

  bool value(int depth) {
    space();
    if (end() || depth > depth_max) return bad("exceeded max depth");
    char c = now();
    if (c == '{') return object(depth);
    if (c == '[') return array(depth);
    if (c == '"') return string();
    if (c == '-' || (c >= '0' && c <= '9')) return number();
    if (c == 't') return literal("true");
    if (c == 'f') return literal("false");
    if (c == 'n') return literal("null");
    return bad("looking for beginning of value");
  }

  bool object(int depth) {
    ++at_;
    space();
    if (!end() && now() == '}') return ++at_, true;
    while (true) {
      space();
      if (end() || now() != '"') return bad("looking for beginning of object key string");
      if (!string()) return false;
      space();
      if (end() || now() != ':') return bad("after object key");
      ++at_;
      if (!value(depth + 1)) return false;
      space();
      if (!end() && now() == '}') return ++at_, true;
      if (end() || now() != ',') return bad("after object key:value pair");
      ++at_;
    }
  }

  bool array(int depth) {
    ++at_;
    space();
    if (!end() && now() == ']') return ++at_, true;
    while (true) {
      if (!value(depth + 1)) return false;
      space();
      if (!end() && now() == ']') return ++at_, true;
      if (end() || now() != ',') return bad("after array element");
      ++at_;
    }
  }

  bool string() {
    ++at_;
    while (!end()) {
      char c = now();
      if (c == '"') return ++at_, true;
      if (static_cast<unsigned char>(c) < 0x20) return bad("in string literal");
      ++at_;
      if (c != '\\') continue;
      if (end()) break;
      if (now() == 'u') {
        ++at_;
        for (int i = 0; i < 4; ++i, ++at_) {
          if (end() || !std::isxdigit(static_cast<unsigned char>(now())))
            return bad("in \\u hexadecimal character escape");
        }
      } else if (std::string_view("bfnrt\\/\"").find(now()) == std::string_view::npos) {
        return bad("in string escape code");
      } else {
        ++at_;
      }
    }
    return bad("");
  }

  bool digits(const char* where) {
    if (end() || now() < '0' || now() > '9') return bad(where);
    while (!end() && now() >= '0' && now() <= '9') ++at_;
    return true;
  }

  bool number() {
    if (now() == '-') ++at_;
    if (!end() && now() == '0') {
      ++at_;
    } else if (!digits("in numeric literal")) {
      return false;
    }
    if (!end() && now() == '.' && (++at_, !digits("after decimal point in numeric literal"))) return false;
    if (!end() && (now() == 'e' || now() == 'E')) {
      ++at_;
      if (!end() && (now() == '+' || now() == '-')) ++at_;
      if (!digits("in exponent of numeric literal")) return false;
    }
    return true;
  }

  bool literal(std::string_view word) {
    for (char c : word) {
      if (end() || now() != c) return bad(fmt::format("in literal {} (expecting {})", word, quoted(c)));
      ++at_;
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string message_;
};

}  // namespace

Result<nlohmann::json> parse_json(std::string_view text) {
  // The scanner also bounds the depth, so that the parser's recursion is bounded.
  std::string message = Scanner(text).run();
  if (!message.empty()) return fail(Code::invalid_argument, std::move(message));
  nlohmann::json out = nlohmann::json::parse(text, nullptr, false);
  if (out.is_discarded()) return fail(Code::invalid_argument, "not valid JSON: text that is not UTF-8");
  return out;
}

const char* json_type(const nlohmann::json& value) {
  if (value.is_null()) return "null";
  if (value.is_boolean()) return "boolean";
  if (value.is_number()) return "number";
  if (value.is_string()) return "string";
  return value.is_array() ? "array" : "object";
}

}  // namespace kumasim::cp
