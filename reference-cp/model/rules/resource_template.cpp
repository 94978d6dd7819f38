/// Runs the actions of a template one after another, as the lexer gives them.
#include "reference-cp/model/rules/resource_template.hpp"

#include <optional>

#include <fmt/format.h>

#include "reference-cp/model/rules/go_template.hpp"
#include "reference-cp/model/rules/go_template_lexer.hpp"
#include "reference-cp/model/rules/go_template_parser.hpp"

namespace kumasim::cp {
namespace {

using Texts = std::map<std::string, std::string>;

/// The text that a constant in quotes stands for; nullopt where an escape is not one of `\"` and `\\`.
std::optional<std::string> constant(const TemplateItem& item) {
  std::string_view inner = std::string_view(item.text).substr(1, item.text.size() - 2);
  if (item.token == TemplateToken::raw_constant) return std::string(inner);
  std::string out;
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == '\\' && (++i == inner.size() || (inner[i] != '"' && inner[i] != '\\'))) return std::nullopt;
    out += inner[i];
  }
  return out;
}

/// One action, its blanks left out, and where in the template its first word stands.
struct Action {
  std::vector<TemplateItem> items;
  int line = 1;
  std::size_t column = 0;
};

class Runner {
 public:
  Runner(const Texts& fields, const Texts& labels) : fields_(fields), labels_(labels) {}

  Result<std::string> run(const Action& action) const {
    const auto& items = action.items;
    auto token = [&](std::size_t i) { return i < items.size() ? items[i].token : TemplateToken::end_of_text; };
    auto is_text = [&](std::size_t i) {
      return token(i) == TemplateToken::text_constant || token(i) == TemplateToken::raw_constant;
    };
    auto is_label = [&](std::size_t i) { return token(i) == TemplateToken::identifier && items[i].text == "label"; };
    if (items.size() == 1 && token(0) == TemplateToken::field) return field(action);
    if (items.size() == 1 && is_text(0))
      if (auto value = constant(items[0])) return *value;
    if (items.size() == 2 && is_label(0) && is_text(1)) return label(action, items[1]);
    if (items.size() == 3 && is_text(0) && token(1) == TemplateToken::pipe && is_label(2))
      return label(action, items[0]);
    std::string whole;
    for (const TemplateItem& item : items) whole += (whole.empty() ? "" : " ") + item.text;
    return fail(Code::unsupported, fmt::format("template: :{}: {} is not supported", action.line, go_quoted(whole)));
  }

 private:
  static std::unexpected<Error> failed(const Action& action, const std::string& at, const std::string& why) {
    return fail(Code::invalid_argument, fmt::format("executing template failed: template: :{}:{}: executing \"\" at "
                                                    "<{}>: {}",
                                                    action.line, action.column, at, why));
  }

  Result<std::string> field(const Action& action) const {
    const std::string& text = action.items[0].text;
    auto found = fields_.find(text.substr(1));
    if (found != fields_.end()) return found->second;
    std::string type;
    for (const auto& [name, value] : fields_) type += (type.empty() ? "" : "; ") + name + " string";
    return failed(action, text, fmt::format("can't evaluate field {} in type struct {{ {} }}", text.substr(1), type));
  }

  Result<std::string> label(const Action& action, const TemplateItem& key) const {
    auto name = constant(key);
    if (!name) return fail(Code::unsupported, fmt::format("template: :{}: {} is not supported", action.line, key.text));
    auto found = labels_.find(*name);
    if (found != labels_.end()) return found->second;
    return failed(action, "label " + key.text, fmt::format("error calling label: label {} not found", *name));
  }

  const Texts& fields_;
  const Texts& labels_;
};

}  // namespace

Result<std::string> render_resource_template(std::string_view text, const Texts& fields, const Texts& labels) {
  if (std::string error = go_template_parse_error(text); !error.empty())
    return fail(Code::invalid_argument, "failed compiling Go template: " + error);
  Runner runner(fields, labels);
  TemplateLexer lexer(text);
  std::string out;
  Action action;
  std::size_t at = 0;
  for (TemplateItem item = lexer.next(); item.token != TemplateToken::end_of_text; item = lexer.next()) {
    if (item.token == TemplateToken::text) {
      out += item.text;
    } else if (item.token == TemplateToken::left) {
      action = {};
    } else if (item.token == TemplateToken::right) {
      auto printed = runner.run(action);
      if (!printed) return printed;
      out += *printed;
    } else if (item.token != TemplateToken::space) {
      if (action.items.empty()) {
        // The lexer tells lines only: the column is that of the word in the next action.
        std::size_t word = text.find(item.text, text.find("{{", at));
        std::size_t begin = text.rfind('\n', word);
        action.line = item.line;
        action.column = begin == std::string_view::npos ? word : word - begin - 1;
        at = word + item.text.size();
      }
      action.items.push_back(std::move(item));
    }
  }
  return out;
}

}  // namespace kumasim::cp
