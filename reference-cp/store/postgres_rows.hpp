/// Resources as rows of Kuma's table, and the statements that read and write them.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "reference-cp/store/database.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

/// Of a row: type, mesh, name.
using RowKey = std::tuple<std::string, std::string, std::string>;

struct SqlStatement {
  std::string sql;
  SqlValues values = {};
};

SqlStatement select_all();
SqlStatement select_rows(const std::set<RowKey>& keys);
/// The row is what `known` was made of, by its version and times.
bool is_in_row(const Resource& known, const SqlRows& rows, std::size_t row);
/// What select_* gives in one row. Code::unsupported where the kind is unknown, Code::data_loss where it is not JSON.
Result<Resource> row_to_resource(const SqlRows& rows, std::size_t row);
/// Those of select_*, and of removals.
RowKey row_key(const SqlRows& rows, std::size_t row);

/// One row is affected; Code::already_exists. Who owns it is in the row, where there is an owner.
SqlStatement insert_row(const Resource& resource);
/// Of the version before that of `resource`: no row is affected where that one is not there. Gives the time of
/// creation.
SqlStatement update_row(const Resource& resource);
WallTime creation_of(const SqlRows& rows);

/// Statements in whose course the resource and what it owns are removed; each gives the keys of what it removed. The
/// last one is that of the resource itself, of `version` where that is not 0.
std::vector<SqlStatement> remove_rows(const Kind& kind, const ResourceKey& key, std::uint64_t version);

/// As PostgreSQL keeps times.
WallTime whole_microseconds(WallTime time);

}  // namespace kumasim::cp
