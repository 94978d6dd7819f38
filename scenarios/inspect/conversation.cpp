#include "scenarios/inspect/conversation.hpp"

#include <ranges>

#include <google/protobuf/any.pb.h>

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/config/endpoint/v3/endpoint.pb.h"
#include "envoy/config/listener/v3/listener.pb.h"
#include "envoy/config/route/v3/route.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/secret.pb.h"
#include "envoy/service/discovery/v3/discovery.pb.h"
#include "reference-cp/xds/ads/node.hpp"
#include "sim/envoy/config/wire.hpp"

namespace kumasim::scenario {
namespace {

namespace disc = ::envoy::service::discovery::v3;

template <class Message>
std::string name_in(const ::google::protobuf::Any& any) {
  Message message;
  return any.UnpackTo(&message) ? message.name() : std::string();
}

/// "" for what does not decode.
std::string name_of(const ::google::protobuf::Any& any) {
  std::string_view type = short_type(any.type_url());
  if (type == "Cluster") return name_in<::envoy::config::cluster::v3::Cluster>(any);
  if (type == "Listener") return name_in<::envoy::config::listener::v3::Listener>(any);
  if (type == "RouteConfiguration") return name_in<::envoy::config::route::v3::RouteConfiguration>(any);
  if (type == "Secret") return name_in<::envoy::extensions::transport_sockets::tls::v3::Secret>(any);
  ::envoy::config::endpoint::v3::ClusterLoadAssignment assignment;
  return any.UnpackTo(&assignment) ? assignment.cluster_name() : std::string();
}

XdsBytes bytes_of(const ::google::protobuf::Any& any) {
  return std::make_shared<const std::string>(sim::proxy::to_bytes(any));
}

}  // namespace

std::string_view short_type(std::string_view type_url) { return type_url.substr(type_url.rfind('.') + 1); }

void Conversation::begin(std::string bootstrap) {
  bootstrap_ = std::move(bootstrap);
  node_metadata_.clear();
  life_begin_ = pushes_.size();
}

void Conversation::note_pushed(Duration at, std::string_view type_url, std::string_view nonce) {
  sending_[{std::string(short_type(type_url)), std::string(nonce)}] = {made_, at};
}

void Conversation::hear(Duration at, const DiscoveryMessage& message) {
  if (message.sent)
    hear_request(at, message);
  else
    hear_response(at, message);
}

void Conversation::hear_response(Duration at, const DiscoveryMessage& message) {
  Push push{.type = {}, .version = {}, .nonce = {}, .made = {}, .pushed = {}, .received = at};
  std::string bytes(message.bytes);
  if (message.delta) {
    disc::DeltaDiscoveryResponse response;
    if (!response.ParseFromString(bytes)) return;
    push.type = short_type(response.type_url());
    push.version = response.system_version_info();
    push.nonce = response.nonce();
    for (const auto& resource : response.resources()) {
      push.resources[resource.name()] = bytes_of(resource.resource());
      push.versions[resource.name()] = resource.version();
    }
  } else {
    disc::DiscoveryResponse response;
    if (!response.ParseFromString(bytes)) return;
    push.type = short_type(response.type_url());
    push.version = response.version_info();
    push.nonce = response.nonce();
    for (const auto& any : response.resources()) push.resources[name_of(any)] = bytes_of(any);
  }
  if (auto sent = sending_.find({push.type, push.nonce}); sent != sending_.end()) {
    push.made = sent->second.made;
    push.pushed = sent->second.pushed;
    sending_.erase(sent);
  }
  pushes_.push_back(std::move(push));
}

template <class Request>
void Conversation::answer(Duration at, const Request& request) {
  if (request.has_node() && node_metadata_.empty()) node_metadata_ = cp::node_of(request.node()).metadata_json;
  if (request.response_nonce().empty()) return;
  for (Push& push : std::views::reverse(pushes_)) {
    if (push.type != short_type(request.type_url()) || push.nonce != request.response_nonce()) continue;
    if (push.answered) return;  // a request with other names, not an answer
    push.answered = at;
    if (request.has_error_detail()) push.refusal = request.error_detail().message();
    return;
  }
}

void Conversation::hear_request(Duration at, const DiscoveryMessage& message) {
  std::string bytes(message.bytes);
  if (message.delta) {
    disc::DeltaDiscoveryRequest request;
    if (request.ParseFromString(bytes)) answer(at, request);
  } else {
    disc::DiscoveryRequest request;
    if (request.ParseFromString(bytes)) answer(at, request);
  }
}

void Conversation::shift(Duration up) {
  for (Push& push : pushes_) {
    push.received -= up;
    for (auto* time : {&push.made, &push.pushed, &push.answered})
      if (*time) **time -= up;
  }
}

const Push* Conversation::last(std::string_view type) const {
  for (std::size_t i = pushes_.size(); i-- > life_begin_;) {
    if (pushes_[i].type == type) return &pushes_[i];
  }
  return nullptr;
}

const Push* Conversation::brought(std::string_view type, const std::string& name) const {
  const Push* out = nullptr;
  const std::string* bytes = nullptr;
  for (std::size_t i = life_begin_; i < pushes_.size(); ++i) {
    if (pushes_[i].type != type || !pushes_[i].taken()) continue;
    auto found = pushes_[i].resources.find(name);
    if (found == pushes_[i].resources.end()) continue;
    if (bytes == nullptr || *bytes != *found->second) out = &pushes_[i];
    bytes = found->second.get();
  }
  return out;
}

XdsBytes Conversation::bytes(std::string_view type, const std::string& name, const std::string& version) const {
  for (std::size_t i = pushes_.size(); i-- > life_begin_;) {
    const Push& push = pushes_[i];
    auto found = push.type == type ? push.resources.find(name) : push.resources.end();
    if (found == push.resources.end()) continue;
    auto own = push.versions.find(name);
    if ((own == push.versions.end() ? push.version : own->second) == version) return found->second;
  }
  return nullptr;
}

}  // namespace kumasim::scenario
