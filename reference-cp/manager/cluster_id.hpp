/// The identifier of a control plane's store, made once and the same ever after.
#pragma once

#include <string>

#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

/// Kuma's name of the Config resource that holds it.
inline constexpr const char* cluster_id_config = "kuma-cluster-id";

/// What the store holds; `fresh`, which is stored, where there is none.
asio::awaitable<Result<std::string>> cluster_id(Store& store, std::string fresh, WallTime now);

}  // namespace kumasim::cp
