/// Rules of targetRef policies: which kinds a reference may name and which fields go with them.
#pragma once

#include <string>
#include <vector>

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

struct TargetRefRules {
  std::vector<std::string> kinds{};         // allowed ones
  bool gateway_listener_tags = false;       // MeshGateway may carry tags
  bool inbound = false;                     // sectionName may be used with Dataplane
  std::vector<std::string> names_beyond{};  // names that need not keep to the character set
  std::string kind_message = "value is not supported";
};

/// Kuma's rules for one reference.
void validate_target_ref(const nlohmann::json& ref, const TargetRefRules& rules, const Path& path, Violations& out);

/// The reference at the top of a policy; a policy without one takes the whole mesh.
void validate_top_level(const Resource& policy, const TargetRefRules& rules, Violations& out);

/// Whether a policy has `rules` or `from`.
bool affects_inbounds(const Resource& policy);

/// The kind at the top of a policy, "Mesh" when absent.
std::string top_level_kind(const nlohmann::json& spec);

/// Whether the proxies at the top of a policy may be gateways.
bool includes_gateways(const nlohmann::json& spec);

/// MeshExternalService as a destination goes with a policy for the whole mesh only.
void external_service_needs_mesh(const Resource& policy, const nlohmann::json& ref, const Path& path, Violations& out);

/// Whether the CP regards a policy as one of the system (all are, but where a label says otherwise).
bool is_system_policy(const Resource& policy);

/// Deprecations: kinds of proxies that Dataplane replaces, and `from`.
void warn_top_level(const Resource& policy, std::vector<std::string>& out);
void warn_from(const Resource& policy, std::vector<std::string>& out);

/// `backendRef` beyond its targetRef: MeshMultiZoneService needs a port.
void validate_backend_ref(const nlohmann::json& ref, const Path& path, Violations& out);

}  // namespace kumasim::cp
