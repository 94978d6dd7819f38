#include "tests/golden/any_json.hpp"

#include <google/protobuf/util/json_util.h>

#include "reference-cp/xds/envoy_types.hpp"

namespace kumasim::cp::golden {

nlohmann::json any_to_json(const std::string& any) {
  std::string text;
  auto status = google::protobuf::util::BinaryToJsonString(&envoy_types::resolver(),
                                                           "type.googleapis.com/google.protobuf.Any", any, &text);
  if (!status.ok()) return {{"$undecoded", status.ToString()}};
  return nlohmann::json::parse(text);
}

}  // namespace kumasim::cp::golden
