#include "reference-cp/identity/pem.hpp"

#include <algorithm>

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/model/go_scalar.hpp"

namespace kumasim::cp {
namespace {

constexpr std::string_view begin_mark = "-----BEGIN ", end_mark = "\n-----END ", dashes = "-----";
constexpr auto nowhere = std::string_view::npos;

/// A line without its end and the blanks before that, and where the next one starts.
struct Line {
  std::string_view text;
  std::size_t next;
};

Line line_at(std::string_view text, std::size_t at) {
  const std::size_t end = text.find('\n', at);
  std::string_view line = text.substr(at, end == nowhere ? nowhere : end - at);
  if (end != nowhere && line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t last = line.find_last_not_of(" \t");
  line = line.substr(0, last == nowhere ? 0 : last + 1);
  return {line, end == nowhere ? text.size() : end + 1};
}

/// Puts the bytes of a block's body to `out`; false where it is not in base64.
bool read_body(std::string_view body, std::string& out) {
  std::string text(body);
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  if (base64_error(text)) return false;
  if (!text.empty()) out = base64_decode(text).value_or("");
  return true;
}

}  // namespace

std::vector<PemBlock> pem_blocks(std::string_view text) {
  std::vector<PemBlock> out;
  for (std::size_t from = 0;;) {
    const std::size_t end = text.find(end_mark, from);
    if (end == nowhere) return out;
    // The last beginning before the nearest end: others between them have no end of their own.
    const std::size_t start = from, end_type = end + end_mark.size();
    from = end_type;
    std::size_t begin = text.substr(start, end - start).rfind(begin_mark);
    if (begin == nowhere || (begin > 0 && text[start + begin - 1] != '\n')) continue;
    begin += start;
    auto [type, at] = line_at(text, begin + begin_mark.size());
    if (!type.ends_with(dashes)) continue;
    const std::size_t headers = at;
    while (at < text.size()) {
      Line header = line_at(text, at);
      if (header.text.find(':') == nowhere) break;
      at = header.next;
    }
    if (at > end_type) return out;  // the line of the end was taken for a header; Go looks no further
    if (at > headers && at > end) continue;
    if (!text.substr(end_type).starts_with(type)) continue;
    const Line rest = line_at(text, end_type + type.size());
    if (!rest.text.empty()) continue;
    PemBlock block{std::string(type.substr(0, type.size() - dashes.size())), {}};
    if (at < end && !read_body(text.substr(at, end - at), block.bytes)) continue;
    out.push_back(std::move(block));
    from = rest.next;
  }
}

}  // namespace kumasim::cp
