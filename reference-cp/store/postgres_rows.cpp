#include "reference-cp/store/postgres_rows.hpp"

#include <fmt/format.h>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/tables.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

constexpr const char* columns =
    "r.type, r.mesh, r.name, r.version, (extract(epoch FROM r.creation_time) * 1000000)::bigint, "
    "(extract(epoch FROM r.modification_time) * 1000000)::bigint, r.labels, r.spec, r.status";

WallTime from_microseconds(const std::string& text) { return WallTime(std::chrono::microseconds(std::stoll(text))); }

std::string to_microseconds(WallTime time) {
  return std::to_string(std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count());
}

/// $N microseconds since 1970 as the type of Kuma's columns.
std::string timestamp(int number) {
  return fmt::format("timestamp 'epoch' + ${}::bigint * interval '1 microsecond'", number);
}

/// Kuma counts the writes of a resource from 0.
std::string row_version(std::uint64_t version) { return std::to_string(static_cast<std::int64_t>(version) - 1); }

std::string row_status(const Resource& resource) { return resource.status.is_object() ? resource.status.dump() : "{}"; }

/// What a release wrote may have another form than the canonical one; what does not fit its schema stays as it is.
json canonical(const Schema& schema, json value) {
  Canonical out = canonicalise(schema, value, {}, UnknownFields::refuse);
  const bool fits = out.violations.empty() && out.reason.empty();
  return fits ? std::move(out.value) : std::move(value);
}

struct Owner {
  std::string type, mesh, name;
};

/// Who is removed together with it, as in Kuma.
std::optional<Owner> owner_of(const Resource& resource) {
  for (const Kind* kind :
       {&kind::dataplane(), &kind::mesh(), &kind::zone(), &kind::zone_ingress(), &kind::zone_egress()})
    if (insight_of(*kind) == resource.kind) return Owner{kind->type(), resource.meta.mesh, resource.meta.name};
  if (!resource.meta.mesh.empty()) return Owner{kind::mesh().type(), "", resource.meta.mesh};
  return std::nullopt;
}

}  // namespace

WallTime whole_microseconds(WallTime time) { return std::chrono::floor<std::chrono::microseconds>(time); }

SqlStatement select_all() { return {fmt::format("SELECT {} FROM resources r ORDER BY type, mesh, name", columns)}; }

SqlStatement select_rows(const std::set<RowKey>& keys) {
  json wanted = json::array();
  for (const auto& [type, mesh, name] : keys) wanted.push_back({{"type", type}, {"mesh", mesh}, {"name", name}});
  return {fmt::format("SELECT {} FROM jsonb_to_recordset($1::jsonb) AS k(type text, mesh text, name text) "
                      "JOIN resources r ON r.type = k.type AND r.mesh = k.mesh AND r.name = k.name",
                      columns),
          {wanted.dump()}};
}

RowKey row_key(const SqlRows& rows, std::size_t row) {
  return {rows.text(row, 0), rows.text(row, 1), rows.text(row, 2)};
}

bool is_in_row(const Resource& known, const SqlRows& rows, std::size_t row) {
  return row_version(known.meta.version) == rows.text(row, 3) &&
         to_microseconds(known.meta.creation) == rows.text(row, 4) &&
         to_microseconds(known.meta.modification) == rows.text(row, 5);
}

Result<Resource> row_to_resource(const SqlRows& rows, std::size_t row) {
  Resource out;
  const std::string& type = rows.text(row, 0);
  out.kind = find_kind(type);
  if (out.kind == nullptr) return fail(Code::unsupported, fmt::format("unknown kind \"{}\"", type));
  out.meta.mesh = rows.text(row, 1);
  out.meta.name = rows.text(row, 2);
  out.meta.version = static_cast<std::uint64_t>(std::stoll(rows.text(row, 3)) + 1);
  out.meta.creation = from_microseconds(rows.text(row, 4));
  out.meta.modification = from_microseconds(rows.text(row, 5));
  // Kuma writes `null` where there are none.
  const json labels = json::parse(rows.text(row, 6), nullptr, false);
  if (labels.is_object())
    for (const auto& [key, value] : labels.items())
      out.meta.labels[key] = value.is_string() ? value.get<std::string>() : "";
  json spec = json::parse(rows.text(row, 7), nullptr, false);
  json status = json::parse(rows.text(row, 8), nullptr, false);
  if (spec.is_discarded() || status.is_discarded())
    return fail(Code::data_loss, fmt::format("{} \"{}\" is not JSON", type, out.meta.name));
  out.spec = canonical(out.kind->schema(), std::move(spec));
  if (out.kind->table().has_status && !status.empty()) out.status = std::move(status);
  return out;
}

SqlStatement insert_row(const Resource& resource) {
  const auto owner = owner_of(resource);
  auto part = [&](std::string Owner::* member) {
    return owner ? std::optional((*owner).*member) : std::optional<std::string>();
  };
  return {fmt::format("INSERT INTO resources (name, mesh, type, version, spec, creation_time, modification_time, "
                      "labels, status, owner_name, owner_mesh, owner_type) "
                      "SELECT $1, $2, $3, $4::integer, $5, {0}, {0}, $7::jsonb, $8::jsonb, o.name, o.mesh, o.type FROM "
                      "(SELECT 1) one "
                      "LEFT JOIN resources o ON o.name = $9 AND o.mesh = $10 AND o.type = $11",
                      timestamp(6)),
          {resource.meta.name, resource.meta.mesh, resource.kind->type(), row_version(resource.meta.version),
           resource.spec.dump(), to_microseconds(resource.meta.creation), json(resource.meta.labels).dump(),
           row_status(resource), part(&Owner::name), part(&Owner::mesh), part(&Owner::type)}};
}

SqlStatement update_row(const Resource& resource) {
  return {fmt::format("UPDATE resources SET spec = $1, version = $2, modification_time = {}, labels = $4, status = $5 "
                      "WHERE name = $6 AND mesh = $7 AND type = $8 AND version = $9 "
                      "RETURNING (extract(epoch FROM creation_time) * 1000000)::bigint",
                      timestamp(3)),
          {resource.spec.dump(), row_version(resource.meta.version), to_microseconds(resource.meta.modification),
           json(resource.meta.labels).dump(), row_status(resource), resource.meta.name, resource.meta.mesh,
           resource.kind->type(), row_version(resource.meta.version - 1)}};
}

WallTime creation_of(const SqlRows& rows) { return from_microseconds(rows.text(0, 0)); }

std::vector<SqlStatement> remove_rows(const Kind& kind, const ResourceKey& key, std::uint64_t version) {
  std::vector<SqlStatement> out;
  const std::string gives = " RETURNING type, mesh, name";
  if (&kind == &kind::mesh()) out.push_back({"DELETE FROM resources WHERE mesh = $1" + gives, {key.name}});
  const std::string one = "DELETE FROM resources WHERE name = $1 AND mesh = $2 AND type = $3";
  if (const Kind* insight = insight_of(kind)) out.push_back({one + gives, {key.name, key.mesh, insight->type()}});
  if (version == 0)
    out.push_back({one + gives, {key.name, key.mesh, kind.type()}});
  else
    out.push_back({one + " AND version = $4" + gives, {key.name, key.mesh, kind.type(), row_version(version)}});
  return out;
}

}  // namespace kumasim::cp
