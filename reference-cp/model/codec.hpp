/// Resources to and from JSON and YAML, as Kuma's REST API and its files carry them.
///
/// Reading accepts the Universal form (`type, mesh, name, labels, spec`, or the specification inlined at the top level)
/// and the Kubernetes form (`apiVersion, kind, metadata, spec`). It canonicalises: a protobuf-based kind ends as
/// protojson would print it, the others as Go's encoding/json would.
#pragma once

#include <algorithm>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/model/kind.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/model/violation.hpp"

namespace kumasim::cp {

/// What a field that a kind does not have means: Kuma's API drops it; a file that a person wrote is better refused.
enum class UnknownFields { drop, refuse };

/// Why a text is not a resource: either `reason` (it has not the right form) or `violations` (it breaks rules).
struct DecodeError {
  std::string reason;
  Violations violations;

  /// One line for people.
  std::string text() const;
  Error error() const;
};

/// A JSON body as a resource of this kind: shape, defaults and canonical form, but not Kind::validate.
std::expected<Resource, DecodeError> decode_shape(const Kind& kind, const nlohmann::json& body, UnknownFields unknown);

/// decode_shape and then Kind::validate.
std::expected<Resource, DecodeError> decode(const Kind& kind, const nlohmann::json& body, UnknownFields unknown);

/// A body in the Universal form, whichever it came in, and its kind. A missing mesh becomes "default".
struct DecodedForm {
  const Kind* kind = nullptr;
  nlohmann::json body;
  bool kubernetes = false;
};
Result<DecodedForm> universal_form(const nlohmann::json& body);

/// Either form; the kind is found by `type` or `kind`. Unknown fields are refused. `Error::field` is the first field at
/// fault.
Result<Resource> resource_from_json(const nlohmann::json& body);

/// One document of YAML (or JSON); errors name line and column.
Result<Resource> resource_from_yaml(std::string_view text);

/// All documents of a YAML file that hold something; errors name `file`, line, column, field and what was expected.
Result<std::vector<Resource>> resources_from_yaml(std::string_view text, std::string_view file);

/// One document that was read already.
class YamlDocument;
Result<Resource> resource_from_document(const YamlDocument& document, std::string_view file);

/// The Universal form with creationTime and modificationTime, as REST answers it.
nlohmann::json resource_to_json(const Resource& resource);

/// The Kubernetes form (REST's `format=kubernetes`).
nlohmann::json resource_to_kubernetes(const Resource& resource, const std::string& ns);

/// A specification canonical for this schema, with violations for what has not the right shape.
/// `reason` is set instead where Go's decoder would give up ("time: invalid duration \"abc\"").
struct Canonical {
  nlohmann::json value;
  Violations violations;
  std::string reason;
};
Canonical canonicalise(const Schema& schema, const nlohmann::json& value, const Path& path, UnknownFields unknown);

}  // namespace kumasim::cp
