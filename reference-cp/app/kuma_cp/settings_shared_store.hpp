/// The settings of a store in PostgreSQL, and of the control planes that share it.
#pragma once

#include <span>

#include "reference-cp/app/kuma_cp/config.hpp"

namespace kumasim::cp {

/// Further lines of settings().
std::span<const Setting> shared_store_settings();

/// As Kuma judges them, of who has such a store.
Result<> check_shared_store(const Config& config);

}  // namespace kumasim::cp
