#include "reference-cp/xds/envoy/metadata.hpp"

#include <envoy/config/core/v3/base.pb.h>
#include <envoy/config/endpoint/v3/endpoint_components.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/struct.pb.h>

#include "reference-cp/xds/envoy/names.hpp"

namespace kumasim::cp::envoy {

void set_duration(google::protobuf::Duration& out, Duration duration) {
  constexpr std::int64_t second = 1'000'000'000;
  out.set_seconds(duration.count() / second);
  out.set_nanos(static_cast<std::int32_t>(duration.count() % second));
}

void fill_fields(google::protobuf::Struct& out, const Tags& tags) {
  for (const auto& [key, value] : tags) (*out.mutable_fields())[key].set_string_value(value);
}

void endpoint_metadata(::envoy::config::endpoint::v3::LbEndpoint& endpoint, const Tags& tags) {
  Tags extra = without(tags, "kuma.io/service");
  if (extra.empty()) return;
  auto& filters = *endpoint.mutable_metadata()->mutable_filter_metadata();
  fill_fields(filters["envoy.lb"], extra);
  fill_fields(filters["envoy.transport_socket_match"], extra);
}

void listener_tags(::envoy::config::core::v3::Metadata& metadata, const Tags& tags) {
  fill_fields((*metadata.mutable_filter_metadata())["io.kuma.tags"], tags);
}

}  // namespace kumasim::cp::envoy
