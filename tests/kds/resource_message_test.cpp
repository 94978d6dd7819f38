/// What travels of a resource, under which name, and what is said of what cannot be read.
#include "reference-cp/kds/resource_message.hpp"

#include <google/protobuf/any.pb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <kuma/kds.pb.h>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp::kds::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using kuma::mesh::v1alpha1::KumaResource;

Resource read(const char* yaml) {
  auto out = resource_from_yaml(yaml);
  EXPECT_TRUE(out.has_value()) << out.error().message;
  return out.value_or(Resource{&kind::mesh(), {}, {}, {}});
}

KumaResource sent(const Resource& resource) {
  KumaResource out;
  auto message = to_message(resource);
  EXPECT_TRUE(message.has_value()) << message.error().message;
  EXPECT_TRUE(message && out.ParseFromString(message->bytes));
  return out;
}

google::protobuf::Any packed(const KumaResource& message) {
  google::protobuf::Any out;
  out.PackFrom(message);
  return out;
}

const char* timeout_yaml = R"(
type: MeshTimeout
mesh: shop
name: slow.calls
labels: {team: a}
spec:
  to:
    - targetRef: {kind: Mesh}
      default: {idleTimeout: 60s}
)";

const char* zone_yaml = R"(
type: Zone
name: east
enabled: false
)";

TEST(ResourceMessageTest, KeysHaveTheNamesOfDeltaStreams) {
  EXPECT_EQ(delta_name({"shop", "slow.calls"}), "slow.calls.shop");
  EXPECT_EQ(delta_name({"", "east"}), "east.");
  EXPECT_EQ(key_from_delta_name("slow.calls.shop"), (ResourceKey{"shop", "slow.calls"}));
  EXPECT_EQ(key_from_delta_name("east."), (ResourceKey{"", "east"}));
  EXPECT_EQ(key_from_delta_name("east"), (ResourceKey{"", "east"}));
}

TEST(ResourceMessageTest, JsonOfAPolicyTravelsWithoutAType) {
  const KumaResource message = sent(read(timeout_yaml));
  EXPECT_EQ(message.meta().name(), "slow.calls");
  EXPECT_EQ(message.meta().mesh(), "shop");
  EXPECT_EQ(message.meta().labels().at("team"), "a");
  EXPECT_EQ(message.meta().version(), "");
  EXPECT_EQ(message.spec().type_url(), "");
  EXPECT_EQ(message.spec().value(), R"({"to":[{"default":{"idleTimeout":"1m0s"},"targetRef":{"kind":"Mesh"}}]})");
  EXPECT_FALSE(message.has_status());
}

TEST(ResourceMessageTest, ProtobufTravelsAsItsMessage) {
  const KumaResource message = sent(read(zone_yaml));
  EXPECT_EQ(message.spec().type_url(), "type.googleapis.com/kuma.system.v1alpha1.Zone");
  // A wrapper that holds false: field 1, empty.
  EXPECT_EQ(message.spec().value(), std::string("\x0a\x00", 2));
}

TEST(ResourceMessageTest, AKindWithStatusAlwaysSendsOne) {
  const KumaResource message = sent(read(R"(
type: MeshMultiZoneService
mesh: shop
name: web
spec:
  selector: {meshService: {matchLabels: {app: web}}}
  ports: [{port: 80, appProtocol: http}]
)"));
  ASSERT_TRUE(message.has_status());
  EXPECT_EQ(message.status().type_url(), "");
  EXPECT_NE(message.status().value(), "null");
}

TEST(ResourceMessageTest, TheVersionIsOfTheContent) {
  Resource one = read(timeout_yaml), other = one;
  other.meta.version = 7;
  other.meta.modification = WallTime(std::chrono::seconds(1));
  EXPECT_EQ(to_message(one)->version, to_message(other)->version);
  other.meta.labels["team"] = "b";
  EXPECT_NE(to_message(one)->version, to_message(other)->version);
}

TEST(ResourceMessageTest, ErrorsNameTheResourceAndTheField) {
  KumaResource message = sent(read(timeout_yaml));
  message.mutable_spec()->set_value(R"({"to":[{"targetRef":{"kind":"Mesh"},"default":{"idleTimeout":7}}]})");
  auto wrong_field = from_message(kind::mesh_timeout(), packed(message));
  ASSERT_FALSE(wrong_field.has_value());
  EXPECT_EQ(wrong_field.error().code, Code::invalid_argument);
  EXPECT_EQ(wrong_field.error().field, "to[0].default.idleTimeout");
  EXPECT_THAT(wrong_field.error().message,
              AllOf(HasSubstr("MeshTimeout \"slow.calls\" of mesh \"shop\""), HasSubstr("to[0].default.idleTimeout")));

  message.mutable_spec()->set_value("{\"to\":");
  auto no_json = from_message(kind::mesh_timeout(), packed(message));
  ASSERT_FALSE(no_json.has_value());
  EXPECT_THAT(no_json.error().message, HasSubstr("slow.calls"));
}

TEST(ResourceMessageTest, BytesOfAnotherMessageAreRefused) {
  KumaResource message = sent(read(zone_yaml));
  auto other_kind = from_message(kind::mesh(), packed(message));
  ASSERT_FALSE(other_kind.has_value());
  EXPECT_THAT(other_kind.error().message, AllOf(HasSubstr("Mesh \"east\""), HasSubstr("kuma.mesh.v1alpha1.Mesh")));

  message.mutable_spec()->set_value("\x0a\x7f");
  auto cut_short = from_message(kind::zone(), packed(message));
  ASSERT_FALSE(cut_short.has_value());
  EXPECT_THAT(cut_short.error().message, HasSubstr("Zone \"east\""));

  google::protobuf::Any nothing;
  EXPECT_FALSE(from_message(kind::zone(), nothing).has_value());
  EXPECT_EQ(key_of_message(nothing), ResourceKey{});
}

TEST(ResourceMessageTest, AValueThatItsMessageHasNotIsAnError) {
  Resource zone = read(zone_yaml);
  zone.spec["enabled"] = "perhaps";
  auto message = to_message(zone);
  ASSERT_FALSE(message.has_value());
  EXPECT_THAT(message.error().message, AllOf(HasSubstr("Zone \"east\""), HasSubstr("enabled")));
}

}  // namespace
}  // namespace kumasim::cp::kds::testing
