#include "reference-cp/xds/gateway/hostname.hpp"

#include <vector>

namespace kumasim::cp::gateway {
namespace {

/// The first label, and what is behind it.
struct Name {
  std::string_view host;
  std::vector<std::string_view> domain;
  bool wildcard() const { return host == "*"; }
};

Name parse(std::string_view text) {
  if (text.empty()) text = "*";
  Name name;
  std::size_t dot = text.find('.');
  name.host = text.substr(0, dot);
  while (dot != std::string_view::npos) {
    text.remove_prefix(dot + 1);
    dot = text.find('.');
    name.domain.push_back(text.substr(0, dot));
  }
  return name;
}

}  // namespace

bool contains(std::string_view pattern, std::string_view text) {
  Name outer = parse(pattern), inner = parse(text);
  if (outer.domain.size() > inner.domain.size()) return false;
  if (!std::equal(outer.domain.rbegin(), outer.domain.rend(), inner.domain.rbegin())) return false;
  return outer.wildcard() || outer.host == inner.host;
}

bool overlap(std::string_view a, std::string_view b) { return contains(a, b) || contains(b, a); }

bool more_exact(std::string_view a, std::string_view b) {
  Name first = parse(a), second = parse(b);
  if (first.wildcard() != second.wildcard()) return second.wildcard();
  if (first.wildcard() && first.domain.size() != second.domain.size())
    return first.domain.size() > second.domain.size();
  return a < b;
}

}  // namespace kumasim::cp::gateway
