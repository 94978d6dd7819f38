/// Who gives on a delta stream: what is sent when, after which answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kds/delta_bed.hpp"

namespace kumasim::cp::kds::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string version_of(const Resource& resource) { return message_of(resource)->version; }

TEST(DeltaSource, FirstRequestIsAnsweredOnceTheSnapshotIsKnown) {
  DeltaSource source("global");
  EXPECT_THAT(source.on_request(first_request("Secret")).send, IsEmpty());
  auto actions = source.on_snapshot("Secret", snapshot_of({secret("a"), secret("b")}));
  ASSERT_EQ(actions.send.size(), 1u);
  Response response;
  ASSERT_TRUE(response.ParseFromString(actions.send[0].bytes));
  EXPECT_EQ(response.type_url(), "Secret");
  EXPECT_EQ(response.nonce(), "1");
  EXPECT_EQ(response.control_plane().identifier(), "global");
  ASSERT_EQ(response.resources_size(), 2);
  EXPECT_EQ(response.resources(0).name(), "a.m");
  EXPECT_EQ(response.resources(0).version(), version_of(secret("a")));
  EXPECT_EQ(response.resources(0).resource().type_url(), kuma_resource_type_url);
  auto read = from_message(kind::secret(), response.resources(0).resource());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->spec, secret("a").spec);
  EXPECT_FALSE(source.settled());
  EXPECT_FALSE(source.on_request(answer_to(actions.send[0])).answer->refusal.has_value());
  EXPECT_TRUE(source.settled());
}

TEST(DeltaSource, ThatThereIsNothingIsSaidOnce) {
  DeltaSource source("global");
  source.on_snapshot("Secret", snapshot_of({}));
  auto actions = source.on_request(first_request("Secret"));
  ASSERT_EQ(actions.send.size(), 1u);
  EXPECT_THAT(actions.send[0].names, IsEmpty());
  EXPECT_THAT(source.on_request(answer_to(actions.send[0])).send, IsEmpty());
  EXPECT_THAT(source.on_snapshot("Secret", snapshot_of({})).send, IsEmpty());
}

TEST(DeltaSource, KindThatIsNotGivenIsEmptyOnceAllAreKnown) {
  DeltaSource source("global");
  EXPECT_THAT(source.on_request(first_request("MeshTimeout")).send, IsEmpty());
  auto actions = source.on_complete();
  ASSERT_EQ(actions.send.size(), 1u);
  EXPECT_EQ(actions.send[0].kind, "MeshTimeout");
  EXPECT_EQ(source.on_request(first_request("Unknown")).send.size(), 1u);
}

TEST(DeltaSource, WhatChangesWhileAResponseIsOpenIsInTheNext) {
  DeltaSource source("global");
  source.on_request(first_request("Secret"));
  auto first = source.on_snapshot("Secret", snapshot_of({secret("a"), secret("b")}));
  EXPECT_THAT(source.on_snapshot("Secret", snapshot_of({secret("a", "YmFy"), secret("b")})).send, IsEmpty());
  EXPECT_THAT(source.on_snapshot("Secret", snapshot_of({secret("a", "YmFy"), secret("c")})).send, IsEmpty());
  auto next = source.on_request(answer_to(first.send[0]));
  ASSERT_EQ(next.send.size(), 1u);
  EXPECT_THAT(next.send[0].names, ElementsAre("a.m", "c.m"));
  EXPECT_THAT(next.send[0].removed, ElementsAre("b.m"));
  EXPECT_THAT(source.on_request(answer_to(next.send[0])).send, IsEmpty());
  EXPECT_TRUE(source.settled());
}

TEST(DeltaSource, KindsDoNotWaitForEachOther) {
  DeltaSource source("global");
  source.on_request(first_request("Mesh"));
  source.on_request(first_request("Secret"));
  EXPECT_EQ(source.on_snapshot("Mesh", snapshot_of({mesh("m")})).send.size(), 1u);
  EXPECT_EQ(source.on_snapshot("Secret", snapshot_of({secret("a")})).send.size(), 1u);
}

TEST(DeltaSource, OldAndUnknownNoncesSayNothing) {
  DeltaSource source("global");
  source.on_request(first_request("Secret"));
  auto first = source.on_snapshot("Secret", snapshot_of({secret("a")}));
  source.on_request(answer_to(first.send[0]));
  auto second = source.on_snapshot("Secret", snapshot_of({secret("b")}));
  ASSERT_EQ(second.send.size(), 1u);
  source.on_snapshot("Secret", snapshot_of({secret("c")}));
  for (const char* nonce : {"1", "99", "x"}) {
    auto request = answer_to(first.send[0], "no");
    request.response_nonce = nonce;
    auto actions = source.on_request(request);
    EXPECT_FALSE(actions.answer.has_value()) << nonce;
    EXPECT_THAT(actions.send, IsEmpty()) << nonce;
  }
  EXPECT_EQ(source.on_request(answer_to(second.send[0])).send.size(), 1u);
}

TEST(DeltaSource, RefusalKeepsNothingElseBack) {
  DeltaSource source("global");
  source.on_request(first_request("Secret"));
  auto first = source.on_snapshot("Secret", snapshot_of({secret("a"), secret("bad")}));
  auto actions = source.on_request(answer_to(first.send[0], "bad is bad"));
  ASSERT_TRUE(actions.answer && actions.answer->refusal);
  EXPECT_EQ(actions.answer->refusal->message, "bad is bad");
  EXPECT_THAT(actions.send, IsEmpty()) << "it is not sent again as it was";
  EXPECT_THAT(source.refused().at("Secret"), ElementsAre("a.m", "bad.m"));
  auto next = source.on_snapshot("Secret", snapshot_of({secret("a"), secret("bad"), secret("c")}));
  ASSERT_EQ(next.send.size(), 1u);
  EXPECT_THAT(next.send[0].names, ElementsAre("c.m"));
  source.on_request(answer_to(next.send[0]));
  auto better = source.on_snapshot("Secret", snapshot_of({secret("a"), secret("bad", "YmFy"), secret("c")}));
  ASSERT_EQ(better.send.size(), 1u);
  EXPECT_THAT(better.send[0].names, ElementsAre("bad.m"));
  source.on_request(answer_to(better.send[0]));
  EXPECT_THAT(source.refused().at("Secret"), ElementsAre("a.m"));
}

TEST(DeltaSource, RefusedIsTriedAgainWhenToldTo) {
  DeltaSource source("global");
  source.on_request(first_request("Secret"));
  auto first = source.on_snapshot("Secret", snapshot_of({secret("a"), secret("b"), secret("c")}));
  EXPECT_THAT(source.retry_refused().send, IsEmpty());
  source.on_request(answer_to(first.send[0], "no"));
  auto changed = source.on_snapshot("Secret", snapshot_of({secret("a", "YmFy"), secret("b")}));
  ASSERT_EQ(changed.send.size(), 1u) << "a has changed, c has gone";
  EXPECT_THAT(source.retry_refused().send, IsEmpty()) << "a response is open";
  auto again = source.on_request(answer_to(changed.send[0]));
  ASSERT_EQ(again.send.size(), 1u);
  EXPECT_THAT(again.send[0].names, ElementsAre("b.m"));
  EXPECT_THAT(again.send[0].removed, IsEmpty());
  source.on_request(answer_to(again.send[0]));
  EXPECT_THAT(source.refused(), IsEmpty());
  EXPECT_THAT(source.retry_refused().send, IsEmpty());
}

TEST(DeltaSource, RefusedRemovalIsTriedAgainToo) {
  DeltaSource source("global");
  source.on_request(first_request("Secret"));
  auto first = source.on_snapshot("Secret", snapshot_of({secret("a")}));
  source.on_request(answer_to(first.send[0]));
  auto removal = source.on_snapshot("Secret", snapshot_of({}));
  source.on_request(answer_to(removal.send[0], "no"));
  auto again = source.retry_refused();
  ASSERT_EQ(again.send.size(), 1u);
  EXPECT_THAT(again.send[0].removed, ElementsAre("a.m"));
}

TEST(DeltaSource, StreamThatBringsVersionsIsSentWhatDiffers) {
  DeltaSource source("global");
  source.on_snapshot("Secret", snapshot_of({secret("a"), secret("b"), secret("new")}));
  auto actions =
      source.on_request(first_request("Secret", {{"a.m", version_of(secret("a"))}, {"b.m", "old"}, {"gone.m", "x"}}));
  ASSERT_EQ(actions.send.size(), 1u);
  EXPECT_THAT(actions.send[0].names, ElementsAre("b.m", "new.m"));
  EXPECT_THAT(actions.send[0].removed, ElementsAre("gone.m"));

  DeltaSource same("global");
  same.on_snapshot("Secret", snapshot_of({secret("a")}));
  EXPECT_THAT(same.on_request(first_request("Secret", {{"a.m", version_of(secret("a"))}})).send, IsEmpty());
}

TEST(DeltaSource, NamesAreServedAsAskedFor) {
  DeltaSource source("global");
  source.on_snapshot("Secret", snapshot_of({secret("a"), secret("b"), secret("c")}));
  auto request = first_request("Secret");
  request.subscribe = {"a.m", "none.m"};
  auto actions = source.on_request(request);
  ASSERT_EQ(actions.send.size(), 1u);
  EXPECT_THAT(actions.send[0].names, ElementsAre("a.m"));
  auto answer = answer_to(actions.send[0]);
  answer.subscribe = {"b.m"};
  answer.unsubscribe = {"a.m"};
  actions = source.on_request(answer);
  ASSERT_EQ(actions.send.size(), 1u);
  EXPECT_THAT(actions.send[0].names, ElementsAre("b.m"));
  EXPECT_THAT(actions.send[0].removed, IsEmpty()) << "it asked not to be told of a";
}

TEST(DeltaSource, MeshThatComesAgainBringsWhatIsInIt) {
  DeltaSource source("global");
  source.on_request(first_request("Mesh"));
  source.on_request(first_request("Secret"));
  auto meshes = source.on_snapshot("Mesh", snapshot_of({mesh("m"), mesh("other")}));
  auto secrets = source.on_snapshot("Secret", snapshot_of({secret("a")}));
  auto gone = source.on_request(answer_to(meshes.send[0]));
  gone = source.on_snapshot("Mesh", snapshot_of({mesh("other")}));
  EXPECT_THAT(source.on_snapshot("Secret", snapshot_of({})).send, IsEmpty()) << "its response is open";
  source.on_request(answer_to(gone.send[0]));
  EXPECT_EQ(source.on_snapshot("Mesh", snapshot_of({mesh("m"), mesh("other")})).send.size(), 1u);
  EXPECT_THAT(source.on_snapshot("Secret", snapshot_of({secret("a")})).send, IsEmpty());
  auto again = source.on_request(answer_to(secrets.send[0]));
  ASSERT_EQ(again.send.size(), 1u) << "the other side removed it with the mesh";
  EXPECT_THAT(again.send[0].names, ElementsAre("a.m"));
}

TEST(DeltaSource, FullResponseOfMeshesTakesAlongWhatIsInOthers) {
  DeltaSource source("global");
  source.on_request(first_request("Secret"));
  auto secrets = source.on_snapshot("Secret", snapshot_of({secret("a")}));
  source.on_request(answer_to(secrets.send[0]));
  source.on_snapshot("Mesh", snapshot_of({mesh("other")}));
  auto meshes = source.on_request(first_request("Mesh"));
  ASSERT_EQ(meshes.send.size(), 2u) << "the other side may have had mesh m";
  EXPECT_EQ(meshes.send[0].kind, "Mesh");
  EXPECT_THAT(meshes.send[1].names, ElementsAre("a.m"));

  DeltaSource later("global");
  later.on_snapshot("Mesh", snapshot_of({mesh("other")}));
  later.on_snapshot("Secret", snapshot_of({secret("a")}));
  later.on_request(first_request("Mesh"));
  auto again = later.on_request(first_request("Secret", {{"a.m", version_of(secret("a"))}}));
  ASSERT_EQ(again.send.size(), 1u);
  EXPECT_THAT(again.send[0].names, ElementsAre("a.m"));
}

TEST(DeltaSource, StreamMayNotAskForTooMuch) {
  DeltaSource source("global", {.kinds_max = 2, .names_max = 4, .name_bytes_max = 5});
  auto broken = [&](const DeltaDiscoveryRequest& request) {
    auto actions = source.on_request(request);
    return actions.refused && actions.refused->code == Code::resource_exhausted;
  };
  EXPECT_TRUE(broken(first_request("MeshTimeout"))) << "a long name";
  EXPECT_TRUE(broken(first_request("a", {{"long-name", "1"}})));
  EXPECT_FALSE(broken(first_request("a", {{"1", ""}, {"2", ""}})));
  EXPECT_TRUE(broken(first_request("b", {{"1", ""}, {"2", ""}}))) << "a third and a fourth, and the star";
  EXPECT_FALSE(broken(first_request("b", {{"1", ""}})));
  EXPECT_TRUE(broken(first_request("c"))) << "a third kind";
  auto names = first_request("a");
  names.subscribe = {"1"};
  EXPECT_FALSE(broken(names));
  EXPECT_TRUE(broken(names)) << "all that there may be is taken";
  EXPECT_EQ(source.on_request(first_request("")).refused->code, Code::invalid_argument);
}

TEST(DeltaSource, VersionMayNotBeLongEither) {
  DeltaSource source("global", {.kinds_max = 2, .names_max = 4, .name_bytes_max = 5});
  auto actions = source.on_request(first_request("a", {{"1", "version"}}));
  ASSERT_TRUE(actions.refused);
  EXPECT_EQ(actions.refused->code, Code::resource_exhausted);
}

TEST(DeltaSource, NamesThatAreGivenUpAgainCountWhileTheyAreKept) {
  DeltaSource source("global", {.kinds_max = 2, .names_max = 100, .name_bytes_max = 100});
  source.on_request(first_request("Secret"));
  source.on_snapshot("Secret", snapshot_of({secret("a"), secret("b")}));  // its response stays open
  int turns = 0;
  for (std::optional<Error> refused; !refused && turns < 1000; ++turns) {
    auto request = first_request("Secret");
    request.subscribe = request.unsubscribe = {"n" + std::to_string(turns) + ".m"};
    refused = source.on_request(request).refused;
    if (refused) EXPECT_EQ(refused->code, Code::resource_exhausted);
  }
  EXPECT_EQ(turns, 101);
}

TEST(DeltaSource, RefusedNamesCountToo) {
  DeltaSource source("global", {.kinds_max = 2, .names_max = 100, .name_bytes_max = 100});
  source.on_request(first_request("Secret"));
  auto actions = source.on_snapshot("Secret", snapshot_of({secret("a")}));
  int turns = 0;
  for (; turns < 1000 && !actions.refused; ++turns) {
    ASSERT_FALSE(actions.send.empty());
    auto request = answer_to(actions.send[0], "no");
    request.subscribe = request.unsubscribe = {"n" + std::to_string(turns) + ".m"};
    actions = source.on_request(request);
  }
  EXPECT_LT(turns, 110);
}

TEST(DeltaSource, WhatThisSideGivesIsNoMatterOfTheLimit) {
  DeltaSource source("global", {.kinds_max = 2, .names_max = 2, .name_bytes_max = 100});
  source.on_request(first_request("Secret"));
  auto actions = source.on_snapshot("Secret", snapshot_of({secret("a"), secret("b"), secret("c"), secret("d")}));
  EXPECT_FALSE(source.on_request(answer_to(actions.send[0])).refused);
}

}  // namespace
}  // namespace kumasim::cp::kds::testing
