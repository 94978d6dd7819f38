/// Messages that kuma-cp 2.12.14 gave, and the resources that its REST API showed meanwhile: ours are the same.
#include <filesystem>
#include <fstream>
#include <map>

#include <google/protobuf/any.pb.h>
#include <gtest/gtest.h>
#include <kuma/kds.pb.h>
#include <rapidcheck.h>

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/kds/exchange_rules.hpp"
#include "reference-cp/kds/resource_message.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::kds::testing {
namespace {

using nlohmann::json;

/// The zone that gave, and the one that got.
const std::string giving_zone = "west", getting_zone = "east";

struct Recorded {
  const Kind* kind = nullptr;
  bool given_by_zone = false;
  std::string bytes;
  json resource;  // null where REST does not show it
};

std::vector<Recorded> recorded() {
  std::ifstream file(std::filesystem::path(KUMASIM_SOURCE_DIR) / "tests/kds/recorded_messages.json");
  std::vector<Recorded> out;
  for (const json& one : json::parse(file)) {
    out.push_back({find_kind(one["type"].get<std::string>()), one["given_by"] == "zone",
                   base64_decode(one["bytes"].get<std::string>()).value_or(""), one.value("resource", json())});
  }
  return out;
}

std::vector<Recorded> shown_by_rest() {
  std::vector<Recorded> out = recorded();
  std::erase_if(out, [](const Recorded& one) { return one.resource.is_null(); });
  return out;
}

/// What the bytes say: those of protobuf as they are, JSON without regard to the order of fields.
json shown(const std::string& bytes) {
  kuma::mesh::v1alpha1::KumaResource message;
  EXPECT_TRUE(message.ParseFromString(bytes));
  const auto part = [](const google::protobuf::Any& any) {
    const json value = any.type_url().empty() ? json::parse(any.value()) : json(base64_encode(any.value()));
    return json{{"type", any.type_url()}, {"value", value}};
  };
  json out = {
      {"name", message.meta().name()},
      {"mesh", message.meta().mesh()},
      {"version", message.meta().version()},
      {"labels", std::map<std::string, std::string>(message.meta().labels().begin(), message.meta().labels().end())},
      {"spec", part(message.spec())}};
  if (message.has_status()) out["status"] = part(message.status());
  return out;
}

google::protobuf::Any packed(const std::string& bytes) {
  google::protobuf::Any out;
  out.set_type_url(std::string(kuma_resource_type_url));
  out.set_value(bytes);
  return out;
}

ZonePeer peer() {
  ZonePeer out{getting_zone, {}};
  for (std::string_view feature : own_features()) out.features.emplace(feature);
  return out;
}

Result<Resource> as_given(const Recorded& one, const Resource& resource) {
  if (one.given_by_zone) return as_given_to_global(resource, giving_zone, {});
  return as_given_to_zone(resource, peer(), {});
}

class RecordedMessages : public ::testing::TestWithParam<Recorded> {};

TEST_P(RecordedMessages, AreReadAndWrittenAsKumaDoes) {
  const Recorded& one = GetParam();
  auto taken = from_message(*one.kind, packed(one.bytes));
  ASSERT_TRUE(taken.has_value()) << taken.error().message;
  auto message = to_message(*taken);
  ASSERT_TRUE(message.has_value()) << message.error().message;
  EXPECT_EQ(shown(message->bytes), shown(one.bytes));
  if (one.kind->wire() == Wire::flat) EXPECT_EQ(message->bytes, one.bytes);
}

class RecordedResources : public ::testing::TestWithParam<Recorded> {};

TEST_P(RecordedResources, AreGivenAsKumaGivesThem) {
  const Recorded& one = GetParam();
  auto resource = decode_shape(*one.kind, one.resource, UnknownFields::drop);
  ASSERT_TRUE(resource.has_value()) << resource.error().text();
  EXPECT_TRUE(one.given_by_zone ? is_given_to_global(*resource) : is_given_to_zone(*resource, peer(), {}));
  auto given = as_given(one, *resource);
  ASSERT_TRUE(given.has_value()) << given.error().message;
  auto message = to_message(*given);
  ASSERT_TRUE(message.has_value()) << message.error().message;
  EXPECT_EQ(shown(message->bytes), shown(one.bytes));
}

std::string name_of(const ::testing::TestParamInfo<Recorded>& info) {
  return info.param.kind->type() + (info.param.given_by_zone ? "OfAZone" : "OfGlobal");
}

INSTANTIATE_TEST_SUITE_P(Kuma, RecordedMessages, ::testing::ValuesIn(recorded()), name_of);
INSTANTIATE_TEST_SUITE_P(Kuma, RecordedResources, ::testing::ValuesIn(shown_by_rest()), name_of);

TEST(RecordedMessagesTest, DamagedOnesAreRefusedOrReadAsSomethingWhole) {
  const std::vector<Recorded> all = recorded();
  const bool ok = rc::check("what is read of damaged bytes is written and read again as it is", [&] {
    const Recorded& one = all[*rc::gen::inRange<std::size_t>(0, all.size())];
    kuma::mesh::v1alpha1::KumaResource message;
    RC_ASSERT(message.ParseFromString(one.bytes));
    std::string& spec = *message.mutable_spec()->mutable_value();
    const auto hits = *rc::gen::inRange(1, 4);
    for (int hit = 0; hit < hits && !spec.empty(); ++hit)
      spec[*rc::gen::inRange<std::size_t>(0, spec.size())] = *rc::gen::arbitrary<char>();
    auto read = from_message(*one.kind, packed(deterministic_bytes(message)));
    if (!read) return;
    auto written = to_message(*read);
    RC_ASSERT(written.has_value());
    auto again = from_message(*one.kind, packed(written->bytes));
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->spec.dump() == read->spec.dump());
  });
  EXPECT_TRUE(ok);
}

// A kind that is given to others without a recorded message would go unproven.
TEST(RecordedMessagesTest, ThereIsOneOfEveryKindThatIsGiven) {
  std::set<std::string> types;
  for (const auto& one : recorded()) types.insert(one.kind->type());
  for (const Kind* kind : kinds_of_global()) EXPECT_TRUE(types.contains(kind->type())) << kind->type();
  for (const Kind* kind : kinds_of_zones()) EXPECT_TRUE(types.contains(kind->type())) << kind->type();
}

}  // namespace
}  // namespace kumasim::cp::kds::testing
