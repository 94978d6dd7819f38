/// Our JSON of protobuf messages against protobuf's own.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "reference-cp/kds/kind_messages.hpp"
#include "reference-cp/kds/message_json.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/draw.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/wire.hpp"

extern const unsigned char kumasim_kind_messages[];
extern const unsigned long kumasim_kind_messages_size;

namespace kumasim::cp::kds::testing {
namespace {

using nlohmann::json;
namespace protobuf = google::protobuf;

/// protobuf's JSON of the kinds' messages.
class TheirJson {
 public:
  TheirJson() {
    protobuf::FileDescriptorSet files;
    files.ParseFromArray(kumasim_kind_messages, static_cast<int>(kumasim_kind_messages_size));
    for (const auto& file : files.file()) pool_.BuildFile(file);
    resolver_.reset(protobuf::util::NewTypeResolverForDescriptorPool("type.googleapis.com", &pool_));
  }

  std::string bytes_of(const std::string& type, const json& value) {
    std::string bytes;
    auto status = protobuf::util::JsonToBinaryString(resolver_.get(), url(type), value.dump(), &bytes);
    EXPECT_TRUE(status.ok()) << status.ToString();
    std::unique_ptr<protobuf::Message> message(factory_.GetPrototype(pool_.FindMessageTypeByName(type))->New());
    EXPECT_TRUE(message->ParseFromString(bytes));
    return deterministic_bytes(*message);
  }

  json json_of(const std::string& type, const std::string& bytes) {
    std::string text;
    auto status = protobuf::util::BinaryToJsonString(resolver_.get(), url(type), bytes, &text);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return json::parse(text);
  }

 private:
  static std::string url(const std::string& type) { return "type.googleapis.com/" + type; }

  protobuf::DescriptorPool pool_;
  protobuf::DynamicMessageFactory factory_{&pool_};
  std::unique_ptr<protobuf::util::TypeResolver> resolver_;
};

class CheckedDraw : public Draw {
 public:
  std::uint64_t below(std::uint64_t bound) override { return *rc::gen::inRange<std::uint64_t>(0, bound); }
};

std::vector<const Kind*> protobuf_kinds() {
  std::vector<const Kind*> out;
  for (const Kind* kind : kinds())
    if (kind->wire() == Wire::flat) out.push_back(kind);
  return out;
}

TEST(MessageJson, IsProtobufsOfEveryKind) {
  TheirJson theirs;
  const bool ok = rc::check("the same bytes, and the same JSON again", [&] {
    const Kind& kind = **rc::gen::elementOf(protobuf_kinds());
    const std::string& type = kind.schema().type_name;
    CheckedDraw draw;
    const json spec = canonicalise(kind.schema(), draw_value(kind.schema(), draw), {}, UnknownFields::drop).value;
    auto bytes = bytes_from_json(type, spec);
    if (!bytes) RC_FAIL(bytes.error().message + " in " + spec.dump());
    RC_ASSERT(*bytes == theirs.bytes_of(type, spec));
    auto read = json_from_bytes(type, *bytes);
    RC_ASSERT(read.has_value());
    const json expected = theirs.json_of(type, *bytes);
    // Times have more zeros there.
    const auto canonical = [&](const json& value) {
      return canonicalise(kind.schema(), value, {}, UnknownFields::refuse).value.dump();
    };
    RC_ASSERT(canonical(*read) == canonical(expected));
  });
  EXPECT_TRUE(ok);
}

TEST(MessageJson, AStructHoldsAnyJson) {
  const json value = json::parse(R"({"a": [1, -2.5, true, null, "x", {"b": {}}, []], "large": 1e300, "empty": ""})");
  protobuf::Struct message;
  ASSERT_TRUE(message_from_json(value, message).has_value());
  EXPECT_EQ(message.fields().at("a").list_value().values(1).number_value(), -2.5);
  EXPECT_EQ(*message_to_json(message), value);
  EXPECT_EQ(message_to_json(message)->dump(), value.dump()) << "whole numbers stay integers";
}

TEST(MessageJson, FloatsHaveTheFewestDigits) {
  protobuf::FloatValue message;
  message.set_value(0.1F);
  EXPECT_EQ(message_to_json(message)->dump(), "0.1");
}

TEST(MessageJson, SixtyFourBitsAreInQuotes) {
  protobuf::UInt64Value message;
  ASSERT_TRUE(message_from_json("18446744073709551615", message).has_value());
  EXPECT_EQ(message.value(), UINT64_MAX);
  EXPECT_EQ(*message_to_json(message), "18446744073709551615");
}

struct WrongRow {
  const char* name;
  const char* type;
  json value;
  const char* field;
};

class WrongJson : public ::testing::TestWithParam<WrongRow> {};

TEST_P(WrongJson, NamesItsField) {
  auto bytes = bytes_from_json(GetParam().type, GetParam().value);
  ASSERT_FALSE(bytes.has_value());
  EXPECT_EQ(bytes.error().field, GetParam().field) << bytes.error().message;
}

const char* const dataplane = "kuma.mesh.v1alpha1.Dataplane";
const char* const mesh = "kuma.mesh.v1alpha1.Mesh";

INSTANTIATE_TEST_SUITE_P(
    Rows, WrongJson,
    ::testing::Values(
        WrongRow{"UnknownField", dataplane, {{"networking", {{"adress", "x"}}}}, "networking.adress"},
        WrongRow{"NoObject", dataplane, {{"networking", 1}}, "networking"},
        WrongRow{"NoList", dataplane, {{"networking", {{"inbound", 1}}}}, "networking.inbound"},
        WrongRow{"NoText", dataplane, {{"networking", {{"address", 1}}}}, "networking.address"},
        WrongRow{
            "NoInteger", dataplane, {{"networking", {{"inbound", {{{"port", 1.5}}}}}}}, "networking.inbound[0].port"},
        WrongRow{
            "BelowZero", dataplane, {{"networking", {{"inbound", {{{"port", -1}}}}}}}, "networking.inbound[0].port"},
        WrongRow{"TooLarge",
                 dataplane,
                 {{"networking", {{"inbound", {{{"port", 4294967296}}}}}}},
                 "networking.inbound[0].port"},
        WrongRow{"NoTag",
                 dataplane,
                 {{"networking", {{"inbound", {{{"tags", {{"a", 1}}}}}}}}},
                 "networking.inbound[0].tags.a"},
        WrongRow{"NoValueOfTheEnumeration", mesh, {{"meshServices", {{"mode", "Sometimes"}}}}, "meshServices.mode"},
        WrongRow{"NoBoolean", mesh, {{"routing", {{"zoneEgress", "yes"}}}}, "routing.zoneEgress"},
        WrongRow{
            "NoNumber", mesh, {{"tracing", {{"backends", {{{"sampling", "many"}}}}}}}, "tracing.backends[0].sampling"},
        WrongRow{"NoDuration",
                 mesh,
                 {{"mtls", {{"backends", {{{"rootChain", {{"requestTimeout", "soon"}}}}}}}}},
                 "mtls.backends[0].rootChain.requestTimeout"},
        WrongRow{"NoTime",
                 "kuma.mesh.v1alpha1.DataplaneInsight",
                 {{"mTLS", {{"certificateExpirationTime", "later"}}}},
                 "mTLS.certificateExpirationTime"},
        WrongRow{"NoBase64", "kuma.system.v1alpha1.Secret", {{"data", "?"}}, "data"}),
    [](const auto& info) { return info.param.name; });

TEST(MessageJson, TimesBeforeTheEpochAreCountedForwards) {
  const char* type = "kuma.mesh.v1alpha1.DataplaneInsight";
  const json value = {{"mTLS", {{"certificateExpirationTime", "1969-12-31T23:59:58.500Z"}}}};
  auto bytes = bytes_from_json(type, value);
  ASSERT_TRUE(bytes.has_value()) << bytes.error().message;
  EXPECT_EQ(*bytes, TheirJson().bytes_of(type, value));
  EXPECT_EQ((*json_from_bytes(type, *bytes))["mTLS"]["certificateExpirationTime"], "1969-12-31T23:59:58.5Z");
}

TEST(MessageJson, ATimeThatIsTooFarAwayIsRefused) {
  // certificate_expiration_time of the year 1, Go's zero.
  const json year_one = {{"mTLS", {{"certificateExpirationTime", "0001-01-01T00:00:00Z"}}}};
  const char* type = "kuma.mesh.v1alpha1.DataplaneInsight";
  auto read = json_from_bytes(type, TheirJson().bytes_of(type, year_one));
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().field, "mTLS.certificateExpirationTime");
}

}  // namespace
}  // namespace kumasim::cp::kds::testing
