/// Seeds as text, and out of the environment.
#include "kumasim/testing/seeds.hpp"

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>

namespace kumasim::testing {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t out = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

Result<Seeds> parse_seeds(std::string_view text) {
  auto dots = text.find("..");
  auto first = number(text.substr(0, dots));
  auto last = dots == text.npos ? first : number(text.substr(dots + 2));
  if (first && last && *first <= *last) return Seeds{*first, *last};
  return fail(Code::invalid_argument, "\"" + std::string(text) + "\" is neither a seed nor a range such as 1..1000");
}

Result<Seeds> asked_seeds(Seeds own) {
  if (const char* one = std::getenv("KUMASIM_SEED")) return parse_seeds(one);
  const char* many = std::getenv("KUMASIM_SEEDS");
  if (many == nullptr) return own;
  return parse_seeds(number(many) ? "1.." + std::string(many) : many);
}

}  // namespace kumasim::testing
