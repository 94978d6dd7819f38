/// Reads a template by recursive descent; nothing is kept but what later checks ask for.
#include "reference-cp/model/rules/go_template_parser.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include <fmt/format.h>

#include "reference-cp/model/rules/go_template.hpp"
#include "reference-cp/model/rules/go_template_lexer.hpp"

namespace kumasim::cp {
namespace {

using Token = TemplateToken;

constexpr int depth_max = 1000;  // of parentheses and controls within one another

constexpr std::array<std::string_view, 20> functions = {"and", "call", "html",  "index",  "slice",   "js",       "len",
                                                        "not", "or",   "print", "printf", "println", "urlquery", "eq",
                                                        "ge",  "gt",   "le",    "lt",     "ne",      "label"};

/// What a term is, as far as Go refuses some of them in places.
enum class Term { none, literal, other };

/// How a list of texts and actions ended.
enum class Ending { end, otherwise };

struct Stop {
  std::string message;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  void read() {
    while (peek().token != Token::end_of_text) {
      if (peek().token == Token::left) {
        TemplateItem open = next();
        if (is_word(next_beyond_space(), "define")) {
          definition();
          continue;
        }
        back_two(open);
      }
      Ending ending{};
      if (piece(ending)) stop(std::string("unexpected ") + (ending == Ending::end ? "{{end}}" : "{{else}}"));
    }
  }

 private:
  // Up to three tokens can be put back; the first of them gives the line of an error.
  TemplateItem next() {
    if (held_ > 0) {
      --held_;
    } else {
      items_[0] = lexer_.next();
    }
    return items_[static_cast<std::size_t>(held_)];
  }

  void back() { ++held_; }

  void back_two(TemplateItem before) {
    items_[1] = std::move(before);
    held_ = 2;
  }

  void back_three(TemplateItem second, TemplateItem first) {
    items_[1] = std::move(first);
    items_[2] = std::move(second);
    held_ = 3;
  }

  TemplateItem peek() {
    if (held_ > 0) return items_[static_cast<std::size_t>(held_ - 1)];
    held_ = 1;
    items_[0] = lexer_.next();
    return items_[0];
  }

  TemplateItem next_beyond_space() {
    TemplateItem out = next();
    while (out.token == Token::space) out = next();
    return out;
  }

  TemplateItem peek_beyond_space() {
    TemplateItem out = next_beyond_space();
    back();
    return out;
  }

  [[noreturn]] void stop(const std::string& why) { throw Stop{fmt::format("template: :{}: {}", items_[0].line, why)}; }

  static std::string shown(const TemplateItem& item) {
    if (item.token == Token::end_of_text) return "EOF";
    if (item.token == Token::keyword) return "<" + item.text + ">";
    if (item.text.size() > 10) return go_quoted(std::string_view(item.text).substr(0, 10)) + "...";
    return go_quoted(item.text);
  }

  [[noreturn]] void unexpected(const TemplateItem& item, std::string_view context) {
    if (item.token != Token::error) stop(fmt::format("unexpected {} in {}", shown(item), context));
    std::string where;
    if (action_line_ != 0 && action_line_ != item.line) {
      where = fmt::format(" in action started at :{}", action_line_);
      if (item.text.ends_with(" action")) where.erase(0, std::string_view(" in action").size());
    }
    stop(item.text + where);
  }

  static bool is_word(const TemplateItem& item, std::string_view word) {
    return item.token == Token::keyword && item.text == word;
  }

  void expect(Token token, std::string_view context) {
    TemplateItem item = next_beyond_space();
    if (item.token != token) unexpected(item, context);
  }

  void expect_name(const TemplateItem& item, std::string_view context) {
    if (item.token != Token::text_constant && item.token != Token::raw_constant) unexpected(item, context);
  }

  /// A text or an action; true where it was {{end}} or {{else}}.
  bool piece(Ending& ending) {
    TemplateItem item = next_beyond_space();
    if (item.token == Token::text) return false;
    if (item.token != Token::left) unexpected(item, "input");
    action_line_ = item.line;
    bool out = action(ending);
    action_line_ = 0;
    return out;
  }

  bool action(Ending& ending) {
    TemplateItem item = next_beyond_space();
    if (item.token == Token::keyword) {
      if (item.text == "end") {
        expect(Token::right, "end");
        ending = Ending::end;
        return true;
      }
      if (item.text == "else") {
        TemplateItem after = peek_beyond_space();
        if (!is_word(after, "if") && !is_word(after, "with")) expect(Token::right, "else");
        ending = Ending::otherwise;
        return true;
      }
      if (item.text == "if" || item.text == "with" || item.text == "range") return control(item.text), false;
      if (item.text == "template") return invocation(), false;
      if (item.text == "block") return block(), false;
      if (item.text == "break" || item.text == "continue") return leave_range(item.text), false;
    }
    back();
    pipeline("command", Token::right);
    return false;
  }

  void leave_range(const std::string& word) {
    std::string braced = "{{" + word + "}}";
    TemplateItem item = next_beyond_space();
    if (item.token != Token::right) unexpected(item, braced);
    if (ranges_ == 0) stop(braced + " outside {{range}}");
  }

  void invocation() {
    expect_name(next_beyond_space(), "template clause");
    if (next_beyond_space().token == Token::right) return;
    back();
    pipeline("template clause", Token::right);
  }

  void block() {
    expect_name(next_beyond_space(), "block clause");
    pipeline("block clause", Token::right);
    body("block clause");
  }

  void definition() {
    expect_name(next_beyond_space(), "define clause");
    expect(Token::right, "define clause");
    body("define clause");
  }

  /// A template of its own: it sees no variables of its surroundings.
  void body(std::string_view context) {
    std::vector<std::string> outer = {"$"};
    std::swap(outer, variables_);
    std::swap(ranges_, ranges_outside_);
    if (list() != Ending::end) stop(fmt::format("unexpected {{{{else}}}} in {}", context));
    std::swap(ranges_, ranges_outside_);
    std::swap(outer, variables_);
  }

  Ending list() {
    if (++depth_ > depth_max) stop("max expression depth exceeded");
    while (peek_beyond_space().token != Token::end_of_text) {
      Ending ending{};
      if (piece(ending)) {
        --depth_;
        return ending;
      }
    }
    stop("unexpected EOF");
  }

  void control(const std::string& word) {
    std::size_t seen = variables_.size();
    pipeline(word, Token::right);
    if (word == "range") ++ranges_;
    Ending ending = list();
    if (word == "range") --ranges_;
    if (ending == Ending::otherwise) {
      bool chained = (word == "if" || word == "with") && is_word(peek(), word);
      if (chained) {
        next();
        control(word);
      } else if (list() != Ending::end) {
        stop("expected end; found {{else}}");
      }
    }
    variables_.resize(std::min(seen, variables_.size()));
  }

  /// `$x :=`, `$x =`, `$i, $x :=`, or nothing.
  void declarations(std::string_view context) {
    for (int count = 1;; ++count) {
      TemplateItem variable = peek_beyond_space();
      if (variable.token != Token::variable) return;
      next();
      TemplateItem behind = peek();
      TemplateItem after = peek_beyond_space();
      if (after.token == Token::assign || after.token == Token::declare) {
        next_beyond_space();
        variables_.push_back(variable.text);
        return;
      }
      if (after.token != Token::character || after.text != ",") {
        if (behind.token == Token::space) {
          back_three(variable, behind);
        } else {
          back_two(variable);
        }
        return;
      }
      next_beyond_space();
      variables_.push_back(variable.text);
      if (context != "range" || count > 1) stop(fmt::format("too many declarations in {}", context));
      Token follows = peek_beyond_space().token;
      if (follows != Token::variable && follows != Token::right && follows != Token::right_paren)
        stop("range can only initialize variables");
    }
  }

  void pipeline(std::string_view context, Token end) {
    declarations(context);
    std::vector<Term> commands;
    while (true) {
      TemplateItem item = next_beyond_space();
      if (item.token == end) break;
      back();
      if (!starts_command(item)) {
        next();
        unexpected(item, context);
      }
      commands.push_back(command());
    }
    if (commands.empty()) stop(fmt::format("missing value for {}", context));
    for (std::size_t i = 1; i < commands.size(); ++i) {
      if (commands[i] == Term::literal) stop(fmt::format("non executable command in pipeline stage {}", i + 1));
    }
  }

  static bool starts_command(const TemplateItem& item) {
    switch (item.token) {
      case Token::boolean:
      case Token::character_constant:
      case Token::field:
      case Token::identifier:
      case Token::number:
      case Token::raw_constant:
      case Token::text_constant:
      case Token::variable:
      case Token::left_paren: return true;
      default: return is_word(item, ".") || is_word(item, "nil");
    }
  }

  /// Operands up to a pipe or an end; what the first of them is.
  Term command() {
    Term first = Term::none;
    while (true) {
      peek_beyond_space();
      Term operand = this->operand();
      if (first == Term::none) first = operand;
      TemplateItem item = next();
      if (item.token == Token::space) continue;
      if (item.token == Token::right || item.token == Token::right_paren) {
        back();
      } else if (item.token != Token::pipe) {
        unexpected(item, "operand");
      }
      break;
    }
    if (first == Term::none) stop("empty command");
    return first;
  }

  Term operand() {
    TemplateItem item = peek_beyond_space();
    Term out = term();
    if (out == Term::none || peek().token != Token::field) return out;
    while (peek().token == Token::field) next();
    if (out == Term::literal) stop("unexpected . after term " + go_quoted(item.text));
    return Term::other;
  }

  Term term() {
    TemplateItem item = next_beyond_space();
    switch (item.token) {
      case Token::identifier:
        if (std::ranges::find(functions, item.text) == functions.end())
          stop(fmt::format("function {} not defined", go_quoted(item.text)));
        return Term::other;
      case Token::variable: {
        if (std::ranges::find(variables_, item.text) == variables_.end())
          stop(fmt::format("undefined variable {}", go_quoted(item.text)));
        return Term::other;
      }
      case Token::field: return Term::other;
      case Token::boolean:
      case Token::character_constant:
      case Token::text_constant:
      case Token::raw_constant: return Term::literal;
      case Token::number:
        if (std::ranges::none_of(item.text, [](unsigned char c) { return std::isdigit(c) != 0; }))
          stop("illegal number syntax: " + go_quoted(item.text));
        return Term::literal;
      case Token::left_paren:
        if (++depth_ > depth_max) stop("max expression depth exceeded");
        pipeline("parenthesized pipeline", Token::right_paren);
        --depth_;
        return Term::other;
      default: break;
    }
    if (is_word(item, ".") || is_word(item, "nil")) return Term::literal;
    back();
    return Term::none;
  }

  TemplateLexer lexer_;
  std::array<TemplateItem, 3> items_;
  int held_ = 0;
  int action_line_ = 0;
  int depth_ = 0;
  int ranges_ = 0, ranges_outside_ = 0;
  std::vector<std::string> variables_ = {"$"};
};

}  // namespace

std::string go_template_parse_error(std::string_view text) {
  try {
    Parser(text).read();
  } catch (const Stop& stop) {
    return stop.message;
  }
  return "";
}

}  // namespace kumasim::cp
