/// How a control plane's word about its proxies is read.
#include <gtest/gtest.h>

#include "scenarios/engine/rollout.hpp"

namespace kumasim::scenario {
namespace {

using Json = nlohmann::json;

Scenario two_meshes() {
  Scenario out;
  out.services = {{.name = "web", .mesh = "m", .calls = {}}, {.name = "audit", .mesh = "n", .calls = {}}};
  out.instances.push_back({.process = "web-0", .service = "web", .tags = {}, .latency = {}});
  out.instances.push_back({.process = "audit-0", .service = "audit", .tags = {}, .latency = {}});
  return out;
}

/// Both meshes have a Dataplane of either name.
Json answer() {
  Json good = {{"connected", true}, {"current", true}}, bad = {{"connected", false}, {"current", false}};
  bad["refused"]["Listener"] = "no";
  return {
      {"behind", false},
      {"proxies", {{"m", {{"web-0", good}, {"audit-0", bad}}}, {"n", {{"web-0", bad}, {"audit-0", good}}}}},
      {"policies",
       {{"MeshRetry/m/r", {{"web-0", true}, {"audit-0", false}}}, {"Mesh//n", {{"web-0", false}, {"audit-0", true}}}}}};
}

TEST(Rollout, AProcessIsTheDataplaneOfItsMesh) {
  auto read = read_rollout(answer().dump(), two_meshes());
  ASSERT_TRUE(read);
  ASSERT_EQ(read->proxies.size(), 2u);
  for (const auto& [process, proxy] : read->proxies) {
    EXPECT_TRUE(proxy.connected && proxy.current) << process;
    EXPECT_TRUE(proxy.refusals.empty()) << process;
  }
  using About = std::map<std::string, bool>;
  EXPECT_EQ(read->policies, (std::map<std::string, About>{{"MeshRetry/r", About{{"web-0", true}}},
                                                          {"Mesh/n", About{{"audit-0", true}}}}));
}

TEST(Rollout, WhoIsNotRegisteredIsNotThere) {
  Json given = answer();
  given["proxies"].erase("m");
  auto read = read_rollout(given.dump(), two_meshes());
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->proxies.contains("web-0"));
  EXPECT_TRUE(read->proxies.contains("audit-0"));
}

TEST(Rollout, WhatIsNoSuchAnswerSaysNothing) {
  EXPECT_FALSE(read_rollout("", two_meshes()));
  EXPECT_FALSE(read_rollout("403 forbidden", two_meshes()));
  EXPECT_FALSE(read_rollout(R"({"behind": false})", two_meshes()));
  Json given = answer();
  given["proxies"]["m"]["web-0"] = 5;
  EXPECT_FALSE(read_rollout(given.dump(), two_meshes()));
}

}  // namespace
}  // namespace kumasim::scenario
