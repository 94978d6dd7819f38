/// Filling in a dataplane template.
#include "reference-cp/app/kuma_dp/mustache.hpp"

#include "kumasim/runtime/markup.hpp"

namespace kumasim::dp {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string render_template(std::string_view text, const std::map<std::string, std::string>& variables) {
  std::string out;
  while (!text.empty()) {
    auto open = text.find("{{");
    out += text.substr(0, open);
    if (open == std::string_view::npos) break;
    text.remove_prefix(open);
    auto triple = text.starts_with("{{{");
    std::string_view closing = triple ? "}}}" : "}}";
    auto close = text.find(closing);
    if (close == std::string_view::npos) {
      out += text;
      break;
    }
    auto tag = text.substr(0, close + closing.size());
    auto name = trimmed(text.substr(closing.size(), close - closing.size()));
    text.remove_prefix(tag.size());
    auto raw = triple;
    if (name.starts_with('!')) continue;
    if (name.starts_with('&')) {
      raw = true;
      name = trimmed(name.substr(1));
    } else if (!name.empty() && std::string_view("#^/>=").find(name.front()) != std::string_view::npos) {
      out += tag;
      continue;
    }
    auto found = variables.find(std::string(name));
    if (found == variables.end()) continue;
    if (raw)
      out += found->second;
    else
      out += markup_escaped(found->second);
  }
  return out;
}

}  // namespace kumasim::dp
