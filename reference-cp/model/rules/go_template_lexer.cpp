/// Tokens of Go's templates, with the messages of Go's own lexer.
#include "reference-cp/model/rules/go_template_lexer.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "reference-cp/model/rules/go_template.hpp"

namespace kumasim::cp {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// Characters beyond ASCII are taken for letters.
bool is_word(char c) {
  return c == '_' || is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

constexpr std::array<std::string_view, 11> keywords = {"block", "break", "continue", "define",   "else", "end",
                                                       "if",    "nil",   "range",    "template", "with"};

/// The first character of a text in UTF-8, as Go's %#U prints it.
std::string code_point(std::string_view text) {
  auto first = static_cast<unsigned char>(text.front());
  std::size_t size = first < 0x80 ? 1 : (first < 0xe0 ? 2 : (first < 0xf0 ? 3 : 4));
  size = std::min(size, text.size());
  std::uint32_t value = size == 1 ? first : first & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) value = (value << 6) | (static_cast<unsigned char>(text[i]) & 0x3fu);
  if (value < 0x20 || value == 0x7f) return fmt::format("U+{:04X}", value);
  return fmt::format("U+{:04X} '{}'", value, text.substr(0, size));
}

}  // namespace

TemplateItem TemplateLexer::next() {
  if (done_) return {TemplateToken::end_of_text, "", line_};
  return inside_ ? inside() : outside();
}

TemplateItem TemplateLexer::emit(TemplateToken token) {
  TemplateItem out{token, std::string(text_.substr(start_, at_ - start_)), line_};
  forget();
  return out;
}

void TemplateLexer::forget() {
  line_ += static_cast<int>(std::ranges::count(text_.substr(start_, at_ - start_), '\n'));
  start_ = at_;
}

TemplateItem TemplateLexer::fail(std::string message) {
  done_ = true;
  return {TemplateToken::error, std::move(message), line_};
}

TemplateItem TemplateLexer::bad_character(const char* what) { return fail(what + code_point(rest())); }

void TemplateLexer::skip_blanks() {
  while (!ends() && is_space(peek())) ++at_;
  forget();
}

TemplateItem TemplateLexer::outside() {
  while (true) {
    auto open = rest().find("{{");
    if (open == std::string_view::npos) {
      at_ = text_.size();
      if (at_ > start_) return emit(TemplateToken::text);
      done_ = true;
      return {TemplateToken::end_of_text, "", line_};
    }
    if (open > 0) {
      bool trim = rest().size() > open + 3 && rest()[open + 2] == '-' && is_space(rest()[open + 3]);
      std::size_t end = at_ + open;
      std::size_t kept = end;
      while (trim && kept > at_ && is_space(text_[kept - 1])) --kept;
      bool some = kept > at_;
      at_ = kept;
      TemplateItem out = emit(TemplateToken::text);
      at_ = end;
      forget();
      if (some) return out;
    }
    std::size_t marker = rest().size() > 3 && rest()[2] == '-' && is_space(rest()[3]) ? 2 : 0;
    if (!rest().substr(2 + marker).starts_with("/*")) {
      at_ += 2;
      TemplateItem out = emit(TemplateToken::left);
      at_ += marker;
      forget();
      inside_ = true;
      parens_ = 0;
      return out;
    }
    at_ += 2 + marker;
    forget();
    auto end = rest().find("*/", 2);
    if (end == std::string_view::npos) return fail("unclosed comment");
    at_ += end + 2;
    bool trim = false;
    if (!at_close(trim)) return fail("comment ends before closing delimiter");
    at_ += trim ? 4 : 2;
    forget();
    if (trim) skip_blanks();
  }
}

bool TemplateLexer::at_close(bool& trim) const {
  std::string_view text = rest();
  trim = text.size() >= 4 && is_space(text[0]) && text[1] == '-' && text.substr(2).starts_with("}}");
  return trim || text.starts_with("}}");
}

TemplateItem TemplateLexer::close(bool trim) {
  if (trim) at_ += 2;
  forget();
  at_ += 2;
  TemplateItem out = emit(TemplateToken::right);
  if (trim) skip_blanks();
  inside_ = false;
  return out;
}

bool TemplateLexer::at_terminator() const {
  if (ends() || is_space(peek())) return true;
  return std::string_view(".,|:)(").find(peek()) != std::string_view::npos || rest().starts_with("}}");
}

TemplateItem TemplateLexer::inside() {
  bool trim = false;
  if (at_close(trim)) return parens_ == 0 ? close(trim) : fail("unclosed left paren");
  if (ends()) return fail("unclosed action");
  char c = peek();
  if (is_space(c)) return spaces();
  if (c == '"') return quoted('"', TemplateToken::text_constant, "unterminated quoted string");
  if (c == '\'') return quoted('\'', TemplateToken::character_constant, "unterminated character constant");
  if (c == '`') return raw();
  if (c == '$') return name(TemplateToken::variable);
  if (c == '.' && at_ + 1 < text_.size() && !is_digit(text_[at_ + 1])) return name(TemplateToken::field);
  if (c == '.' || c == '+' || c == '-' || is_digit(c)) return number();
  if (is_word(c)) return word();
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return bad_character("unrecognized character in action: ");
  ++at_;
  if (c == '=') return emit(TemplateToken::assign);
  if (c == '|') return emit(TemplateToken::pipe);
  if (c == ':') {
    if (peek() != '=') return fail("expected :=");
    ++at_;
    return emit(TemplateToken::declare);
  }
  if (c == '(') {
    ++parens_;
    return emit(TemplateToken::left_paren);
  }
  if (c == ')') return --parens_ < 0 ? fail("unexpected right paren") : emit(TemplateToken::right_paren);
  return emit(TemplateToken::character);
}

TemplateItem TemplateLexer::spaces() {
  while (!ends() && is_space(peek())) ++at_;
  // The last blank may belong to a closing delimiter that trims.
  bool trim = false;
  --at_;
  if (at_close(trim) && trim) return at_ == start_ ? close(true) : emit(TemplateToken::space);
  ++at_;
  return emit(TemplateToken::space);
}

TemplateItem TemplateLexer::quoted(char quote, TemplateToken token, const char* what) {
  for (++at_; !ends() && peek() != '\n'; ++at_) {
    if (peek() == quote) {
      ++at_;
      return emit(token);
    }
    if (peek() == '\\' && ++at_ < text_.size() && peek() == '\n') break;
  }
  return fail(what);
}

TemplateItem TemplateLexer::raw() {
  auto end = text_.find('`', at_ + 1);
  if (end == std::string_view::npos) return fail("unterminated raw quoted string");
  at_ = end + 1;
  return emit(TemplateToken::raw_constant);
}

TemplateItem TemplateLexer::name(TemplateToken token) {
  ++at_;
  if (at_terminator()) return emit(token == TemplateToken::field ? TemplateToken::keyword : token);
  while (!ends() && is_word(peek())) ++at_;
  return at_terminator() ? emit(token) : bad_character("bad character ");
}

TemplateItem TemplateLexer::word() {
  while (!ends() && is_word(peek())) ++at_;
  if (!at_terminator()) return bad_character("bad character ");
  std::string_view text = text_.substr(start_, at_ - start_);
  if (std::ranges::find(keywords, text) != keywords.end()) return emit(TemplateToken::keyword);
  return emit(text == "true" || text == "false" ? TemplateToken::boolean : TemplateToken::identifier);
}

bool TemplateLexer::digits(std::string_view set) {
  bool any = false;
  for (; !ends() && set.find(peek()) != std::string_view::npos; ++at_) any = true;
  return any;
}

/// Go's numbers, read as loosely as its lexer reads them; false where a letter follows.
bool TemplateLexer::number_part() {
  auto accept = [this](std::string_view set) {
    if (ends() || set.find(peek()) == std::string_view::npos) return false;
    ++at_;
    return true;
  };
  accept("+-");
  std::string_view set = "0123456789_";
  bool hex = false, octal_or_binary = false;
  if (accept("0")) {
    hex = accept("xX");
    if (hex) set = "0123456789abcdefABCDEF_";
    if (!hex && accept("oO")) {
      set = "01234567_";
      octal_or_binary = true;
    } else if (!hex && accept("bB")) {
      set = "01_";
      octal_or_binary = true;
    }
  }
  digits(set);
  if (accept(".")) digits(set);
  if (!octal_or_binary && accept(hex ? "pP" : "eE")) {
    accept("+-");
    digits("0123456789_");
  }
  accept("i");
  if (ends() || !is_word(peek())) return true;
  ++at_;
  while (!ends() && (static_cast<unsigned char>(peek()) & 0xc0) == 0x80) ++at_;
  return false;
}

TemplateItem TemplateLexer::number() {
  auto bad = [this] { return fail("bad number syntax: " + go_quoted(text_.substr(start_, at_ - start_))); };
  if (!number_part()) return bad();
  if (peek() != '+' && peek() != '-') return emit(TemplateToken::number);
  if (!number_part() || text_[at_ - 1] != 'i') return bad();
  return emit(TemplateToken::number);
}

}  // namespace kumasim::cp
