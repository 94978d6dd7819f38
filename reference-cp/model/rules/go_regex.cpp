/// A reader of RE2's syntax that only says whether it gets through.
#include "reference-cp/model/rules/go_regex.hpp"

#include <algorithm>
#include <charconv>

namespace kumasim::cp {
namespace {

constexpr int repeat_max = 1000;
constexpr int depth_max = 1000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }

/// What may stand between "[:" and ":]", with or without a '^' before it.
constexpr std::string_view class_names[] = {"alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph",
                                            "lower", "print", "punct", "space", "upper", "word",  "xdigit"};

bool is_named_class(std::string_view text) {
  std::string_view name = text.substr(2, text.size() - 4);
  if (name.starts_with('^')) name.remove_prefix(1);
  return std::ranges::find(class_names, name) != std::end(class_names);
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool read() { return alternatives(0) && rest_.empty(); }
  /// "[:foo:]" where that is what it did not get through; else empty.
  std::string_view unknown_class() const { return unknown_class_; }

 private:
  bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }

  bool take(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }

  /// Everything up to a closing parenthesis or the end.
  bool alternatives(int depth) {
    if (depth > depth_max) return false;
    bool repeatable = false;
    while (!rest_.empty() && rest_.front() != ')') {
      if (take("|")) {
        repeatable = false;
        continue;
      }
      if (!piece(depth, repeatable)) return false;
    }
    return true;
  }

  /// One atom or one repetition; `repeatable` says whether a repetition may follow.
  bool piece(int depth, bool& repeatable) {
    char c = rest_.front();
    if (c == '*' || c == '+' || c == '?') {
      if (!repeatable) return false;
      rest_.remove_prefix(1);
      return after_repeat(repeatable);
    }
    if (const std::size_t size = c == '{' ? repeat_size() : 0; size != 0) {
      if (!repeatable || !take_repeat(size)) return false;
      return after_repeat(repeatable);
    }
    if (c == '(') return group(depth, repeatable);
    repeatable = true;
    if (c == '[') return character_class();
    if (c == '\\') return escape(false);
    rest_.remove_prefix(1);
    return true;
  }

  /// A further `?` makes it lazy; a second repetition is refused.
  bool after_repeat(bool& repeatable) {
    take("?");
    repeatable = false;
    return true;
  }

  /// Of "{n}", "{n,}" or "{n,m}" at the front; 0 for anything else, which is plain text. It looks no further than such
  /// a repetition goes, for a text may be nothing but braces.
  std::size_t repeat_size() const {
    auto past_digits = [this](std::size_t at) {
      while (at < rest_.size() && is_digit(rest_[at])) ++at;
      return at;
    };
    std::size_t end = past_digits(1);
    if (end == 1) return 0;
    if (end < rest_.size() && rest_[end] == ',') end = past_digits(end + 1);
    return end < rest_.size() && rest_[end] == '}' ? end + 1 : 0;
  }

  bool take_repeat(std::size_t size) {
    std::string_view inner = rest_.substr(1, size - 2);
    rest_.remove_prefix(size);
    auto comma = inner.find(',');
    int low = number(inner.substr(0, comma)), high = low;
    if (comma != std::string_view::npos && comma + 1 < inner.size()) high = number(inner.substr(comma + 1));
    return low <= repeat_max && high <= repeat_max && low <= high;
  }

  static int number(std::string_view text) {
    int out = 0;
    auto result = std::from_chars(text.data(), text.data() + text.size(), out);
    return result.ec == std::errc() ? out : repeat_max + 1;
  }

  bool group(int depth, bool& repeatable) {
    take("(");
    if (next_is('?')) {
      rest_.remove_prefix(1);
      if (take("P<") || take("<")) {
        auto close = rest_.find('>');
        if (close == 0 || close == std::string_view::npos) return false;
        std::string_view name = rest_.substr(0, close);
        if (!std::ranges::all_of(name, is_word)) return false;
        rest_.remove_prefix(close + 1);
      } else {
        bool closed = false;
        if (!flags(closed)) return false;
        if (closed) return true;  // flags alone; what a repetition takes is still what was before
      }
    }
    repeatable = true;
    return alternatives(depth + 1) && take(")");
  }

  /// "i", "-s", "im-s", then ":" or ")".
  bool flags(bool& closed) {
    bool minus = false, any = false;
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == ':' || c == ')') {
        closed = c == ')';
        return !minus || any;
      }
      if (c == '-') {
        if (minus) return false;
        minus = true;
        any = false;
      } else if (c == 'i' || c == 'm' || c == 's' || c == 'U') {
        any = true;
      } else {
        return false;
      }
    }
    return false;
  }

  bool escape(bool in_class) {
    rest_.remove_prefix(1);
    if (rest_.empty()) return false;
    char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == 'Q' && !in_class) {
      auto end = rest_.find("\\E");
      rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 2);
      return true;
    }
    if (c == 'p' || c == 'P') {
      if (!take("{")) {
        if (rest_.empty() || !is_letter(rest_.front())) return false;
        rest_.remove_prefix(1);
        return true;
      }
      auto close = rest_.find('}');
      if (close == std::string_view::npos || close == 0) return false;
      rest_.remove_prefix(close + 1);
      return true;
    }
    if (c == 'x') return hex();
    if (is_digit(c)) return c >= '0' && c <= '7' && (c == '0' || (!rest_.empty() && is_digit(rest_.front())));
    if (!is_letter(c)) return static_cast<unsigned char>(c) < 0x80;
    std::string_view known = in_class ? "afnrtvdDsSwW" : "afnrtvdDsSwWAzbB";
    return known.find(c) != std::string_view::npos;
  }

  bool hex() {
    auto is_hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
    if (take("{")) {
      auto close = rest_.find('}');
      if (close == std::string_view::npos || close == 0 || !std::ranges::all_of(rest_.substr(0, close), is_hex))
        return false;
      rest_.remove_prefix(close + 1);
      return true;
    }
    if (rest_.size() < 2 || !is_hex(rest_[0]) || !is_hex(rest_[1])) return false;
    rest_.remove_prefix(2);
    return true;
  }

  bool character_class() {
    take("[");
    take("^");
    bool first = true;
    while (first || !next_is(']')) {
      if (rest_.empty()) return false;
      first = false;
      if (const std::size_t size = named_class_size(); size != 0) {
        const std::string_view name = rest_.substr(0, size);
        if (!is_named_class(name)) unknown_class_ = name;
        if (!unknown_class_.empty()) return false;
        rest_.remove_prefix(size);
        continue;
      }
      unsigned char low = 0, high = 0;
      bool plain = true;
      if (!class_item(low, plain)) return false;
      if (plain && rest_.size() >= 2 && rest_[0] == '-' && rest_[1] != ']') {
        rest_.remove_prefix(1);
        bool plain_end = true;
        if (!class_item(high, plain_end) || !plain_end) return false;
        // Escapes and wide characters are not compared.
        if (low != 0 && high != 0 && low < 0x80 && high < 0x80 && high < low) return false;
      }
    }
    return take("]");
  }

  /// Of "[:alpha:]" at the front, whatever its name; 0 for anything else, which is plain text. What is left to read
  /// only gets shorter, so an end that was not found once is not looked for again.
  std::size_t named_class_size() {
    if (no_class_ends_ || !rest_.starts_with("[:")) return 0;
    const auto end = rest_.find(":]", 2);
    no_class_ends_ = end == std::string_view::npos;
    return no_class_ends_ ? 0 : end + 2;
  }

  bool class_item(unsigned char& value, bool& plain) {
    if (rest_.empty()) return false;
    if (rest_.front() == '\\') {
      char c = rest_.size() > 1 ? rest_[1] : '\\';
      plain = std::string_view("dDsSwWpP").find(c) == std::string_view::npos;
      return escape(true);
    }
    value = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    while (value >= 0x80 && !rest_.empty() && (static_cast<unsigned char>(rest_.front()) & 0xc0) == 0x80)
      rest_.remove_prefix(1);
    return true;
  }

  std::string_view rest_, unknown_class_;
  bool no_class_ends_ = false;  // no ":]" is left
};

}  // namespace

bool is_go_regex(std::string_view text) { return Reader(text).read(); }

std::string go_regex_error(std::string_view text) {
  Reader reader(text);
  if (reader.read()) return "";
  auto told = [](const char* what, std::string_view part) { return what + (": `" + std::string(part) + "`"); };
  if (!reader.unknown_class().empty()) return told("invalid character class range", reader.unknown_class());
  int open = 0;
  bool nothing_to_repeat = true;  // at the beginning, after ( and after |
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\') {
      if (at + 1 == text.size()) return told("trailing backslash at end of expression", "");
      ++at;
    } else if (c == '[') {
      std::size_t end = at + 1;
      if (end < text.size() && text[end] == '^') ++end;
      if (end < text.size() && text[end] == ']') ++end;
      while (end < text.size() && text[end] != ']') end += text[end] == '\\' ? 2 : 1;
      if (end >= text.size()) return told("missing closing ]", text.substr(at));
      at = end;
    } else if (c == ')' && open-- == 0) {
      return told("unexpected )", text);
    } else if ((c == '*' || c == '+' || c == '?') && nothing_to_repeat) {
      const bool in_group = c == '?' && at > 0 && text[at - 1] == '(';
      if (!in_group) return told("missing argument to repetition operator", text.substr(at, 1));
    }
    if (c == '(') ++open;
    nothing_to_repeat = c == '(' || c == '|';
  }
  if (open > 0) return told("missing closing )", text);
  return told("invalid or unsupported Perl syntax", text);
}

}  // namespace kumasim::cp
