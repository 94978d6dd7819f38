#include "sim/envoy/config/metadata.hpp"

#include <google/protobuf/struct.pb.h>

#include "envoy/config/core/v3/base.pb.h"

namespace kumasim::sim::proxy {
namespace {

std::string text_of(const ::google::protobuf::Value& value) {
  if (value.has_string_value()) return value.string_value();
  return value.ShortDebugString();
}

}  // namespace

Labels to_labels(const ::google::protobuf::Struct& fields) {
  Labels out;
  for (const auto& [key, value] : fields.fields()) out.emplace(key, text_of(value));
  return out;
}

Labels to_labels(const ::envoy::config::core::v3::Metadata& metadata, const std::string& filter) {
  auto found = metadata.filter_metadata().find(filter);
  return found == metadata.filter_metadata().end() ? Labels() : to_labels(found->second);
}

}  // namespace kumasim::sim::proxy
