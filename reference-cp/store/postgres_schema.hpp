/// The tables of Kuma 2.12 in PostgreSQL (its pkg/plugins/resources/postgres/migrations), made and recognised.
#pragma once

#include <cstdint>

#include "reference-cp/store/database.hpp"

namespace kumasim::cp {

/// The migration that leaves the tables as they are read and written here: Kuma's last one, since 2.7.
inline constexpr std::int64_t postgres_schema_version = 1710856785;

/// On it the server says which resources have changed: {"action": "INSERT", "data": {"name", "mesh", "type"}}.
inline constexpr const char* postgres_channel = "resource_events";

/// Makes the tables where there are none: true; false where they are there already. Code::unsupported where another
/// version made them, Code::data_loss where a migration of Kuma's was broken off.
asio::awaitable<Result<bool>> migrate_postgres(Database& database);

/// Code::unsupported, with what to do, where the tables are not those of this version.
asio::awaitable<Result<>> check_postgres(Database& database);

}  // namespace kumasim::cp
