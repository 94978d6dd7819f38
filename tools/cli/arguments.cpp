/// Parsing, and what to say of what does not parse.
#include "tools/cli/arguments.hpp"

#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kumasim/scenario/worlds.hpp"

namespace kumasim::cli {
namespace {

constexpr std::uint64_t seeds_max = 1'000'000;

}  // namespace

bool read_whole(std::string_view text, std::uint64_t& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<std::vector<std::uint64_t>> parse_seeds(const std::string& text) {
  std::size_t dots = text.find("..");
  if (dots == std::string::npos) return std::nullopt;
  std::uint64_t first = 0, last = 0;
  std::string_view view = text;
  if (!read_whole(view.substr(0, dots), first) || !read_whole(view.substr(dots + 2), last)) return std::nullopt;
  if (first > last || last - first >= seeds_max) return std::nullopt;
  std::vector<std::uint64_t> out;
  for (std::uint64_t seed = first; seed <= last; ++seed) out.push_back(seed);
  return out;
}

std::string check_seeds(const std::string& text) {
  return parse_seeds(text) ? std::string() : "expected a range such as 1..200, found `" + text + "`";
}

std::string check_whole(const std::string& text) {
  std::uint64_t value = 0;
  return read_whole(text, value) ? std::string()
                                 : "expected a whole number of at most 18446744073709551615, found `" + text + "`";
}

std::string check_count(const std::string& text) {
  std::string wrong = check_whole(text);
  if (wrong.empty() && text.find_first_not_of('0') == std::string::npos)
    wrong = "expected a whole number from 1 on, found `" + text + "`";
  return wrong;
}

std::string known_bug(const std::string& name) {
  for (const std::string& bug : scenario::planted_bugs()) {
    if (bug == name) return {};
  }
  return fmt::format("there is no planted bug `{}`; expected one of {}", name,
                     fmt::join(scenario::planted_bugs(), ", "));
}

}  // namespace kumasim::cli
