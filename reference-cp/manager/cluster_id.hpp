/// The identifier of a control plane's store, made once and the same ever after; a zone has its global control plane's.
#pragma once

#include <optional>
#include <string>

#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

/// Kuma's name of the Config resource that holds it.
inline constexpr const char* cluster_id_config = "kuma-cluster-id";

/// The identifier that a resource holds; nullopt where it is nullptr or another one.
std::optional<std::string> cluster_id_of(const ResourcePtr& resource);

/// What the store holds; `fresh`, which is stored, where there is none.
asio::awaitable<Result<std::string>> cluster_id(Store& store, std::string fresh, WallTime now);

}  // namespace kumasim::cp
