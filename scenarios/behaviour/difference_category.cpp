#include "scenarios/behaviour/difference_category.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace kumasim::scenario {
namespace {

/// Text and whose.
using Parts = std::set<std::pair<std::string, std::string>>;
Parts parts_of(const Fact& fact) {
  return fact.parts.empty() ? Parts{{fact.text, ""}} : Parts(fact.parts.begin(), fact.parts.end());
}

/// What some of the calls have now and had not before; where there is none, for others are gone, what is left.
std::set<std::string> gained(const Fact& before, const Fact& after) {
  Parts old = parts_of(before);
  std::set<std::string> out, left;
  for (const auto& [text, whose] : parts_of(after)) {
    left.insert(text);
    bool had = old.contains({text, whose}) || (before.parts.empty() && before.text == text);
    if (!had) out.insert(text);
  }
  return out.empty() ? left : out;
}

std::string category_of(FactId fact, const Fact& before, const std::string& text) {
  if (fact == FactId::access) return text == "denied" || text == "allowed" ? text : "unreachable";
  if (text == "plaintext") return text;
  return text == "tls" && has_part(before, "mtls") ? "unauthenticated" : "encrypted";
}

}  // namespace

bool has_part(const Fact& fact, const std::string& text) {
  return std::ranges::any_of(parts_of(fact), [&](const auto& part) { return part.first == text; });
}

std::vector<std::string> categories_of(FactId fact, const Fact& before, const Fact& after) {
  if (fact != FactId::access && fact != FactId::transport) return {std::string(fact_kind(fact).category)};
  std::set<std::string> out;
  for (const std::string& text : gained(before, after)) out.insert(category_of(fact, before, text));
  return {out.begin(), out.end()};
}

std::vector<std::string> possible_categories(FactId fact) {
  if (fact == FactId::access) return {"allowed", "denied", "unreachable"};
  if (fact == FactId::transport) return {"encrypted", "plaintext", "unauthenticated"};
  return {std::string(fact_kind(fact).category)};
}

const std::vector<std::string>& difference_categories() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> out{"denied", "allowed", "unreachable", "plaintext", "unauthenticated", "encrypted"};
    for (const FactKind& kind : fact_kinds())
      if (kind.id != FactId::access && kind.id != FactId::transport &&
          std::ranges::find(out, kind.category) == out.end())
        out.emplace_back(kind.category);
    out.emplace_back("unseen");
    return out;
  }();
  return all;
}

}  // namespace kumasim::scenario
