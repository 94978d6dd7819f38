/// Faults of one resource whose times overlap, and changes meanwhile: it ends as it is without the faults.
#include <gtest/gtest.h>

#include "tests/scenarios/fault_mesh.hpp"

namespace kumasim::scenario {
namespace {

/// The permission that lets web call backend.
std::string strike(std::string_view at, std::string_view lasts, std::string_view fault) {
  return fmt::format("  - {{at: {}, for: {}, fault: {}, kind: MeshTrafficPermission, name: all}}\n", at, lasts, fault);
}

/// A policy in shadow counts for nothing.
const std::string shadow = "cfg.labelFlip, label: kuma.io/effect, value: shadow";

const std::string deny_at_7s = R"(  changes:
  - at: 7s
    apply: {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Deny}}]}}
)";

std::string reachable(std::string_view from, std::string_view to) {
  return fmt::format("  - during: {{from: {}, to: {}, that: reachable(web -> backend)}}\n", from, to);
}

/// A listener that access control changes drains its connections, on which some calls still go as they did.
std::string open(std::string_view from, std::string_view to) {
  return fmt::format("  - during: {{from: {}, to: {}, that: \"availability(web -> backend) >= 80%\"}}\n", from, to);
}
std::string closed(std::string_view from, std::string_view to) {
  return fmt::format("  - during: {{from: {}, to: {}, that: \"availability(web -> backend) <= 20%\"}}\n", from, to);
}

const std::string converged = "  - eventually: {after: 12s, within: 8s, that: converged}\n";

TEST(ResourceFaults, OfTwoFlipsOfALabelTheSecondEndsWithWhatWasBeforeTheFirst) {
  EXPECT_EQ(broken("20s", "  faults:\n" + strike("5s", "5s", shadow) + strike("8s", "4s", shadow),
                   reachable("0s", "5s") + closed("7s", "11900ms") + open("14s", "20s") + converged),
            "");
}

TEST(ResourceFaults, TheFirstMayEndLast) {
  EXPECT_EQ(broken("20s", "  faults:\n" + strike("5s", "7s", shadow) + strike("6s", "3s", shadow),
                   reachable("0s", "5s") + closed("7s", "11900ms") + open("14s", "20s") + converged),
            "");
}

TEST(ResourceFaults, WhatIsWrittenFromAllSidesWhileItsLabelIsFlippedLosesBoth) {
  EXPECT_EQ(broken("20s", "  faults:\n" + strike("5s", "5s", shadow) + strike("8s", "4s", "cfg.conflict"),
                   reachable("0s", "5s") + closed("7s", "9900ms") + open("14s", "20s") + converged),
            "");
}

TEST(ResourceFaults, WhatIsDeletedWhileItsLabelIsFlippedComesBackAsItWas) {
  EXPECT_EQ(broken("20s", "  faults:\n" + strike("5s", "5s", shadow) + strike("8s", "4s", "cfg.deleteRecreate"),
                   reachable("0s", "5s") + closed("7s", "11900ms") + open("14s", "20s") + converged),
            "");
}

TEST(ResourceFaults, AllThatEndAtOnceLeaveItAsItWas) {
  EXPECT_EQ(broken("20s",
                   "  faults:\n" + strike("5s", "7s", shadow) + strike("6s", "6s", "cfg.conflict") +
                       strike("7s", "5s", "cfg.deleteRecreate"),
                   reachable("0s", "5s") + closed("7s", "11900ms") + open("14s", "20s") + converged),
            "");
}

TEST(ResourceFaults, AChangeMeanwhileStays) {
  for (const char* fault : {"cfg.conflict", "cfg.deleteRecreate", shadow.c_str()}) {
    EXPECT_EQ(broken("20s", deny_at_7s + "  faults:\n" + strike("5s", "5s", fault),
                     reachable("0s", "5s") + closed("12s", "20s") + converged),
              "")
        << fault;
  }
}

TEST(ResourceFaults, ChangesAtTheSameMomentAreNotLost) {
  EXPECT_EQ(broken("20s", deny_at_7s + "  faults:\n" + strike("7s", "3s", shadow),
                   reachable("0s", "7s") + closed("12s", "20s") + converged),
            "");
}

}  // namespace
}  // namespace kumasim::scenario
