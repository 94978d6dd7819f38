/// Metadata of endpoints, subsets and socket matches as a map of labels: each value in one written form.
#pragma once

#include <map>
#include <string>

namespace google::protobuf {
class Struct;
}
namespace envoy::config::core::v3 {
class Metadata;
}

namespace kumasim::sim::proxy {

using Labels = std::map<std::string, std::string>;

Labels to_labels(const ::google::protobuf::Struct& fields);
/// The labels of one filter, `envoy.lb` or `envoy.transport_socket_match`.
Labels to_labels(const ::envoy::config::core::v3::Metadata& metadata, const std::string& filter);

/// Whether `labels` has every label of `wanted`.
inline bool contains(const Labels& labels, const Labels& wanted) {
  for (const auto& [key, value] : wanted) {
    auto found = labels.find(key);
    if (found == labels.end() || found->second != value) return false;
  }
  return true;
}

}  // namespace kumasim::sim::proxy
