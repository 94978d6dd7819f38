/// Which of two policies has the last word.
///
/// Sources: Kuma docs "Policies: how policies are combined"; each pair has a recording of real Kuma 2.12.14 under
/// precedence/ that shows the same winner.
#include <ostream>

#include <gtest/gtest.h>

#include "tests/policy/world.hpp"

namespace kumasim::cp::policy::testing {
namespace {

struct Side {
  const char* name;
  const char* labels;
  const char* target_ref;
};

struct Pair {
  const char* recording;
  Side winner, loser;
};

std::ostream& operator<<(std::ostream& out, const Pair& pair) { return out << pair.recording; }

class Precedence : public ::testing::TestWithParam<Pair> {};

TEST_P(Precedence, LastOneWinsInEitherOrder) {
  const Pair& pair = GetParam();
  auto policy = [](const Side& side) { return timeout_policy(side.name, side.labels, side.target_ref); };
  PolicyPtr winner = policy(pair.winner), loser = policy(pair.loser);
  for (std::vector<PolicyPtr> policies : {std::vector{winner, loser}, std::vector{loser, winner}}) {
    sort_policies(policies);
    EXPECT_EQ(policies.back(), winner) << pair.recording;
  }
}

constexpr const char* mesh = R"({"kind":"Mesh"})";
constexpr const char* subset = R"({"kind":"MeshSubset","tags":{"a":"b"}})";
constexpr const char* service = R"({"kind":"MeshService","name":"web"})";
constexpr const char* service_subset = R"({"kind":"MeshServiceSubset","name":"web","tags":{"a":"b"}})";
constexpr const char* dataplane = R"({"kind":"Dataplane"})";
constexpr const char* by_labels = R"({"kind":"Dataplane","labels":{"app":"web"}})";
constexpr const char* by_name = R"({"kind":"Dataplane","name":"web"})";
constexpr const char* by_name_section = R"({"kind":"Dataplane","name":"web","sectionName":"main"})";
constexpr const char* by_labels_section = R"({"kind":"Dataplane","labels":{"app":"web"},"sectionName":"main"})";

INSTANTIATE_TEST_SUITE_P(
    Pairs, Precedence,
    ::testing::Values(
        Pair{"mesh-vs-dataplane", {"b", "", dataplane}, {"a", "", mesh}},
        Pair{"dataplane-vs-subset", {"b", "", subset}, {"a", "", by_name}},
        Pair{"subset-vs-service", {"b", "", service}, {"a", "", subset}},
        Pair{"dataplane-vs-service", {"b", "", service}, {"a", "", by_name}},
        Pair{"service-vs-mesh", {"b", "", service}, {"a", "", mesh}},
        Pair{"service subset", {"b", "", service_subset}, {"a", "", service}},
        Pair{"name-vs-labels", {"b", "", by_name}, {"a", "", by_labels}},
        Pair{"rules-name-vs-section-labels", {"b", "", by_name}, {"a", "", by_labels_section}},
        Pair{"section", {"b", "", by_name_section}, {"a", "", by_name}},
        Pair{"name-order: the first name wins", {"a", "", mesh}, {"b", "", mesh}},
        Pair{"display-name", {"z", "kuma.io/display-name: a", mesh}, {"b", "", mesh}},
        Pair{"origin: zone over global", {"b", "kuma.io/origin: zone", mesh}, {"a", "kuma.io/origin: global", mesh}},
        Pair{"origin: none over global", {"b", "", mesh}, {"a", "kuma.io/origin: global", mesh}},
        Pair{"origin: zone over none", {"b", "kuma.io/origin: zone", mesh}, {"a", "", mesh}},
        Pair{"kind comes before origin", {"b", "kuma.io/origin: global", service}, {"a", "kuma.io/origin: zone", mesh}},
        Pair{"role: producer over system", {"b", "kuma.io/policy-role: producer", mesh}, {"a", "", mesh}},
        Pair{"role: consumer over producer",
             {"b", "kuma.io/policy-role: consumer", mesh},
             {"a", "kuma.io/policy-role: producer", mesh}},
        Pair{"role: workload owner over consumer",
             {"b", "kuma.io/policy-role: workload-owner", mesh},
             {"a", "kuma.io/policy-role: consumer", mesh}},
        Pair{"origin comes before role",
             {"b", "kuma.io/origin: zone", mesh},
             {"a", "kuma.io/origin: global, kuma.io/policy-role: workload-owner", mesh}}));

}  // namespace
}  // namespace kumasim::cp::policy::testing
