#include "reference-cp/xds/text/envoy_text_error.hpp"

#include <cassert>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/message.h>

#include "reference-cp/model/json_text.hpp"
#include "reference-cp/model/yaml.hpp"
#include "reference-cp/xds/envoy_types.hpp"
#include "reference-cp/xds/text/field_rules.hpp"
#include "reference-cp/xds/text/go_json.hpp"

namespace kumasim::cp {
namespace {

/// Kuma hands text that is no YAML to a decoder of JSON.
Result<nlohmann::json> read_text(const std::string& text) {
  if (auto documents = parse_yaml(text, "")) return documents->empty() ? nlohmann::json() : documents->front().value;
  auto value = parse_json(text);
  if (value) return value;
  if (value.error().message == "unexpected end of JSON input") return fail(value.error().code, "unexpected EOF");
  return value;
}

std::string error_of_held(const google::protobuf::Any& any) {
  if (any.type_url().empty()) return "proto: invalid empty type URL";
  auto held = envoy_types::make(*envoy_types::find(any.type_url()));
  return held->ParseFromString(any.value()) ? broken_rule(*held) : "the packed message cannot be read";
}

}  // namespace

std::string envoy_text_error(const EnvoyText& text) {
  auto value = read_text(text.text);
  if (!value) return value.error().message;
  const auto* type = envoy_types::find(text.type);
  assert(type && "the model names messages of Envoy's API");
  auto message = envoy_types::make(*type);
  if (auto read = read_go_json(*value, *message); !read) return read.error().message;
  if (const auto* any = dynamic_cast<const google::protobuf::Any*>(message.get())) return error_of_held(*any);
  return text.whole ? broken_rule(*message) : "";
}

}  // namespace kumasim::cp
