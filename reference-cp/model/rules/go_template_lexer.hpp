/// Go's text/template, cut into tokens as its documentation (https://pkg.go.dev/text/template) describes them.
#pragma once

#include <string>
#include <string_view>

namespace kumasim::cp {

enum class TemplateToken {
  error,
  end_of_text,
  text,
  left,  // {{
  right,
  space,
  identifier,
  keyword,  // if, range, end, ..., '.' and nil too
  boolean,
  character,  // one that stands for itself, such as ','
  character_constant,
  number,
  text_constant,
  raw_constant,
  variable,
  field,
  pipe,
  assign,
  declare,
  left_paren,
  right_paren,
};

struct TemplateItem {
  TemplateToken token = TemplateToken::end_of_text;
  std::string text{};  // of an error: its message
  int line = 1;
};

class TemplateLexer {
 public:
  explicit TemplateLexer(std::string_view text) : text_(text) {}

  /// The next token; after an error or the end, the end.
  TemplateItem next();

 private:
  TemplateItem outside();
  TemplateItem inside();
  TemplateItem emit(TemplateToken token);
  TemplateItem fail(std::string message);
  TemplateItem bad_character(const char* what);
  TemplateItem spaces();
  TemplateItem quoted(char quote, TemplateToken token, const char* what);
  TemplateItem raw();
  TemplateItem name(TemplateToken token);
  TemplateItem word();
  TemplateItem number();
  TemplateItem close(bool trim);
  bool number_part();
  bool digits(std::string_view set);
  bool at_close(bool& trim) const;
  bool at_terminator() const;
  void skip_blanks();
  void forget();
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool ends() const { return at_ >= text_.size(); }
  std::string_view rest() const { return text_.substr(at_); }

  std::string_view text_;
  std::size_t at_ = 0, start_ = 0;
  int line_ = 1;  // of start_
  int parens_ = 0;
  bool inside_ = false;
  bool done_ = false;
};

}  // namespace kumasim::cp
