#include "reference-cp/app/kuma_cp/proxy_config.hpp"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>

#include "reference-cp/xds/envoy_types.hpp"
#include "reference-cp/xds/generate.hpp"

namespace kumasim::cp {
namespace {

using Json = nlohmann::json;

constexpr const char* any_type = "type.googleapis.com/google.protobuf.Any";

/// As canonical protobuf JSON, with the type of the whole taken away.
Json resource_json(const std::string& any) {
  std::string text;
  auto status = google::protobuf::util::BinaryToJsonString(&envoy_types::resolver(), any_type, any, &text);
  Json out = status.ok() ? Json::parse(text, nullptr, false) : Json();
  if (!out.is_object()) return {{"undecoded", std::string(status.message())}};
  out.erase("@type");
  return out;
}

/// Kuma shows these in place of what is secret or changes with every renewal.
ProxyIdentity stand_in(const MeshView& mesh) {
  ProxyIdentity out;
  if (!mesh.mtls_enabled()) return out;
  out.certificate_pem = "CERT";
  out.key_pem = "KEY";
  out.ca_bundles[mesh.name()] = "CA";
  for (const auto& [name, other] : mesh.all("Mesh")) out.ca_bundles[name] = "CA";
  out.all_cas_pem = "COMBINED";
  return out;
}

}  // namespace

Json proxy_config(const MeshView& mesh, ResourcePtr dataplane, const Json& metadata, bool shadow) {
  NodeMetadata node = NodeMetadata::from_json(metadata.is_object() ? metadata.dump() : "{}");
  ProxyView proxy = proxy_view(mesh, std::move(dataplane), std::move(node), stand_in(mesh));
  GenerateOptions options;
  options.include_shadow = shadow;
  Json out = Json::object();
  for (const auto& [type, resources] : generate(mesh, proxy, options).types())
    for (const auto& [name, resource] : resources) out[type][name] = resource_json(*resource->any);
  return out;
}

}  // namespace kumasim::cp
