#include "reference-cp/xds/ads/node.hpp"

#include <envoy/config/core/v3/base.pb.h>
#include <google/protobuf/util/json_util.h>

namespace kumasim::cp {

AdsNode node_of(const ::envoy::config::core::v3::Node& node) {
  AdsNode out{.id = node.id(), .cluster = node.cluster(), .metadata_json = {}};
  if (node.has_metadata()) {
    auto status = google::protobuf::util::MessageToJsonString(node.metadata(), &out.metadata_json);
    if (!status.ok()) out.metadata_json.clear();
  }
  return out;
}

Result<ResourceKey> proxy_of_node(const std::string& id) {
  auto dot = id.find('.');
  if (id.empty()) return fail(Code::invalid_argument, "Envoy ID must not be nil");
  if (dot == std::string::npos) return fail(Code::invalid_argument, "the name should be provided after the dot");
  if (dot + 1 == id.size()) return fail(Code::invalid_argument, "name must not be empty");
  return ResourceKey{id.substr(0, dot), id.substr(dot + 1)};
}

}  // namespace kumasim::cp
