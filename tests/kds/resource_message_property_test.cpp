/// For every kind: what is handed to another control plane arrives as what it was, whatever a newer one adds.
#include <google/protobuf/any.pb.h>
#include <gtest/gtest.h>
#include <kuma/kds.pb.h>
#include <rapidcheck.h>

#include "reference-cp/kds/resource_message.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/draw.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::kds::testing {
namespace {

using nlohmann::json;

class CheckedDraw : public Draw {
 public:
  std::uint64_t below(std::uint64_t bound) override { return *rc::gen::inRange<std::uint64_t>(0, bound); }
};

/// protobuf does not tell an empty map from none; the codec keeps that of a TrafficRoute to refuse it.
void drop_empty_headers(Resource& resource) {
  if (resource.kind != &kind::traffic_route() || !resource.spec.contains("conf")) return;
  json& conf = resource.spec["conf"];
  if (!conf.contains("http")) return;
  for (json& http : conf["http"])
    if (http.contains("match") && http["match"].value("headers", json()).empty()) http["match"].erase("headers");
}

Resource draw_resource(const Kind& kind) {
  CheckedDraw draw;
  json body = draw_body(kind, draw);
  if (kind.table().has_status) {
    const SchemaPtr schema = kind.table().status_schema;
    Canonical status = canonicalise(*schema, draw_value(*schema, draw), {}, UnknownFields::drop);
    if (status.violations.empty()) body["status"] = std::move(status.value);  // what is drawn may lack what is required
  }
  auto out = decode_shape(kind, body, UnknownFields::drop);
  if (!out) RC_FAIL(out.error().text() + " in " + body.dump());
  drop_empty_headers(*out);
  return *std::move(out);
}

ResourceMessage message_of(const Resource& resource) {
  auto out = to_message(resource);
  if (!out) RC_FAIL(out.error().message + " in " + resource.spec.dump());
  return *std::move(out);
}

google::protobuf::Any packed(const std::string& bytes) {
  google::protobuf::Any out;
  out.set_type_url(std::string(kuma_resource_type_url));
  out.set_value(bytes);
  return out;
}

Resource arrived(const Kind& kind, const std::string& bytes) {
  auto out = from_message(kind, packed(bytes));
  if (!out) RC_FAIL(out.error().message);
  return *std::move(out);
}

void expect_same(const Resource& sent, const Resource& taken) {
  RC_ASSERT(taken.kind == sent.kind);
  RC_ASSERT(taken.key() == sent.key());
  RC_ASSERT(taken.meta.labels == sent.meta.labels);
  RC_ASSERT(taken.spec.dump() == sent.spec.dump());
  // A status that says nothing and none are one: both are printed as the same.
  RC_ASSERT(resource_to_json(taken).dump() == resource_to_json(sent).dump());
}

constexpr std::string_view field_2047 = "\xfa\x7f\x03new";  // of bytes

/// What a newer peer might send: fields that are not known in the message, its specification and its JSON.
std::string with_more_fields(const Kind& kind, const std::string& bytes) {
  kuma::mesh::v1alpha1::KumaResource message;
  RC_ASSERT(message.ParseFromString(bytes));
  std::string& spec = *message.mutable_spec()->mutable_value();
  if (kind.wire() == Wire::flat) {
    spec += field_2047;
  } else {
    json more = json::parse(spec);
    more["newField"] = {{"deep", 1}};
    spec = more.dump();
  }
  return deterministic_bytes(message) + std::string(field_2047);
}

void check_journey(const Kind& kind) {
  const Resource sent = draw_resource(kind);
  const ResourceMessage message = message_of(sent);
  RC_ASSERT(key_from_delta_name(message.name) == sent.key());
  RC_ASSERT(key_of_message(packed(message.bytes)) == sent.key());
  const Resource taken = arrived(kind, message.bytes);
  expect_same(sent, taken);
  RC_ASSERT(message_of(taken).bytes == message.bytes);
  expect_same(sent, arrived(kind, with_more_fields(kind, message.bytes)));
}

TEST(ResourceMessages, OfEveryKindArriveAsTheyWereSent) {
  constexpr std::size_t kinds_each = 10;  // all kinds in a case take too long
  const bool ok = rc::check("resource -> message -> resource, with or without what is unknown", [&] {
    const auto first = *rc::gen::inRange<std::size_t>(0, kinds().size());
    for (std::size_t i = 0; i < kinds_each; ++i) check_journey(*kinds()[(first + i) % kinds().size()]);
  });
  EXPECT_TRUE(ok);
}

}  // namespace
}  // namespace kumasim::cp::kds::testing
