/// Resources to and from JSON: the Universal and the Kubernetes form.
#include "reference-cp/model/codec.hpp"

#include <fmt/format.h>

#include "reference-cp/model/json_text.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/timestamp.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

constexpr std::string_view meta_fields[] = {"type", "mesh", "name", "labels", "creationTime", "modificationTime",
                                            "kri"};

bool is_meta(std::string_view key) { return std::ranges::find(meta_fields, key) != std::end(meta_fields); }

const json& get(const json& object, const char* key) {
  static const json nothing;
  auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

std::string text(const json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }

const char* go_type(const json& value) {
  if (value.is_boolean()) return "bool";
  if (value.is_number()) return "number";
  return value.is_array() ? "array" : (value.is_object() ? "object" : "string");
}

DecodeError invalid(const Kind& kind, const std::string& why) {
  DecodeError out;
  out.reason = fmt::format("invalid {} object: {}", kind.type(), json(why).dump());
  return out;
}

/// What Go's decoder says of metadata of a wrong type, or "".
std::string meta_type_error(const json& body) {
  for (const char* key : {"type", "mesh", "name"}) {
    const json& value = get(body, key);
    if (!value.is_null() && !value.is_string()) {
      return fmt::format("json: cannot unmarshal {} into Go struct field ResourceMeta.{} of type string",
                         go_type(value), key);
    }
  }
  const json& labels = get(body, "labels");
  if (!labels.is_null() && !labels.is_object()) {
    return fmt::format("json: cannot unmarshal {} into Go struct field ResourceMeta.labels of type map[string]string",
                       go_type(labels));
  }
  for (const auto& [key, value] : labels.items()) {
    if (!value.is_string()) {
      return fmt::format("json: cannot unmarshal {} into Go struct field ResourceMeta.labels of type string",
                         go_type(value));
    }
  }
  return "";
}

void read_meta(const json& body, Meta& meta) {
  meta.mesh = text(get(body, "mesh"));
  meta.name = text(get(body, "name"));
  for (const auto& [key, value] : get(body, "labels").items()) meta.labels[key] = text(value);
  if (auto time = parse_timestamp(text(get(body, "creationTime")))) meta.creation = *time;
  if (auto time = parse_timestamp(text(get(body, "modificationTime")))) meta.modification = *time;
}

/// Kuma validates these kinds' whole body against OpenAPI, so that metadata has violations of the same wording.
Violations check_envelope(const Kind& kind, const json& body) {
  Violations out;
  for (const char* key : {"name", "spec", "type"}) {
    if (!body.contains(key)) out.add({}, fmt::format(".{} in body is required", key));
  }
  for (const char* key : {"name", "mesh", "type"}) {
    const json& value = get(body, key);
    // A mesh has a default, which Kubernetes' defaulting puts in place of null.
    const bool defaulted = value.is_null() && key == std::string_view("mesh");
    if (body.contains(key) && !value.is_string() && !defaulted)
      out.add({}, fmt::format("{} in body must be of type string: \"{}\"", key, json_type(value)));
  }
  if (body.contains("type") && get(body, "type") != kind.type()) {
    out.add({}, fmt::format("type in body should be one of [{}]", kind.type()));
  }
  const json& labels = get(body, "labels");
  if (body.contains("labels") && !labels.is_object()) {
    out.add({}, fmt::format("labels in body must be of type object: \"{}\"", json_type(labels)));
    return out;
  }
  for (const auto& [key, value] : labels.items()) {
    if (!value.is_string())
      out.add({}, fmt::format("labels.{} in body must be of type string: \"{}\"", key, json_type(value)));
  }
  return out;
}

std::expected<Resource, DecodeError> decode_spec(const Kind& kind, const json& body, UnknownFields unknown) {
  Resource out;
  out.kind = &kind;
  DecodeError error;
  error.violations = check_envelope(kind, body);
  if (unknown == UnknownFields::refuse) {
    for (const auto& [key, value] : body.items()) {
      if (!is_meta(key) && key != "spec" && key != "status") {
        error.violations.add(Path(key), "unknown field; expected one of: type, mesh, name, labels, spec");
      }
    }
  }
  Canonical spec =
      canonicalise(kind.schema(), body.contains("spec") ? get(body, "spec") : json::object(), Path("spec"), unknown);
  for (const auto& violation : spec.violations.list()) {
    // Violations of `spec` itself carry no field in Kuma.
    if (violation.field == "spec" && violation.message.starts_with("in body")) {
      error.violations.add({}, "spec " + violation.message);
    } else {
      error.violations.add(Path(violation.field), violation.message);
    }
  }
  if (!error.violations.empty()) return std::unexpected(std::move(error));
  if (!spec.reason.empty()) return std::unexpected(invalid(kind, spec.reason));
  read_meta(body, out.meta);
  if (kind.is_global()) out.meta.mesh.clear();
  if (kind.scope() == Scope::mesh && out.meta.mesh.empty() && get(body, "mesh").is_null()) out.meta.mesh = "default";
  out.spec = std::move(spec.value);
  const json& status = get(body, "status");
  if (kind.table().has_status && status.is_object()) {
    Canonical canonical = canonicalise(*kind.table().status_schema, status, Path("status"), unknown);
    if (!canonical.violations.empty()) {
      error.violations = canonical.violations;
      return std::unexpected(std::move(error));
    }
    out.status = std::move(canonical.value);
  }
  return out;
}

std::expected<Resource, DecodeError> decode_flat(const Kind& kind, const json& body, UnknownFields unknown) {
  Resource out;
  out.kind = &kind;
  if (std::string why = meta_type_error(body); !why.empty()) return std::unexpected(invalid(kind, why));
  json spec = json::object();
  for (const auto& [key, value] : body.items()) {
    if (!is_meta(key)) spec[key] = value;
  }
  Canonical canonical = canonicalise(kind.schema(), spec, {}, unknown);
  if (!canonical.violations.empty()) {
    DecodeError error;
    error.violations = canonical.violations;
    return std::unexpected(std::move(error));
  }
  if (!canonical.reason.empty()) return std::unexpected(invalid(kind, canonical.reason));
  read_meta(body, out.meta);
  if (kind.is_global()) out.meta.mesh.clear();
  out.spec = std::move(canonical.value);
  return out;
}

/// What the control plane said of a resource of a kind with status; an empty one where it has said nothing yet.
json status_of(const Resource& resource) {
  if (!resource.status.is_null()) return resource.status;
  return canonicalise(*resource.kind->table().status_schema, json::object(), {}, UnknownFields::drop).value;
}

/// The field that holds a specification in the Kubernetes form.
const char* body_field(const Kind& kind) { return &kind == &kind::dataplane_insight() ? "status" : "spec"; }

/// The Kubernetes form as the Universal one.
json to_universal(const Kind& kind, const json& body) {
  json out = json::object();
  const json& metadata = get(body, "metadata");
  const json& labels = get(metadata, "labels");
  if (kind.wire() == Wire::spec) {
    if (body.contains("spec")) out["spec"] = get(body, "spec");
  } else if (const json& spec = get(body, body_field(kind)); spec.is_object()) {
    out = spec;
  }
  if (kind.is_admin_only() && body.contains("data")) {
    // A Kubernetes Secret keeps its bytes below `data.value`.
    const json& data = get(body, "data");
    if (data.contains("value")) out["data"] = get(data, "value");
  }
  out["type"] = kind.type();
  if (metadata.contains("name")) out["name"] = get(metadata, "name");
  if (labels.is_object() && !labels.empty()) out["labels"] = labels;
  if (!kind.is_global()) {
    std::string mesh = text(get(body, "mesh"));
    if (mesh.empty() && labels.is_object()) mesh = text(get(labels, "kuma.io/mesh"));
    out["mesh"] = mesh.empty() ? "default" : mesh;
  }
  return out;
}

}  // namespace

std::string DecodeError::text() const { return reason.empty() ? violations.text() : reason; }

Error DecodeError::error() const {
  Error out{Code::invalid_argument, text(), {}};
  if (!violations.empty()) out.field = violations.list().front().field;
  return out;
}

std::expected<Resource, DecodeError> decode_shape(const Kind& kind, const json& body, UnknownFields unknown) {
  // A flat kind is decoded straight into its metadata, to which null is nothing at all.
  const bool flat = kind.wire() == Wire::flat;
  if (flat && body.is_null()) return decode_flat(kind, json::object(), unknown);
  if (!body.is_object()) {
    const char* wanted = flat ? "v1alpha1.ResourceMeta" : "map[string]interface {}";
    return std::unexpected(
        invalid(kind, fmt::format("json: cannot unmarshal {} into Go value of type {}", go_type(body), wanted)));
  }
  return kind.wire() == Wire::spec ? decode_spec(kind, body, unknown) : decode_flat(kind, body, unknown);
}

std::expected<Resource, DecodeError> decode(const Kind& kind, const json& body, UnknownFields unknown) {
  auto out = decode_shape(kind, body, unknown);
  if (!out) return out;
  DecodeError error;
  kind.validate(*out, error.violations);
  if (!error.violations.empty()) return std::unexpected(std::move(error));
  return out;
}

Result<DecodedForm> universal_form(const json& body) {
  if (!body.is_object())
    return fail(Code::invalid_argument, "a resource is an object with fields such as type and name");
  bool kubernetes = body.contains("apiVersion") || (body.contains("kind") && body.contains("metadata"));
  const char* field = kubernetes ? "kind" : "type";
  std::string type = text(get(body, field));
  if (type.empty())
    return fail(Code::invalid_argument, fmt::format("field \"{}\" is missing: the kind of the resource", field), field);
  const Kind* kind = find_kind(type);
  if (kind == nullptr) {
    std::string known;
    for (const Kind* one : kinds()) known += (known.empty() ? "" : ", ") + one->type();
    return fail(Code::invalid_argument, fmt::format("unknown kind \"{}\"; expected one of: {}", type, known), field);
  }
  DecodedForm out{kind, body, kubernetes};
  if (kubernetes) out.body = to_universal(*kind, body);
  if (!kind->is_global() && !out.body.contains("mesh")) out.body["mesh"] = "default";
  return out;
}

Result<Resource> resource_from_json(const json& body) {
  auto form = universal_form(body);
  if (!form) return fail(form.error());
  auto out = decode(*form->kind, form->body, UnknownFields::refuse);
  if (!out) return fail(out.error().error());
  if (out->meta.name.empty()) return fail(Code::invalid_argument, "field \"name\" is missing", "name");
  return *std::move(out);
}

json resource_to_json(const Resource& resource) {
  json out = resource.kind->wire() == Wire::flat ? resource.spec : json::object();
  out["type"] = resource.kind->type();
  if (!resource.kind->is_global()) out["mesh"] = resource.meta.mesh;
  out["name"] = resource.meta.name;
  out["creationTime"] = print_timestamp(resource.meta.creation);
  out["modificationTime"] = print_timestamp(resource.meta.modification);
  if (!resource.meta.labels.empty()) out["labels"] = resource.meta.labels;
  if (resource.kind->wire() == Wire::spec) {
    out["spec"] = resource.spec;
    if (resource.kind->table().has_status) out["status"] = status_of(resource);
  }
  return out;
}

json resource_to_kubernetes(const Resource& resource, const std::string& ns) {
  const Kind& kind = *resource.kind;
  json metadata = {{"name", resource.meta.name}, {"creationTimestamp", print_timestamp(resource.meta.creation)}};
  if (!ns.empty() && (kind.wire() == Wire::spec || kind.table().namespaced)) metadata["namespace"] = ns;
  if (kind.is_admin_only()) {
    metadata["namespace"] = ns.empty() ? "kuma-system" : ns;
    if (!kind.is_global()) metadata["labels"] = {{"kuma.io/mesh", resource.meta.mesh}};
    return {{"apiVersion", "v1"},
            {"kind", "Secret"},
            {"type", kind.is_global() ? "system.kuma.io/global-secret" : "system.kuma.io/secret"},
            {"metadata", metadata},
            {"data", {{"value", get(resource.spec, "data")}}}};
  }
  json out = {{"apiVersion", "kuma.io/v1alpha1"}, {"kind", kind.type()}, {body_field(kind), resource.spec}};
  if (kind.wire() == Wire::spec && kind.table().has_status) out["status"] = status_of(resource);
  if (kind.wire() == Wire::spec) metadata["labels"] = {{"kuma.io/mesh", resource.meta.mesh}};
  if (kind.wire() == Wire::flat && !kind.is_global()) out["mesh"] = resource.meta.mesh;
  out["metadata"] = metadata;
  return out;
}

}  // namespace kumasim::cp
