/// A kind hands its table out and asks its rules.
#include "reference-cp/model/kind.hpp"

#include <cassert>
#include <utility>

namespace kumasim::cp {

Kind::Kind(KindTable table) : table_(std::move(table)) {
  assert(!table_.type.empty());
  assert(table_.schema != nullptr);
  assert(!table_.has_status || table_.status_schema != nullptr);
}

void Kind::validate(const Resource& resource, Violations& violations) const {
  if (table_.validate != nullptr) table_.validate(resource, violations);
}

void Kind::fill(Resource& resource) const {
  if (table_.fill != nullptr) table_.fill(resource);
}

std::vector<std::string> Kind::warnings(const Resource& resource) const {
  std::vector<std::string> out;
  if (table_.warn != nullptr) table_.warn(resource, out);
  return out;
}

}  // namespace kumasim::cp
