/// Snapshots and messages of KDS streams, in few words.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <envoy/service/discovery/v3/discovery.pb.h>

#include "reference-cp/kds/delta_sink.hpp"
#include "reference-cp/kds/delta_source.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp::kds::testing {

using Response = envoy::service::discovery::v3::DeltaDiscoveryResponse;
using Request = envoy::service::discovery::v3::DeltaDiscoveryRequest;

/// As REST takes it: {"type": ..., "mesh": ..., "name": ..., ...}.
inline Resource resource_of(const nlohmann::json& body) {
  auto out = resource_from_json(body);
  if (!out) throw std::runtime_error(out.error().message);
  return std::move(*out);
}

/// What Global gives says so.
inline const nlohmann::json from_global = {{"kuma.io/origin", "global"}};

/// A secret of mesh m with this text, as Global gives it.
inline Resource secret(const std::string& name, const std::string& data = "Zm9v") {
  return resource_of({{"type", "Secret"}, {"mesh", "m"}, {"name", name}, {"labels", from_global}, {"data", data}});
}

inline Resource mesh(const std::string& name) { return resource_of({{"type", "Mesh"}, {"name", name}}); }

/// A timeout of mesh m, as Global gives it; a negative one is not valid.
inline Resource timeout(const std::string& name, const std::string& idle = "1s") {
  nlohmann::json to = {{"targetRef", {{"kind", "Mesh"}}}, {"default", {{"idleTimeout", "1s"}}}};
  Resource out = resource_of({{"type", "MeshTimeout"},
                              {"mesh", "m"},
                              {"name", name},
                              {"labels", from_global},
                              {"spec", {{"targetRef", {{"kind", "Mesh"}}}, {"to", nlohmann::json::array({to})}}}});
  out.spec["to"][0]["default"]["idleTimeout"] = idle;
  return out;
}

inline ResourceMessagePtr message_of(const Resource& resource) {
  auto message = to_message(resource);
  if (!message) throw std::runtime_error(message.error().message);
  return std::make_shared<const ResourceMessage>(std::move(*message));
}

inline KindSnapshotPtr snapshot_of(const std::vector<Resource>& resources) {
  auto out = std::make_shared<KindSnapshot>();
  for (const Resource& resource : resources) {
    auto message = message_of(resource);
    out->emplace(message->name, message);
  }
  return out;
}

inline DeltaDiscoveryRequest decoded(const std::string& bytes) {
  auto request = decode_delta_request(bytes);
  if (!request) throw std::runtime_error(request.error().message);
  return std::move(*request);
}

inline DeltaDiscoveryRequest first_request(const std::string& kind, std::map<std::string, std::string> versions = {}) {
  DeltaDiscoveryRequest out;
  out.node.id = "zone-1";
  out.type_url = kind;
  out.subscribe = {"*"};
  out.initial_versions = std::move(versions);
  return out;
}

inline DeltaDiscoveryRequest answer_to(const SourceResponse& response, const std::string& refusal = {}) {
  DeltaDiscoveryRequest out;
  out.node.id = "zone-1";
  out.type_url = response.kind;
  out.response_nonce = response.nonce;
  if (!refusal.empty()) out.error = AdsRejection{0, refusal};
  return out;
}

}  // namespace kumasim::cp::kds::testing
