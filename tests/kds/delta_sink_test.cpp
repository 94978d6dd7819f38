/// Who takes on a delta stream: what it asks for, how it reads responses and answers them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kds/delta_bed.hpp"
#include "reference-cp/kds/refusal_text.hpp"

namespace kumasim::cp::kds::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SinkNode node() {
  return {.id = "zone-1",
          .instance = "zone-1-a",
          .version = "2.12.14",
          .git_tag = "2.12.14",
          .git_commit = "abc",
          .build_date = "today",
          .config = "{\"mode\":\"zone\"}",
          .features = {"zone-token", "hash-suffix"}};
}

std::vector<const Kind*> taken() { return {&kind::mesh(), &kind::mesh_timeout(), &kind::secret()}; }

struct Said {
  std::vector<Resource> resources = {};
  std::vector<std::string> removed = {};
};

std::string response(const Kind& kind, const std::string& nonce, const Said& said) {
  Response out;
  out.set_type_url(kind.type());
  out.set_nonce(nonce);
  for (const Resource& resource : said.resources) {
    auto message = message_of(resource);
    auto& to = *out.add_resources();
    to.set_name(message->name);
    to.set_version(message->version);
    to.mutable_resource()->set_type_url(std::string(kuma_resource_type_url));
    to.mutable_resource()->set_value(message->bytes);
  }
  for (const std::string& name : said.removed) out.add_removed_resources(name);
  return out.SerializeAsString();
}

Request parsed(const std::string& bytes) {
  Request out;
  EXPECT_TRUE(out.ParseFromString(bytes));
  return out;
}

TEST(DeltaSink, AsksForAllKindsAndSaysWhoItIs) {
  DeltaSink sink(node(), taken());
  auto requests = sink.start();
  ASSERT_EQ(requests.size(), 3u);
  Request first = parsed(requests[0]);
  EXPECT_EQ(first.type_url(), "Mesh");
  EXPECT_EQ(first.response_nonce(), "");
  EXPECT_THAT(first.resource_names_subscribe(), ElementsAre("*"));
  EXPECT_TRUE(first.initial_resource_versions().empty());
  EXPECT_EQ(first.node().id(), "zone-1");
  auto metadata = nlohmann::json::parse(decoded(requests[0]).node.metadata_json);
  EXPECT_EQ(
      metadata,
      (nlohmann::json{
          {"version",
           {{"kumaCp", {{"version", "2.12.14"}, {"gitTag", "2.12.14"}, {"gitCommit", "abc"}, {"buildDate", "today"}}}}},
          {"config", "{\"mode\":\"zone\"}"},
          {"control-plane-id", "zone-1-a"},
          {"features", {"zone-token", "hash-suffix"}}}));
  EXPECT_EQ(parsed(requests[2]).type_url(), "Secret");
}

TEST(DeltaSink, ReadsAResponseAndTakesIt) {
  DeltaSink sink(node(), taken());
  auto received = sink.on_response(response(kind::secret(), "7", {.resources = {secret("a"), secret("b")}}));
  ASSERT_TRUE(received) << received.error().message;
  EXPECT_EQ(received->kind, &kind::secret());
  EXPECT_TRUE(received->is_initial);
  ASSERT_EQ(received->added.size(), 2u);
  EXPECT_EQ(received->added[1].key(), (ResourceKey{"m", "b"}));
  EXPECT_EQ(received->added[1].spec, secret("b").spec);
  EXPECT_THAT(received->invalid, IsEmpty());
  Request answer = parsed(sink.acknowledge(kind::secret()));
  EXPECT_EQ(answer.response_nonce(), "7");
  EXPECT_EQ(answer.type_url(), "Secret");
  EXPECT_EQ(answer.node().id(), "zone-1");
  EXPECT_FALSE(answer.has_error_detail());
  EXPECT_THAT(answer.resource_names_subscribe(), IsEmpty());

  received = sink.on_response(response(kind::secret(), "8", {.removed = {"a.m", "x.y.m2"}}));
  ASSERT_TRUE(received);
  EXPECT_FALSE(received->is_initial);
  EXPECT_THAT(received->removed, ElementsAre(ResourceKey{"m", "a"}, ResourceKey{"m2", "x.y"}));
  received = sink.on_response(response(kind::mesh(), "9", {.removed = {"m."}}));
  ASSERT_TRUE(received);
  EXPECT_TRUE(received->is_initial) << "each kind has its own first response";
  EXPECT_THAT(received->removed, ElementsAre(ResourceKey{"", "m"}));
}

TEST(DeltaSink, RefusesWithTheWords) {
  DeltaSink sink(node(), taken());
  ASSERT_TRUE(sink.on_response(response(kind::secret(), "7", {.resources = {secret("a")}})));
  Request answer = parsed(sink.refuse(kind::secret(), "user error\nno"));
  EXPECT_EQ(answer.response_nonce(), "7");
  EXPECT_EQ(answer.error_detail().message(), "user error\nno");
  EXPECT_THAT(answer.resource_names_subscribe(), ElementsAre("*"));
  auto next = sink.on_response(response(kind::secret(), "8", {}));
  ASSERT_TRUE(next);
  EXPECT_FALSE(next->is_initial) << "a refusal is an answer";
}

TEST(DeltaSink, WhatIsNotValidIsNamedAndTheRestIsGiven) {
  DeltaSink sink(node(), taken());
  auto received = sink.on_response(response(
      kind::mesh_timeout(), "1", {.resources = {timeout("bad", "-1s"), timeout("good"), timeout("worse", "-2s")}}));
  ASSERT_TRUE(received) << received.error().message;
  ASSERT_EQ(received->added.size(), 1u);
  EXPECT_EQ(received->added[0].meta.name, "good");
  EXPECT_THAT(received->invalid, ElementsAre(ResourceKey{"m", "bad"}, ResourceKey{"m", "worse"}));
  EXPECT_THAT(received->refusal, HasSubstr("spec.to[0].default.idleTimeout: "));
  EXPECT_EQ(std::ranges::count(received->refusal, '\n'), 1) << received->refusal;
}

TEST(DeltaSink, WhatCannotBeReadIsNoEndOfTheStream) {
  Response broken;
  broken.set_type_url("Secret");
  broken.set_nonce("1");
  auto add = [&](const char* name, std::string_view type_url, const std::string& value) {
    auto& to = *broken.add_resources();
    to.set_name(name);
    to.mutable_resource()->set_type_url(std::string(type_url));
    to.mutable_resource()->set_value(value);
  };
  add("foreign.m", "type.googleapis.com/other", "");
  add("rubbish.m", kuma_resource_type_url, "\xff\xff");
  add("good.m", kuma_resource_type_url, message_of(secret("good"))->bytes);
  Resource homeless = secret("homeless");
  homeless.meta.mesh.clear();
  add("homeless.", kuma_resource_type_url, message_of(homeless)->bytes);
  Resource dotted = secret("dotted");
  dotted.meta.mesh = "a.b";
  add("dotted.a.b", kuma_resource_type_url, message_of(dotted)->bytes);
  DeltaSink sink(node(), taken());
  auto received = sink.on_response(broken.SerializeAsString());
  ASSERT_TRUE(received) << received.error().message;
  ASSERT_EQ(received->added.size(), 1u);
  EXPECT_EQ(received->added[0].meta.name, "good");
  EXPECT_THAT(received->invalid, ElementsAre(ResourceKey{"m", "foreign"}, ResourceKey{"m", "rubbish"},
                                             ResourceKey{"", "homeless"}, ResourceKey{"a.b", "dotted"}));
}

TEST(DeltaSink, WhatWasNotAskedForEndsTheStream) {
  DeltaSink sink(node(), taken());
  EXPECT_EQ(sink.on_response("\xff\xff").error().code, Code::invalid_argument);
  EXPECT_EQ(sink.on_response(response(kind::dataplane(), "1", {})).error().code, Code::invalid_argument);
}

TEST(DeltaSink, NextStreamBringsTheVersionsThatWereStored) {
  DeltaSink first(node(), taken());
  ASSERT_TRUE(first.on_response(response(kind::secret(), "1", {.resources = {secret("a"), secret("b"), secret("c")}})));
  EXPECT_TRUE(first.held().empty()) << "not yet stored";
  first.acknowledge(kind::secret());
  ASSERT_TRUE(first.on_response(response(kind::secret(), "2", {.resources = {secret("new")}, .removed = {"a.m"}})));
  first.refuse(kind::secret(), "new is in the way", std::vector<ResourceKey>{{"m", "new"}});
  ASSERT_TRUE(first.on_response(response(kind::secret(), "3", {.resources = {secret("b", "YmFy")}})));

  DeltaSink second(node(), taken(), first.held());
  auto requests = second.start();
  EXPECT_TRUE(parsed(requests[0]).initial_resource_versions().empty());
  auto versions = decoded(requests[2]).initial_versions;
  EXPECT_EQ(versions,
            (std::map<std::string, std::string>{{"b.m", ""}, {"c.m", message_of(secret("c"))->version}, {"new.m", ""}}))
      << "what was refused or not answered has no version";
  auto received = second.on_response(response(kind::secret(), "1", {.resources = {secret("b", "YmFy")}}));
  ASSERT_TRUE(received);
  EXPECT_FALSE(received->is_initial) << "it is not all that there is";
  second.acknowledge(kind::secret());
  EXPECT_EQ(second.held().at("Secret").at("b.m"), message_of(secret("b", "YmFy"))->version);
}

TEST(DeltaSink, SinkWithoutANextStreamKeepsNoVersions) {
  DeltaSink sink(node(), taken(), std::nullopt);
  auto first =
      sink.on_response(response(kind::mesh_timeout(), "1", {.resources = {timeout("a"), timeout("b", "-1s")}}));
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->is_initial);
  sink.refuse(kind::mesh_timeout(), "no");
  auto second =
      sink.on_response(response(kind::mesh_timeout(), "2", {.resources = {timeout("c")}, .removed = {"a.m"}}));
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->is_initial);
  sink.acknowledge(kind::mesh_timeout());
  ASSERT_TRUE(sink.on_response(response(kind::mesh(), "3", {.removed = {"m."}})));
  EXPECT_THAT(sink.held(), IsEmpty());
}

TEST(DeltaSink, RefusalIsNoLongerThanItsLimits) {
  std::vector<Resource> bad;
  for (std::size_t i = 0; i < 3 * RefusalText::lines_max; ++i) bad.push_back(timeout("bad" + std::to_string(i), "-1s"));
  DeltaSink sink(node(), taken());
  auto received = sink.on_response(response(kind::mesh_timeout(), "1", {.resources = bad}));
  ASSERT_TRUE(received);
  EXPECT_EQ(received->invalid.size(), bad.size());
  EXPECT_EQ(std::ranges::count(received->refusal, '\n'), RefusalText::lines_max) << received->refusal;
  EXPECT_THAT(received->refusal, ::testing::EndsWith("\nand 40 more"));
}

TEST(RefusalText, CutsLongLinesBetweenCharacters) {
  RefusalText text;
  text.add(std::string(RefusalText::line_bytes_max - 1, 'a') + "\xc3\xbc");
  EXPECT_EQ(text.text(), std::string(RefusalText::line_bytes_max - 1, 'a') + "...");
  text.add("b");
  EXPECT_THAT(text.text(), ::testing::EndsWith("...\nb"));
}

TEST(DeltaSink, OfWhatIsNotUsableTheVersionThatIsStoredIsTold) {
  DeltaSink sink(node(), taken());
  ASSERT_TRUE(
      sink.on_response(response(kind::mesh_timeout(), "1", {.resources = {timeout("a"), timeout("bad", "-1s")}})));
  sink.refuse(kind::mesh_timeout(), "no");
  ASSERT_TRUE(sink.on_response(response(kind::mesh_timeout(), "2", {.resources = {timeout("a", "-1s")}})));
  sink.refuse(kind::mesh_timeout(), "no");
  EXPECT_EQ(sink.held().at("MeshTimeout"),
            (std::map<std::string, std::string>{{"a.m", message_of(timeout("a"))->version}, {"bad.m", ""}}))
      << "an earlier stream may have brought the bad one as it was when it was good";
}

TEST(DeltaSink, WithAMeshThatTheFirstResponseLacksGoesWhatWasInIt) {
  DeltaSink sink(node(), taken());
  ASSERT_TRUE(sink.on_response(response(kind::secret(), "1", {.resources = {secret("a")}})));
  sink.acknowledge(kind::secret());
  DeltaSink other = sink;
  ASSERT_TRUE(sink.on_response(response(kind::mesh(), "2", {.resources = {mesh("m")}})));
  EXPECT_EQ(sink.held().at("Secret").at("a.m"), message_of(secret("a"))->version);
  ASSERT_TRUE(other.on_response(response(kind::mesh(), "2", {.resources = {mesh("n")}})));
  EXPECT_EQ(other.held().at("Secret").at("a.m"), "");
}

TEST(DeltaSink, WithAMeshGoesWhatWasInIt) {
  DeltaSink sink(node(), taken());
  ASSERT_TRUE(sink.on_response(response(kind::secret(), "1", {.resources = {secret("a")}})));
  sink.acknowledge(kind::secret());
  ASSERT_TRUE(sink.on_response(response(kind::mesh(), "2", {.resources = {mesh("m")}})));
  sink.acknowledge(kind::mesh());
  ASSERT_TRUE(sink.on_response(response(kind::mesh(), "3", {.removed = {"m."}})));
  EXPECT_EQ(sink.held().at("Secret").at("a.m"), "");
}

}  // namespace
}  // namespace kumasim::cp::kds::testing
