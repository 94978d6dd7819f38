#include "reference-cp/xds/text/envoy_text_error.hpp"

#include <algorithm>
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

/// A type of Envoy's API that the pinned Envoy has no more, or not yet.
bool is_of_another_api(const nlohmann::json& type_url) {
  if (!type_url.is_string()) return false;
  const auto& url = type_url.get_ref<const std::string&>();
  return url.substr(url.rfind('/') + 1).starts_with("envoy.") && !envoy_types::find(url);
}

bool holds_another_api(const nlohmann::json& value) {
  if (!value.is_structured()) return false;
  if (auto type_url = value.find("@type"); type_url != value.end() && is_of_another_api(*type_url)) return true;
  return std::ranges::any_of(value, [](const nlohmann::json& part) { return holds_another_api(part); });
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
  // Kuma may know it: which types its API has that ours lacks is not known here.
  if (holds_another_api(*value)) return "";
  const auto* type = envoy_types::find(text.type);
  assert(type && "the model names messages of Envoy's API");
  auto message = envoy_types::make(*type);
  if (auto read = read_go_json(*value, *message); !read) return read.error().message;
  if (const auto* any = dynamic_cast<const google::protobuf::Any*>(message.get())) return error_of_held(*any);
  return text.whole ? broken_rule(*message) : "";
}

}  // namespace kumasim::cp
