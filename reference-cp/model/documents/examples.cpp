#include "reference-cp/model/documents/examples.hpp"

#include <cassert>

#include "reference-cp/model/documents/example_lists.hpp"

namespace kumasim::cp {

std::string_view example_of(const Kind& kind) {
  using namespace examples;
  for (const List* list : {&core(), &destinations(), &policies(), &old_policies()})
    if (auto found = list->find(kind.type()); found != list->end()) return found->second;
  assert(!"every kind has an example");
  return {};
}

}  // namespace kumasim::cp
