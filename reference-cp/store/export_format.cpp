#include "reference-cp/store/export_format.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/json_text.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/timestamp.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

constexpr const char* format_name = "kuma-store";
constexpr std::uint64_t format_version = 1;
constexpr const char* kuma_version = "2.12.14";
/// SQLite keeps versions in 64 bits with a sign.
constexpr std::uint64_t version_max = std::numeric_limits<std::int64_t>::max();

auto order(const Resource& resource) {
  return std::tie(resource.kind->type(), resource.meta.mesh, resource.meta.name);
}

std::string print_line(const Resource& resource) {
  const Meta& meta = resource.meta;
  return fmt::format(
      R"({{"type":{},"mesh":{},"name":{},"version":{},"creationTime":{},"modificationTime":{},"labels":{},"spec":{},"status":{}}})",
      json(resource.kind->type()).dump(), json(meta.mesh).dump(), json(meta.name).dump(), meta.version,
      json(print_timestamp(meta.creation)).dump(), json(print_timestamp(meta.modification)).dump(),
      json(meta.labels).dump(), resource.spec.dump(), resource.status.dump());
}

/// Where an error is said of: one line of one file.
class Place {
 public:
  Place(std::string_view file, std::size_t line) : file_(file), line_(line) {}

  std::unexpected<Error> refuse(std::string field, const std::string& why, Code code = Code::invalid_argument) const {
    auto text = field.empty() ? fmt::format("{}:{}: {}", file_, line_, why)
                              : fmt::format("{}:{}: {}: {}", file_, line_, field, why);
    return fail(code, std::move(text), std::move(field));
  }

  /// One JSON object with these fields and no others.
  Result<json> read_object(std::string_view text, std::initializer_list<const char*> fields) const {
    if (text.empty()) return refuse("", "an empty line");
    auto out = parse_json(text);
    if (!out) return refuse("", out.error().message);
    if (!out->is_object()) return refuse("", "must be a JSON object");
    for (const char* field : fields)
      if (!out->contains(field)) return refuse(field, "is missing");
    for (const auto& [key, value] : out->items())
      if (std::ranges::find(fields, key) == fields.end()) return refuse(key, "is no field of this line");
    return out;
  }

  Result<std::string> read_text(const json& object, const char* field) const {
    const json& value = object[field];
    if (!value.is_string()) return refuse(field, "must be a string");
    return value.get<std::string>();
  }

  Result<WallTime> read_time(const json& object, const char* field) const {
    auto text = read_text(object, field);
    if (!text) return fail(text.error());
    auto time = parse_timestamp(*text);
    if (!time) return refuse(field, "must be a time such as 2026-11-26T02:14:21.5Z (RFC 3339)");
    return *time;
  }

  Result<std::uint64_t> read_count(const json& value, std::string field) const {
    // A text of digits that is too large for 64 bits arrives as a floating-point number.
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > version_max)
      return refuse(std::move(field), fmt::format("must be a whole number from 0 to {}", version_max));
    return value.get<std::uint64_t>();
  }

 private:
  std::string_view file_;
  std::size_t line_;
};

using Counts = std::map<std::string, std::uint64_t>;

Result<Counts> read_header(std::string_view text, const Place& place) {
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object() || parsed->value("format", json()) != format_name)
    return place.refuse("format", fmt::format("this is no export of a store: its first line must be a header with "
                                              "\"format\":\"{}\"",
                                              format_name));
  auto version = place.read_count(parsed->value("version", json()), "version");
  if (!version) return fail(version.error());
  if (*version != format_version)
    return place.refuse("version",
                        fmt::format("the file has version {} of the format, this program reads version {}", *version,
                                    format_version),
                        Code::unsupported);
  auto header = place.read_object(text, {"format", "version", "kuma", "kinds"});
  if (!header) return fail(header.error());
  if (auto kuma = place.read_text(*header, "kuma"); !kuma) return fail(kuma.error());
  const json& kinds = (*header)["kinds"];
  if (!kinds.is_object()) return place.refuse("kinds", "must be an object of numbers");
  Counts out;
  for (const auto& [type, value] : kinds.items()) {
    if (find_kind(type) == nullptr)
      return place.refuse("kinds." + type, "this program knows no such kind", Code::unsupported);
    auto count = place.read_count(value, "kinds." + type);
    if (!count) return fail(count.error());
    out[type] = *count;
  }
  return out;
}

Result<json> read_shape(const Schema& schema, const json& value, const char* field, UnknownFields unknown,
                        const Place& place) {
  Canonical canonical = canonicalise(schema, value, Path(field), unknown);
  // Nobody fills in what the control plane left out of its own.
  bool incomplete = unknown == UnknownFields::drop;
  for (const Violation& violation : canonical.violations.list())
    if (!incomplete || violation.message != "in body is required")
      return place.refuse(violation.field, violation.message);
  if (!canonical.reason.empty()) return place.refuse(field, canonical.reason);
  return std::move(canonical.value);
}

/// Earlier versions kept whatever stood where the conf of a backend belongs. Nobody ever read one that is no object.
void drop_odd_confs(json& spec) {
  auto drop = [](json& from) {
    if (from.is_object() && from.contains("conf") && !from["conf"].is_object()) from.erase("conf");
  };
  for (const char* section : {"mtls", "tracing", "logging", "metrics"}) {
    auto found = spec.find(section);
    if (found == spec.end() || !found->is_object()) continue;
    drop(*found);  // a Dataplane's metrics
    if (auto backends = found->find("backends"); backends != found->end())
      for (json& backend : *backends) drop(backend);
  }
}

Result<Resource> read_resource(std::string_view text, const Place& place) {
  auto line = place.read_object(
      text, {"type", "mesh", "name", "version", "creationTime", "modificationTime", "labels", "spec", "status"});
  if (!line) return fail(line.error());
  auto type = place.read_text(*line, "type");
  if (!type) return fail(type.error());
  Resource out;
  out.kind = find_kind(*type);
  if (out.kind == nullptr)
    return place.refuse("type", fmt::format("this program knows no kind \"{}\"", *type), Code::unsupported);
  auto mesh = place.read_text(*line, "mesh");
  if (!mesh) return fail(mesh.error());
  if (out.kind->is_global() != mesh->empty())
    return place.refuse("mesh", out.kind->is_global() ? fmt::format("must be empty: a {} is in no mesh", *type)
                                                      : fmt::format("must not be empty: a {} is in a mesh", *type));
  auto name = place.read_text(*line, "name");
  if (!name) return fail(name.error());
  if (name->empty()) return place.refuse("name", "must not be empty");
  auto version = place.read_count((*line)["version"], "version");
  if (!version) return fail(version.error());
  if (*version == 0) return place.refuse("version", "must not be 0: it counts the writes of what is stored");
  auto creation = place.read_time(*line, "creationTime");
  if (!creation) return fail(creation.error());
  auto modification = place.read_time(*line, "modificationTime");
  if (!modification) return fail(modification.error());
  out.meta = {.mesh = std::move(*mesh), .name = std::move(*name), .labels = {}, .version = *version,
              .creation = *creation, .modification = *modification};
  const json& labels = (*line)["labels"];
  if (!labels.is_object()) return place.refuse("labels", "must be an object of strings");
  for (const auto& [key, value] : labels.items()) {
    if (!value.is_string()) return place.refuse(Path("labels").key(key).text(), "must be a string");
    out.meta.labels[key] = value.get<std::string>();
  }
  // What the control plane itself writes stays as it is. Insights hold what proxies say of themselves, which need not
  // fit the table of their kind.
  for (auto [field, schema, into] : {std::tuple("spec", &out.kind->schema(), &out.spec),
                                     std::tuple("status", out.kind->table().status_schema.get(), &out.status)}) {
    json& value = (*line)[field];
    if (value.is_null() && into == &out.status) continue;
    if (!value.is_object()) return place.refuse(field, "must be an object");
    if (into == &out.spec && !out.kind->is_read_only()) drop_odd_confs(value);
    *into = value;
    if (schema == nullptr || out.kind->is_read_only()) continue;
    bool verbatim = into == &out.status;
    auto shaped = read_shape(*schema, value, field, verbatim ? UnknownFields::drop : UnknownFields::refuse, place);
    if (!shaped) return fail(shaped.error());
    if (!verbatim) *into = std::move(*shaped);
  }
  return out;
}

}  // namespace

Result<std::string> print_export(std::vector<Resource> resources) {
  std::ranges::sort(resources, [](const Resource& a, const Resource& b) { return order(a) < order(b); });
  Counts counts;
  for (const Resource& resource : resources) ++counts[resource.kind->type()];
  std::string out = fmt::format(R"({{"format":"{}","version":{},"kuma":"{}","kinds":{}}})", format_name, format_version,
                                kuma_version, json(counts).dump()) +
                    "\n";
  for (const Resource& resource : resources) {
    try {
      out += print_line(resource) + "\n";
    } catch (const json::exception& error) {
      return fail(Code::data_loss, fmt::format("{} \"{}\" in mesh \"{}\" cannot be written: {}", resource.kind->type(),
                                               resource.meta.name, resource.meta.mesh, error.what()));
    }
  }
  return out;
}

Result<std::vector<Resource>> parse_export(std::string_view text, std::string_view file) {
  std::vector<Resource> out;
  Counts announced, found;
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> seen;
  std::size_t number = 0;
  do {
    auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    Place place(file, ++number);
    if (number == 1) {
      auto header = read_header(line, place);
      if (!header) return fail(header.error());
      announced = std::move(*header);
      continue;
    }
    auto resource = read_resource(line, place);
    if (!resource) return fail(resource.error());
    auto [at, is_new] = seen.try_emplace(order(*resource), number);
    if (!is_new)
      return place.refuse("name", fmt::format("{} \"{}\" in mesh \"{}\" is on line {} already", resource->kind->type(),
                                              resource->meta.name, resource->meta.mesh, at->second));
    ++found[resource->kind->type()];
    out.push_back(std::move(*resource));
  } while (!text.empty());
  std::erase_if(announced, [](const auto& each) { return each.second == 0; });
  for (const auto& [type, count] : announced)
    if (found[type] != count)
      return Place(file, 1).refuse("kinds." + type,
                                   fmt::format("{} resources are announced and {} are there: the file was cut short "
                                               "or changed",
                                               count, found[type]));
  for (const auto& [type, count] : found)
    if (count != 0 && !announced.contains(type))
      return Place(file, 1).refuse("kinds." + type, fmt::format("none is announced and {} are there", count));
  return out;
}

}  // namespace kumasim::cp
