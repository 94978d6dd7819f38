/// Applications as queues: M/M/1, M/M/c, and fan-out, against their closed forms.
#include <gtest/gtest.h>

#include "sim/apps/load.hpp"
#include "tests/traffic/bed.hpp"
#include "tests/traffic/closed_forms.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;

/// Applications and clients on machines of their own, without proxies.
class Queues : public ::testing::Test {
 protected:
  /// What comes by chance stays as it is on the way.
  Queues() { bed.world.network().set_default_link({.delay = sim::DelayLaw::constant(250us)}); }

  sim::Process& process(const std::string& name) {
    auto& made = bed.world.add_process(name);
    made.start([](Runtime&) {});
    bed.world.run_for(Duration(1));
    return made;
  }

  sim::Instance& serve(const std::string& name, sim::InstanceOptions options) {
    auto& at = process(name);
    options.host = at.address();
    options.port = 80;
    auto app = std::make_shared<sim::Instance>(bed.fabric, at, std::move(options));
    at.keep(app);
    return *app;
  }

  sim::Call to(const std::string& name) {
    sim::Call call;
    call.address = bed.world.find_process(name)->address();
    call.port = 80;
    call.timeout = {};
    return call;
  }

  void load(const std::string& client, sim::Call call, std::uint64_t per_second_milli, sim::CallSink sink) {
    auto& at = process(client);
    at.keep(std::make_shared<sim::Load>(
        bed.fabric, at,
        sim::LoadOptions{
            .call = std::move(call), .per_second_milli = per_second_milli, .law = sim::LoadOptions::Law::poisson},
        std::move(sink)));
  }

  Bed bed;
};

/// The part of arrivals that wait in M/M/c with offered load a (Erlang's C formula).
double erlang_c(int servers, double a) {
  double term = 1, sum = 0;
  for (int k = 0; k < servers; ++k) {
    sum += term;
    term *= a / (k + 1);
  }
  double waiting = term / (1 - a / servers);
  return waiting / (sum + waiting);
}

struct Station {
  int servers;
  std::uint64_t per_second_milli;
  int short_run;  ///< arrivals; 0: only a long run tells
};

std::ostream& operator<<(std::ostream& out, const Station& station) { return out << station.servers << " servers"; }

class MarkovQueue : public Queues, public testing::WithParamInterface<Station> {};

TEST_P(MarkovQueue, waits_and_works_as_long_as_the_closed_form) {
  const auto [servers, rate, short_run] = GetParam();
  if (short_run == 0 && !full_length()) GTEST_SKIP() << "needs a long run: KUMASIM_CLOSED_FORMS=full";
  constexpr double service = 0.010;
  auto& app = serve("app", {.latency = {.kind = sim::LatencyLaw::Kind::exponential, .mean = 10ms},
                            .concurrency_max = static_cast<std::uint32_t>(servers)});
  load("clients", to("app"), rate, {});
  double arrivals = static_cast<double>(rate) / 1000;
  double a = arrivals * service;
  double wait = erlang_c(servers, a) / (servers / service - arrivals);

  const int batches = full_length() ? 100 : 20;
  const auto batch =
      std::chrono::milliseconds(static_cast<int>((full_length() ? 30'000'000 : 50. * short_run) / arrivals));
  std::vector<double> waits, work;
  for (int i = 0; i < batches; ++i) {
    auto before = app.counts();
    bed.world.run_for(batch);
    auto after = app.counts();
    waits.push_back(std::chrono::duration<double>(after.waited - before.waited).count() /
                    static_cast<double>(after.begun - before.begun));
    work.push_back(std::chrono::duration<double>(after.busy - before.busy) / batch / servers);
  }
  auto waited = of_batches(waits), used = of_batches(work);
  expect_near("wait in s", waited, wait, 0.02);
  expect_near("utilisation", used, a / servers, 0.02);
}

INSTANTIATE_TEST_SUITE_P(ClosedForms, MarkovQueue,
                         testing::Values(Station{1, 50'000, 16'000}, Station{1, 70'000, 32'000}, Station{4, 320'000, 0},
                                         Station{10, 850'000, 0}),
                         [](const auto& info) {
                           return "M_M_" + std::to_string(info.param.servers) + "_at_" +
                                  std::to_string(info.param.per_second_milli / 1000) + "_a_second";
                         });

/// A worker that is limited by its rate alone is M/D/1: half of M/M/1's wait (Pollaczek and Khinchine).
TEST_F(Queues, a_capacity_makes_requests_wait_as_for_a_server_of_constant_time) {
  auto& app = serve("app", {.latency = {.mean = 0ms}, .between_starts = 10ms});
  load("clients", to("app"), 70'000, {});
  const double wait = 0.7 * 0.010 / (2 * (1 - 0.7));
  std::vector<double> waits;
  for (int i = 0; i < 20; ++i) {
    auto before = app.counts();
    bed.world.run_for(full_length() ? 1000s : 15s);
    auto after = app.counts();
    waits.push_back(std::chrono::duration<double>(after.waited - before.waited).count() /
                    static_cast<double>(after.begun - before.begun));
  }
  auto waited = of_batches(waits);
  expect_near("wait in s", waited, wait, 0.02);
}

class FanOut : public Queues, public testing::WithParamInterface<std::uint32_t> {};

/// A request is slow where one of its calls is: 1 - 0.99^n of them (Dean and Barroso, The Tail at Scale, 2013).
TEST_P(FanOut, is_slow_as_often_as_the_closed_form) {
  const auto width = GetParam();
  sim::InstanceOptions leaf;
  leaf.latency.other = sim::DelayLaw::bimodal({.fast = 1ms, .slow = 1s, .slow_ppm = 10'000});
  serve("leaf", leaf);
  sim::ScriptStep step;
  step.call = sim::ScriptCall{.call = to("leaf"), .times = width, .at_once = true};
  serve("front", {.latency = {.mean = 0ms}, .script = {step}});
  if (width < 100 && !full_length()) GTEST_SKIP() << "needs a long run: KUMASIM_CLOSED_FORMS=full";
  const int requests = full_length() ? 20'000 : 250;
  int slow = 0, answered = 0;
  auto& at = process("clients");
  at.keep(std::make_shared<sim::Load>(
      bed.fabric, at,
      sim::LoadOptions{.call = to("front"), .per_second_milli = 10'000, .duration = 100ms * requests - 1ms},
      [&](const sim::CallResult& result) {
        ASSERT_EQ(result.status, 200) << explain(result);
        ++answered;
        slow += result.latency > 500ms;
      }));
  bed.world.run_for(100ms * requests + 5s);
  ASSERT_EQ(answered, requests);
  double part = 1 - std::pow(0.99, width);
  double share = static_cast<double>(slow) / requests;
  // The standard error is known here, in long runs too.
  const double error = std::sqrt(part * (1 - part) / requests);
  std::printf("  share of slow requests: %.5g, closed form %.5g, allowed +- %.2g\n", share, part, 4 * error);
  EXPECT_LT(error, 0.05 * part);
  EXPECT_NEAR(share, part, 4 * error);
}

INSTANTIATE_TEST_SUITE_P(ClosedForms, FanOut, testing::Values(20u, 100u),
                         [](const auto& info) { return std::to_string(info.param) + "_wide"; });

}  // namespace
}  // namespace kumasim::test
