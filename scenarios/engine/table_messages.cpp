#include "scenarios/engine/table_messages.hpp"

#include <nlohmann/json.hpp>
#include <zlib.h>

#include "reference-cp/model/kinds.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

constexpr std::size_t message_bytes_max = 256 << 20;
constexpr Duration keepalive = std::chrono::seconds(15);

/// Messages begin with a sum of what follows: a bit that flips on the way ends the connection, as with TLS.
constexpr std::size_t sum_bytes = 4;

std::string sum_of(std::string_view bytes) {
  auto sum = crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
  std::string out;
  for (std::size_t i = 0; i < sum_bytes; ++i) out += static_cast<char>(sum >> (8 * i));
  return out;
}

std::string print(const json& value) {
  std::string out;
  json::to_cbor(value, out);
  return sum_of(out) + out;
}

/// What `read` makes of it; an exception of the library is data that cannot be read.
template <class Read>
auto parse(std::string_view bytes, Read read) -> Result<decltype(read(json()))> {
  if (bytes.size() < sum_bytes || bytes.substr(0, sum_bytes) != sum_of(bytes.substr(sum_bytes)))
    return fail(Code::data_loss, "its bytes are not as they were sent");
  try {
    return read(json::from_cbor(bytes.substr(sum_bytes)));
  } catch (const json::exception& error) {
    return fail(Code::data_loss, error.what());
  }
}

json to_json(const cp::Resource& resource) {
  const cp::Meta& meta = resource.meta;
  return {{"type", resource.kind->type()},
          {"mesh", meta.mesh},
          {"name", meta.name},
          {"labels", meta.labels},
          {"version", meta.version},
          {"created", meta.creation.time_since_epoch().count()},
          {"written", meta.modification.time_since_epoch().count()},
          {"spec", resource.spec},
          {"status", resource.status}};
}

const cp::Kind& kind_of(const json& value) {
  const cp::Kind* kind = cp::find_kind(value.at("type").get<std::string>());
  if (kind == nullptr) throw json::other_error::create(501, "there is no such kind", &value);
  return *kind;
}

WallTime time_of(const json& value) { return WallTime(Duration(value.get<std::int64_t>())); }

cp::Resource resource_of(const json& value) {
  cp::Resource out;
  out.kind = &kind_of(value);
  out.meta = {value.at("mesh"),
              value.at("name"),
              value.at("labels"),
              value.at("version"),
              time_of(value.at("created")),
              time_of(value.at("written"))};
  if (out.kind->is_global() != out.meta.mesh.empty())
    throw json::other_error::create(501, "it is in a mesh, or in none, unlike its kind", &value);
  out.spec = value.at("spec");
  out.status = value.at("status");
  return out;
}

json text_or_null(const std::optional<std::string>& text) { return text ? json(*text) : json(); }

std::optional<std::string> text_of(const json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
}

TableChange change_of(const json& value) {
  TableChange out{&kind_of(value), {value.at("mesh"), value.at("name")}, nullptr};
  if (value.contains("spec")) out.after = std::make_shared<const cp::Resource>(resource_of(value));
  return out;
}

}  // namespace

GrpcLimits table_limits() {
  GrpcLimits out;
  out.http2.keepalive_interval = keepalive;
  out.http2.keepalive_timeout = keepalive;
  out.http2.received_bytes_max = message_bytes_max;
  out.message_bytes_max = message_bytes_max;
  return out;
}

std::string encode(const CommitRequest& request) {
  json writes = json::array();
  for (const cp::Write& write : request.writes)
    writes.push_back({{"what", write.what}, {"resource", to_json(write.resource)}});
  return print({{"id", request.id}, {"now", request.now.time_since_epoch().count()}, {"writes", std::move(writes)}});
}

Result<CommitRequest> decode_commit(std::string_view bytes) {
  return parse(bytes, [](const json& value) {
    CommitRequest out{value.at("id"), time_of(value.at("now")), {}};
    for (const json& write : value.at("writes")) {
      auto what = write.at("what").get<cp::Write::What>();
      if (what > cp::Write::What::remove) throw json::other_error::create(501, "there is no such write", &write);
      out.writes.push_back({what, resource_of(write.at("resource"))});
    }
    return out;
  });
}

std::string encode(const TableWord& word) {
  json changes = json::array(), written = json::array();
  for (const TableChange& change : word.changes)
    changes.push_back(change.after
                          ? to_json(*change.after)
                          : json{{"type", change.kind->type()}, {"mesh", change.key.mesh}, {"name", change.key.name}});
  for (const auto& place : word.written) written.push_back(place ? json(*place) : json());
  json out{{"changes", std::move(changes)}, {"answers", word.answers}, {"written", std::move(written)}};
  if (word.refused) out["refused"] = {{"code", word.refused->code}, {"message", word.refused->message}};
  return print(out);
}

Result<TableWord> decode_word(std::string_view bytes) {
  return parse(bytes, [](const json& value) {
    TableWord out{.changes = {}, .answers = value.at("answers")};
    for (const json& change : value.at("changes")) out.changes.push_back(change_of(change));
    for (const json& place : value.at("written")) {
      if (!place.is_null() && place.get<std::size_t>() >= out.changes.size())
        throw json::other_error::create(501, "there is no such change", &place);
      out.written.push_back(place.is_null() ? std::nullopt : std::optional(place.get<std::size_t>()));
    }
    if (value.contains("refused"))
      out.refused = Error{value["refused"].at("code").get<Code>(), value["refused"].at("message"), {}};
    return out;
  });
}

std::string encode(const LeaseRequest& request) {
  return print({{"what", request.what}, {"instance", request.instance}, {"number", text_or_null(request.number)}});
}

Result<LeaseRequest> decode_lease(std::string_view bytes) {
  return parse(bytes, [](const json& value) {
    return LeaseRequest{value.at("what").get<LeaseRequest::What>(), value.at("instance"), text_of(value.at("number"))};
  });
}

std::string encode_number(const std::optional<cp::LeaseRow::Number>& number) {
  return print({{"number", text_or_null(number)}});
}

Result<std::optional<cp::LeaseRow::Number>> decode_number(std::string_view bytes) {
  return parse(bytes, [](const json& value) { return text_of(value.at("number")); });
}

}  // namespace kumasim::scenario
