/// Headers that a policy sets or adds.
#include "reference-cp/model/kinds/header_pairs.hpp"

#include "reference-cp/model/kinds/target_ref.hpp"

namespace kumasim::cp {

using namespace schema;

SchemaPtr header_pairs_schema() {
  static const SchemaPtr out = [] {
    SchemaPtr pairs = list(object({
                               required({"name", header_name_schema(), "the header"}),
                               required({"value", string(), "its value"}),
                           }),
                           0, 16);
    return object({
        {"set", pairs, "headers that are replaced"},
        {"add", pairs, "headers that are added"},
    });
  }();
  return out;
}

}  // namespace kumasim::cp
