/// Reading of KRIs.
#include "reference-cp/policy/resource_context.hpp"

#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp::policy {

std::optional<Kri> parse_kri(std::string_view text) {
  std::vector<std::string> parts(1);
  for (char c : text) c == '_' ? parts.emplace_back() : parts.back() += c;
  if (parts.size() < 7 || parts[0] != "kri") return std::nullopt;
  Kri id;
  for (const Kind* kind : kinds())
    if (kind->short_name() == parts[1]) id.type = kind->type();
  if (id.type.empty()) return std::nullopt;
  id.mesh = parts[2];
  id.zone = parts[3];
  id.ns = parts[4];
  id.name = parts[5];
  for (std::size_t i = 6; i < parts.size(); ++i) id.section += parts[i];
  return id;
}

}  // namespace kumasim::cp::policy
