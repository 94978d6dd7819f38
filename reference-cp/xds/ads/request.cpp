#include "reference-cp/xds/ads/request.hpp"

#include <envoy/service/discovery/v3/discovery.pb.h>

#include "reference-cp/xds/ads/node.hpp"

namespace kumasim::cp {
namespace {

template <class Request>
std::optional<AdsRejection> rejection_of(const Request& request) {
  if (!request.has_error_detail()) return std::nullopt;
  return AdsRejection{request.error_detail().code(), request.error_detail().message()};
}

}  // namespace

Result<DiscoveryRequest> decode_request(std::string_view bytes) {
  envoy::service::discovery::v3::DiscoveryRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(Code::invalid_argument, "the message is not a DiscoveryRequest");
  DiscoveryRequest out;
  out.node = node_of(request.node());
  out.type_url = request.type_url();
  out.version_info = request.version_info();
  out.response_nonce = request.response_nonce();
  out.names.assign(request.resource_names().begin(), request.resource_names().end());
  out.error = rejection_of(request);
  return out;
}

Result<DeltaDiscoveryRequest> decode_delta_request(std::string_view bytes) {
  envoy::service::discovery::v3::DeltaDiscoveryRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(Code::invalid_argument, "the message is not a DeltaDiscoveryRequest");
  DeltaDiscoveryRequest out;
  out.node = node_of(request.node());
  out.type_url = request.type_url();
  out.response_nonce = request.response_nonce();
  out.subscribe.assign(request.resource_names_subscribe().begin(), request.resource_names_subscribe().end());
  out.unsubscribe.assign(request.resource_names_unsubscribe().begin(), request.resource_names_unsubscribe().end());
  out.initial_versions.insert(request.initial_resource_versions().begin(), request.initial_resource_versions().end());
  out.error = rejection_of(request);
  return out;
}

}  // namespace kumasim::cp
