/// Scalars of protobuf kinds as Go's decoders read them.
#include "reference-cp/model/go_scalar.hpp"

#include "reference-cp/model/json_text.hpp"

namespace kumasim::cp {
namespace {

bool is_line_end(char c) { return c == '\n' || c == '\r'; }

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

std::size_t past_line_ends(std::string_view text, std::size_t at) {
  while (at < text.size() && is_line_end(text[at])) ++at;
  return at;
}

}  // namespace

std::optional<std::size_t> base64_error(std::string_view text) {
  std::size_t letters = 0;  // of the group of four
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (is_line_end(c)) continue;
    if (is_letter(c)) {
      letters = (letters + 1) % 4;
      continue;
    }
    if (c != '=' || letters < 2) return at;
    std::size_t next = past_line_ends(text, at + 1);
    if (letters == 2) {
      if (next == text.size()) return text.size();
      if (text[next] != '=') return next - 1;
      next = past_line_ends(text, next + 1);
    }
    if (next < text.size()) return next;
    return std::nullopt;
  }
  if (letters != 0) return text.size() - letters;
  return std::nullopt;
}

std::string without_blanks(std::string_view text) {
  std::string out(text);
  std::erase_if(out, [](char c) { return c == ' ' || c == '\t' || is_line_end(c); });
  return out;
}

Result<nlohmann::json> unquoted(const nlohmann::json& text) {
  const std::string quoted = text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return parse_json(std::string_view(quoted).substr(1, quoted.size() - 2));
}

}  // namespace kumasim::cp
