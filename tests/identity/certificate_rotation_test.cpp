/// No certificate past its end is in use, and all leaves of a mesh that are handed out at one time verify against each
/// other's bundle: whatever happens to proxies, mesh and control plane.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "identity/rotation_bed.hpp"

namespace kumasim::cp::testing {
namespace {

using namespace std::chrono_literals;

TEST(CertificateRotation, EveryProxyIsRenewedAtFourFifths) {
  RotationBed bed(1);
  bed.join("a");
  bed.join("b");
  auto first = bed.held();
  bed.wait(47min);
  EXPECT_EQ(bed.held(), first);
  bed.wait(1min + 1s);
  auto second = bed.held();
  for (const char* name : {"a", "b"}) {
    EXPECT_NE(second[name], first[name]);
    EXPECT_EQ(second[name]->generation, 2u);
  }
  EXPECT_EQ(bed.complaint(), "");
}

TEST(CertificateRotation, ShortestLifetimeIsKeptUp) {
  RotationBed bed(2);
  bed.set_mesh({.leaf_lifetime = "1s"});
  bed.join("a");
  for (int i = 0; i < 60; ++i) {
    bed.wait(500ms);
    ASSERT_EQ(bed.complaint(), "");
  }
  EXPECT_LE(bed.issued(), 8u) << "ten seconds is the shortest life";
}

/// A half of a CA is not replaced, so nothing can be renewed: that must not keep the control plane busy.
TEST(CertificateRotation, RenewalThatCannotSucceedIsNotHammered) {
  RotationBed bed(3);
  bed.join("a");
  bed.lose_ca_key("ca-1");
  auto before = bed.events();
  bed.wait(48min);
  auto quiet = bed.events() - before;
  before = bed.events();
  bed.wait(48min);
  EXPECT_LT(bed.events() - before, quiet + 2'000);
  EXPECT_EQ(bed.issued(), 1u);
}

/// As the CA nears its end, certificates end with it; there is nothing to push until a new CA is there.
TEST(CertificateRotation, CaThatEndsIsNotHammeredAndCanBeReplaced) {
  RotationBed bed(4);
  bed.set_mesh({.backend = "ca-2", .ca_lifetime = "90m"});
  bed.join("a");
  bed.join("b");
  for (int i = 0; i < 89; ++i) {
    bed.wait(1min - 1s);
    ASSERT_EQ(bed.complaint(), "") << i;
  }
  EXPECT_EQ(bed.issued(), 4u) << "two at first, two that end with the CA";
  bed.wait(10min);
  EXPECT_NE(bed.complaint(), "") << "nobody can be helped";
  EXPECT_EQ(bed.issued(), 4u);
  bed.set_mesh({.backend = "ca-2"});
  bed.remove_ca("ca-2");
  EXPECT_EQ(bed.complaint(), "");
}

struct Drawn {
  int joined = 0, renewed = 0, switched = 0, remade = 0, restarted = 0;
};

void act(RotationBed& bed, Drawn& drawn) {
  static const std::vector<std::string> lifetimes = {"10s", "1m", "1h", "24h", "30d"};
  static const std::vector<std::string> names = {"a", "b", "c", "d"};
  const std::string name = *rc::gen::elementOf(names);
  const bool known = bed.known().contains(name), connected = bed.connected().contains(name);
  WantedTls wanted = bed.wanted();
  switch (*rc::gen::weightedElement<int>({{8, 0}, {5, 1}, {1, 2}, {2, 3}, {2, 4}, {4, 5}, {2, 6}, {4, 7}, {3, 8}})) {
    case 0: {
      const auto percent = *rc::gen::inRange(1, 250);
      auto held = bed.held();
      Duration life = held.empty() ? Duration(1h) : held.begin()->second->expires - held.begin()->second->generated;
      auto issued = bed.issued();
      bed.wait(life / 100 * percent);
      drawn.renewed += bed.issued() > issued ? 1 : 0;
      break;
    }
    case 1:
      if (!known) {
        bed.join(name);
        ++drawn.joined;
      } else if (!connected) {
        bed.reconnect(name);
      } else {
        bed.disconnect(name);
      }
      break;
    case 2:
      if (known) bed.leave(name);
      break;
    case 3:
      if (known) bed.retag(name, std::to_string(*rc::gen::inRange(1, 4)));
      break;
    case 4:
      wanted.leaf_lifetime = *rc::gen::elementOf(lifetimes);
      bed.set_mesh(wanted);
      break;
    case 5:
      wanted.backend = wanted.backend == "ca-1" ? "ca-2" : "ca-1";
      bed.set_mesh(wanted);
      drawn.switched += wanted.enabled ? 1 : 0;
      break;
    case 6:
      wanted.enabled = !wanted.enabled;
      bed.set_mesh(wanted);
      break;
    case 7:
      bed.remove_ca(wanted.backend);
      drawn.remade += bed.held().empty() ? 0 : 1;
      break;
    default: bed.restart(); drawn.restarted += bed.held().empty() ? 0 : 1;
  }
}

TEST(CertificateRotation, AllThatIsInUseIsValidAndVerifiesMutually) {
  Drawn drawn;
  const bool ok = rc::check("certificates in use are in their time and verify mutually", [&] {
    RotationBed bed(*rc::gen::arbitrary<std::uint64_t>());
    bed.join("a");
    const int steps = *rc::gen::inRange(1, 30);
    for (int step = 0; step < steps; ++step) {
      act(bed, drawn);
      std::string complaint = bed.complaint();
      if (!complaint.empty()) RC_FAIL(complaint);
    }
  });
  EXPECT_TRUE(ok);
  for (int count : {drawn.joined, drawn.renewed, drawn.switched, drawn.remade, drawn.restarted})
    EXPECT_GT(count, 10) << "what the property is about must happen, or nothing was tried";
}

}  // namespace
}  // namespace kumasim::cp::testing
