/// Finds the blocks of PEM.
#include "reference-cp/model/pem.hpp"

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

}  // namespace

std::optional<PemBlock> PemReader::next() {
  while (true) {
    const std::size_t end = text_.find(end_mark, from_);
    if (end == nowhere) return std::nullopt;
    // The last beginning before the nearest end: others between them have no end of their own.
    const std::size_t start = from_, end_type = end + end_mark.size();
    from_ = end_type;
    std::size_t begin = text_.substr(start, end - start).rfind(begin_mark);
    if (begin == nowhere || (begin > 0 && text_[start + begin - 1] != '\n')) continue;
    begin += start;
    auto [type, at] = line_at(text_, begin + begin_mark.size());
    if (!type.ends_with(dashes)) continue;
    const std::size_t headers = at;
    while (at < text_.size()) {
      Line header = line_at(text_, at);
      if (header.text.find(':') == nowhere) break;
      at = header.next;
    }
    if (at > end_type) {  // the line of the end was taken for a header; Go looks no further
      from_ = text_.size();
      return std::nullopt;
    }
    if (at > headers && at > end) continue;
    if (!text_.substr(end_type).starts_with(type)) continue;
    const Line rest = line_at(text_, end_type + type.size());
    if (!rest.text.empty()) continue;
    PemBlock block{std::string(type.substr(0, type.size() - dashes.size())), {}};
    if (at < end) block.base64 = without_blanks(text_.substr(at, end - at));
    if (base64_error(block.base64)) continue;
    from_ = rest.next;
    return block;
  }
}

}  // namespace kumasim::cp
