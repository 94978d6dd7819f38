/// Isotope's topologies become scenarios that load; what does not fit is refused with its line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kumasim/scenario/isotope.hpp"
#include "tests/scenarios/scenario_texts.hpp"

namespace kumasim::scenario {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view graph = R"(apiVersion: v1alpha1
kind: MockServiceGraph
defaults:
  requestSize: 1 KB
  responseSize: 16 KB
  numReplicas: 2
  numRbacPolicies: 3
services:
- name: a
  errorRate: 0.01%
  responseSize: 128
  script:
  - sleep: 100ms
- name: b
  type: grpc
  errorRate: 0.5
  numReplicas: 1
- name: "1"
  script:
  - call: {service: a, size: 10K}
  - call: b
- name: d
  isEntrypoint: true
  script:
  - - call: a
    - call: {service: "1", probability: 50}
  - sleep: 10ms
  - call: b
)";

TEST(Isotope, BecomesAScenario) {
  auto made = scenario_from_isotope(graph, "g.yaml", {.rate = "20/s"});
  ASSERT_TRUE(made) << made.error()[0].text();
  EXPECT_THAT(made->notes, ElementsAre(HasSubstr("`numRbacPolicies` has no counterpart")));
  auto loaded = load_scenario(made->yaml, "made.yaml");
  ASSERT_TRUE(loaded) << loaded.error()[0].text() << "\n" << made->yaml;
  EXPECT_EQ(loaded->services.size(), 5u);
  EXPECT_EQ(loaded->instances.size(), 1 + 2 + 1 + 2 + 2u);
  const Application& a = loaded->find_instance("a-1")->application;
  EXPECT_EQ(a.errors_ppm, 100);
  EXPECT_EQ(a.error_status, 500);
  EXPECT_EQ(a.response_bytes, 128u);
  EXPECT_EQ(a.script[0].sleep->a, std::chrono::milliseconds(100));
  EXPECT_EQ(loaded->find_instance("a-0")->latency.a, Duration(0));
  const Application& b = loaded->find_instance("b-0")->application;
  EXPECT_EQ(b.errors_ppm, 500'000);
  EXPECT_EQ(b.response_bytes, 16'384u);
  EXPECT_EQ(loaded->find_service("b")->protocol, "grpc");
  const Application& c = loaded->find_instance("1-0")->application;
  EXPECT_EQ(c.script[0].call->bytes, 10'240u);
  EXPECT_EQ(c.script[1].call->bytes, 1'024u);
  const Application& d = loaded->find_instance("d-0")->application;
  ASSERT_EQ(d.script.size(), 3u);
  ASSERT_EQ(d.script[0].together.size(), 2u);
  EXPECT_EQ(d.script[0].together[1].call->to, "1");
  EXPECT_EQ(d.script[0].together[1].call->probability_ppm, 500'000);
  ASSERT_EQ(loaded->load.size(), 1u);
  EXPECT_EQ(loaded->load[0].from, "client");
  EXPECT_EQ(loaded->load[0].to, "d");
  EXPECT_EQ(loaded->load[0].between_calls, std::chrono::milliseconds(50));
}

struct Refused {
  const char* name;
  const char* from;
  const char* to;
  const char* error;
};

std::ostream& operator<<(std::ostream& out, const Refused& refused) { return out << refused.name; }

class IsotopeRefuses : public testing::TestWithParam<Refused> {};

TEST_P(IsotopeRefuses, AndSaysWhereAndWhy) {
  auto made = scenario_from_isotope(replaced(graph, GetParam().from, GetParam().to), "g.yaml", {});
  ASSERT_FALSE(made) << made->yaml;
  EXPECT_THAT(lines_of(made.error()), HasSubstr(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(Table, IsotopeRefuses,
                         testing::ValuesIn(std::vector<Refused>{
                             {"UnknownService", "call: b\n- name: d", "call: bb\n- name: d",
                              "g.yaml:21:5: services[2].script[1].call: there is no service `bb` (did you mean `b`?)"},
                             {"NoEntrypoint", "  isEntrypoint: true\n", "", "no service has `isEntrypoint: true`"},
                             {"UnknownField", "numReplicas: 2", "replicas: 2",
                              "g.yaml:6:3: defaults.replicas: unknown field"},
                             {"BadPercentage", "0.01%", "1.5", "expected a percentage such as 0.01%"},
                             {"PercentageAboveAll", "0.01%", "101%", "is above 100%"},
                             {"PercentageTooSmall", "0.01%", "0.00001%", "below 0.0001%"},
                             {"BadSize", "10K", "10 potatoes", "expected a size such as 128, 10K or 1 KB"},
                             {"LargeSize", "10K", "10G", "services[2].script[0].call.size: is above 1024MiB"},
                             {"BadSleep", "sleep: 10ms", "sleep: soon", "expected a duration such as 100ms"},
                             {"BadName", "name: d", "name: D", "a name of small letters, digits and dashes"},
                             {"NameOfTheClient", "name: d", "name: client", "is the name of the client"},
                             {"ListInAList", "  - - call: a", "  - - - call: a", "g.yaml:25:"},
                         }),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace kumasim::scenario
