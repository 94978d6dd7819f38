/// Resources into KumaResource and back.
#include "reference-cp/kds/resource_message.hpp"

#include <fmt/format.h>
#include <google/protobuf/any.pb.h>
#include <kuma/kds.pb.h>

#include "reference-cp/kds/kind_messages.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/json_text.hpp"
#include "reference-cp/xds/content_hash.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::kds {
namespace {

using google::protobuf::Any;
using kuma::mesh::v1alpha1::KumaResource;
using nlohmann::json;

/// `why` is of what is below `part` of a resource.
Error said_of(const Kind& kind, const ResourceKey& key, std::string_view part, const Error& why) {
  const std::string of_mesh = key.mesh.empty() ? "" : fmt::format(" of mesh \"{}\"", key.mesh);
  Error out = why;
  out.message = fmt::format("{} \"{}\"{}: {}: {}", kind.type(), key.name, of_mesh, part, why.message);
  return out;
}

json empty_status(const Kind& kind) {
  return canonicalise(*kind.table().status_schema, json::object(), {}, UnknownFields::drop).value;
}

/// Where the canonical form cannot be made, what is wrong with the first field at fault.
Result<json> canonical(const Schema& schema, const json& value) {
  Canonical out = canonicalise(schema, value, {}, UnknownFields::drop);
  DecodeError error{std::move(out.reason), std::move(out.violations)};
  if (!error.reason.empty() || !error.violations.empty()) return fail(error.error());
  return std::move(out.value);
}

Result<json> spec_of(const Kind& kind, const Any& spec) {
  if (kind.wire() == Wire::spec) {
    auto value = parse_json(spec.value());
    return value ? canonical(kind.schema(), *value) : value;
  }
  const std::string& type_name = kind.schema().type_name;
  if (spec.type_url().substr(spec.type_url().rfind('/') + 1) != type_name)
    return fail(Code::invalid_argument, fmt::format("has type \"{}\", expected {}", spec.type_url(), type_name));
  auto value = json_from_bytes(type_name, spec.value());
  return value ? canonical(kind.schema(), *value) : value;
}

/// null where it says nothing.
Result<json> status_of(const Kind& kind, const KumaResource& message) {
  if (!kind.table().has_status || !message.has_status()) return json();
  auto value = parse_json(message.status().value());
  if (!value) return value;
  auto out = canonical(*kind.table().status_schema, *value);
  return out && *out == empty_status(kind) ? json() : out;
}

Meta meta_of(const Kind& kind, const KumaResource& message) {
  Meta out;
  out.name = message.meta().name();
  if (!kind.is_global()) out.mesh = message.meta().mesh();
  out.labels.insert(message.meta().labels().begin(), message.meta().labels().end());
  return out;
}

bool parse(const Any& resource, KumaResource& out) {
  return resource.type_url() == kuma_resource_type_url && out.ParseFromString(resource.value());
}

}  // namespace

std::string delta_name(const ResourceKey& key) { return fmt::format("{}.{}", key.name, key.mesh); }

ResourceKey key_from_delta_name(std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return {"", std::string(name)};
  return {std::string(name.substr(dot + 1)), std::string(name.substr(0, dot))};
}

Result<ResourceMessage> to_message(const Resource& resource) {
  const Kind& kind = *resource.kind;
  KumaResource message;
  message.mutable_meta()->set_name(resource.meta.name);
  message.mutable_meta()->set_mesh(resource.meta.mesh);
  message.mutable_meta()->mutable_labels()->insert(resource.meta.labels.begin(), resource.meta.labels.end());
  if (kind.wire() == Wire::spec) {
    message.mutable_spec()->set_value(resource.spec.dump());
  } else {
    auto bytes = bytes_from_json(kind.schema().type_name, resource.spec);
    if (!bytes) return fail(said_of(kind, resource.key(), "specification", bytes.error()));
    message.mutable_spec()->set_type_url("type.googleapis.com/" + kind.schema().type_name);
    message.mutable_spec()->set_value(*std::move(bytes));
  }
  if (kind.table().has_status)
    message.mutable_status()->set_value((resource.status.is_null() ? empty_status(kind) : resource.status).dump());
  ResourceMessage out{resource.key(), delta_name(resource.key()), {}, deterministic_bytes(message)};
  ContentHash version;
  version.add(out.bytes);
  out.version = version.hex();
  return out;
}

Result<Resource> from_message(const Kind& kind, const Any& resource) {
  KumaResource message;
  if (!parse(resource, message))
    return fail(Code::invalid_argument,
                fmt::format("a resource of kind {} is no KumaResource: type \"{}\"", kind.type(), resource.type_url()));
  Resource out;
  out.kind = &kind;
  out.meta = meta_of(kind, message);
  auto spec = spec_of(kind, message.spec());
  if (!spec) return fail(said_of(kind, out.key(), "specification", spec.error()));
  out.spec = *std::move(spec);
  auto status = status_of(kind, message);
  if (!status) return fail(said_of(kind, out.key(), "status", status.error()));
  out.status = *std::move(status);
  return out;
}

ResourceKey key_of_message(const Any& resource) {
  KumaResource message;
  if (!parse(resource, message)) return {};
  return {message.meta().mesh(), message.meta().name()};
}

}  // namespace kumasim::cp::kds
