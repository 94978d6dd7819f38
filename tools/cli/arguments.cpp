/// Parsing, and what to say of what does not parse.
#include "tools/cli/arguments.hpp"

#include <charconv>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kumasim/scenario/worlds.hpp"

namespace kumasim::cli {
namespace {

constexpr std::uint64_t seeds_max = 1'000'000;

}  // namespace

std::optional<std::vector<std::uint64_t>> parse_seeds(const std::string& text) {
  std::size_t dots = text.find("..");
  if (dots == std::string::npos) return std::nullopt;
  std::uint64_t first = 0, last = 0;
  auto whole = [](std::string_view part, std::uint64_t& value) {
    auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    return error == std::errc() && end == part.data() + part.size();
  };
  std::string_view view = text;
  if (!whole(view.substr(0, dots), first) || !whole(view.substr(dots + 2), last)) return std::nullopt;
  if (first > last || last - first >= seeds_max) return std::nullopt;
  std::vector<std::uint64_t> out;
  for (std::uint64_t seed = first; seed <= last; ++seed) out.push_back(seed);
  return out;
}

std::string check_seeds(const std::string& text) {
  return parse_seeds(text) ? std::string() : "expected a range such as 1..200, found `" + text + "`";
}

std::string known_bug(const std::string& name) {
  for (const std::string& bug : scenario::planted_bugs()) {
    if (bug == name) return {};
  }
  return fmt::format("there is no planted bug `{}`; expected one of {}", name,
                     fmt::join(scenario::planted_bugs(), ", "));
}

}  // namespace kumasim::cli
