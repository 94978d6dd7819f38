/// What an exploration keeps of a run: the faults that really struck.
#include <gtest/gtest.h>

#include "scenarios/explore/outcome.hpp"
#include "tests/chaos/explore_bed.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

/// As the engine numbers them: the place in the file from 1, how often it has struck before, the part.
std::uint64_t id_of(std::uint64_t place, std::uint64_t turn, std::uint64_t part) {
  return (place + 1) << 48 | turn << 20 | part;
}

TEST(Outcome, CountsTheFaultsThatBegan) {
  std::string text = with_expectations("  - always: converged\n");
  text.insert(text.find("  changes:"),
              "  - {when: {event: proxy.acked, occurrence: all}, fault: tcp.reset, target: web-0}\n"
              "  - {when: {event: proxy.nacked}, fault: proc.restart, target: web-0}\n"
              "  - {at: 50s, for: 10s, fault: net.flap, between: [web, backend]}\n");
  Source source = source_of(text);
  ASSERT_EQ(source.scenario.faults.size(), 5u);
  WorldRun run;
  auto began = [&](std::uint64_t id) { run.course.faults.push_back({.id = id, .kind = "", .text = "", .begin = 1s}); };
  began(id_of(0, 0, 1));
  began(id_of(2, 0, 1));
  began(id_of(2, 1, 1));
  for (std::uint64_t part = 1; part <= 5; ++part) began(id_of(4, 0, part));
  EXPECT_EQ(outcome_of(source.scenario, run).struck,
            (std::map<std::string, std::uint64_t>{{"proc.kill", 1}, {"tcp.reset", 2}, {"net.flap", 1}}));
}

}  // namespace
}  // namespace kumasim::scenario
