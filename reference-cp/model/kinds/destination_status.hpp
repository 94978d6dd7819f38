/// The parts of a status that MeshService, MeshExternalService and MeshMultiZoneService share, and conditions.
#pragma once

#include "reference-cp/model/resource.hpp"
#include "reference-cp/model/schema.hpp"

namespace kumasim::cp {

/// `[{type, status, reason, message}]`, as Kubernetes words what became of something.
SchemaPtr conditions_schema();

/// `addresses`: host names and the generators that made them.
Field addresses_field();

/// `hostnameGenerators`: what became of each generator.
Field generators_field();

/// `[{ip}]`.
SchemaPtr vips_schema();

/// `{matchLabels}`.
SchemaPtr label_selector_schema();

/// The name that people gave a resource: its label kuma.io/display-name, else its name.
std::string display_name(const Resource& resource);

}  // namespace kumasim::cp
