/// Who wrote a policy, by what it is about: the system's, a producer's, a consumer's or a workload owner's.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace kumasim::cp::kds {

inline constexpr const char* policy_role_label = "kuma.io/policy-role";
inline constexpr const char* producer_role = "producer";

/// "system", "producer", "consumer" or "workload-owner", of a targetRef policy's specification in a namespace ("":
/// none); "" where it mixes roles, which Kuma forbids.
std::string policy_role(const nlohmann::json& spec, std::string_view name_space);

}  // namespace kumasim::cp::kds
