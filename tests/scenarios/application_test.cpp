/// Applications, scripts and loads as the loader reads and refuses them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/scenario_texts.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr std::string_view shop = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: shop}
spec:
  duration: 30s
  topology:
    services:
    - {name: web, calls: [front]}
    - name: front
      calls: [cart, {to: stock, path: /all}]
      concurrency: 8
      queue: 100
      overflow: drop
      script:
      - sleep: {law: normal, mean: 5ms, deviation: 1ms}
      - - call: cart
        - call: {to: stock, times: 3, atOnce: true, timeout: 500ms, retries: {max: 2, backoff: 10ms, budget: 20%}}
      - call: {to: stock, path: /one, size: 2KiB, probability: 50%, retries: 1}
    - {name: cart, capacity: 200/s, errors: {rate: 1%, status: 500}, brownout: {fraction: 10%, factor: 20}}
    - name: stock
      latency: {law: bimodal, fast: 1ms, slow: 1s, share: 1%}
      errors: 2%
      responseSize: 16KiB
      slowness: {every: 1m, for: 5s, factor: 10, shared: false}
      versions:
      - {name: old, instances: 1, errors: 50%}
      - {name: new, instances: 1}
  resources:
  - {type: Mesh, name: default}
  load:
  - {from: web, to: front, users: 20, think: 1s, timeout: 3s, retries: 4, method: POST, headers: {X-User: "7"}}
  expect:
  - always: availability(front -> stock) >= 90%
)";

/// The scenario above with a part replaced.
std::string replaced(std::string_view from, std::string_view to) { return scenario::replaced(shop, from, to); }

TEST(Applications, AreReadWithTheirScripts) {
  auto loaded = load_scenario(shop, "s.yaml");
  ASSERT_TRUE(loaded) << errors(std::string(shop));
  const Application& front = loaded->find_instance("front-0")->application;
  EXPECT_EQ(front.concurrency, 8u);
  EXPECT_EQ(front.queue, 100u);
  EXPECT_TRUE(front.drop);
  ASSERT_EQ(front.script.size(), 3u);
  EXPECT_EQ(front.script[0].sleep->law, DelayLaw::Law::normal);
  EXPECT_EQ(front.script[0].sleep->b, 1ms);
  ASSERT_EQ(front.script[1].together.size(), 2u);
  EXPECT_EQ(front.script[1].together[0].call->to, "cart");
  const InnerCall& thrice = *front.script[1].together[1].call;
  EXPECT_EQ(thrice.path, "/all") << "of the outbound";
  EXPECT_EQ(thrice.times, 3u);
  EXPECT_TRUE(thrice.at_once);
  EXPECT_EQ(thrice.timeout, 500ms);
  EXPECT_EQ(thrice.retries.most, 2u);
  EXPECT_EQ(thrice.retries.backoff, 10ms);
  EXPECT_EQ(thrice.retries.backoff_max, 100ms);
  EXPECT_EQ(thrice.retries.budget_ppm, 200'000);
  const InnerCall& one = *front.script[2].call;
  EXPECT_EQ(one.path, "/one");
  EXPECT_EQ(one.bytes, 2048u);
  EXPECT_EQ(one.probability_ppm, 500'000);
  EXPECT_EQ(one.retries.most, 1u);
  const Application& cart = loaded->find_instance("cart-0")->application;
  EXPECT_EQ(cart.between_starts, 5ms);
  EXPECT_EQ(cart.errors_ppm, 10'000);
  EXPECT_EQ(cart.error_status, 500);
  EXPECT_EQ(cart.brownout.share_ppm, 100'000);
  EXPECT_EQ(cart.brownout.factor, 20u);
  const Instance& stock = *loaded->find_instance("stock-new-0");
  EXPECT_EQ(stock.latency.law, DelayLaw::Law::bimodal);
  EXPECT_EQ(stock.latency.b_ppm, 10'000);
  EXPECT_EQ(stock.application.errors_ppm, 20'000);
  EXPECT_EQ(stock.application.response_bytes, 16'384u);
  EXPECT_EQ(stock.application.slowness.every, 1min);
  EXPECT_FALSE(stock.application.slowness.shared);
  EXPECT_EQ(loaded->find_instance("stock-old-0")->application.errors_ppm, 500'000) << "a version says otherwise";
  EXPECT_FALSE(stock.application.plain());
  EXPECT_TRUE(loaded->find_instance("web-0")->application.plain());
  EXPECT_THAT(loaded->flows(), ElementsAre(Pair("web", "front"), Pair("front", "cart"), Pair("front", "stock")));
}

TEST(Loads, AreOpenOrClosed) {
  auto loaded = load_scenario(shop, "s.yaml");
  ASSERT_TRUE(loaded);
  const Load& load = loaded->load[0];
  EXPECT_EQ(load.users, 20u);
  EXPECT_EQ(load.think.a, 1s);
  EXPECT_EQ(load.timeout, 3s);
  EXPECT_EQ(load.retries.most, 4u);
  EXPECT_EQ(load.retries.backoff, 25ms);
  EXPECT_EQ(load.head.method, "POST");
  EXPECT_THAT(load.head.headers, ElementsAre(Pair("x-user", "7")));
}

struct Refused {
  const char* name;
  const char* from;
  const char* to;
  const char* error;
};

std::ostream& operator<<(std::ostream& out, const Refused& refused) { return out << refused.name; }

class ApplicationRefuses : public testing::TestWithParam<Refused> {};

TEST_P(ApplicationRefuses, AndSaysWhereAndWhy) {
  EXPECT_THAT(errors(replaced(GetParam().from, GetParam().to)), HasSubstr(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    Table, ApplicationRefuses,
    testing::ValuesIn(std::vector<Refused>{
        {"CallWithoutOutbound", "call: cart", "call: web",
         "s.yaml:16:11: spec.topology.services[1].script[1][0].call: `front` has no outbound to `web` (add it to the "
         "service's `calls`)"},
        {"CycleOfScripts", "{name: cart,", "{name: cart, calls: [front], script: [{call: front}],",
         "requests to `front` come back to it by the scripts: they would never end"},
        {"QueueThatNothingFills", "      concurrency: 8\n", "",
         "s.yaml:11:7: spec.topology.services[1].queue: nothing waits: there is neither `concurrency` nor `capacity`"},
        {"OverflowOfAnEndlessQueue", "      queue: 100\n", "", "the queue has no limit: there is no `queue`"},
        {"StepWithTwoDeeds", "      - - call: cart", "      - {sleep: 1ms, call: cart}\n      - - call: cart",
         "expected exactly one of sleep, call, found 2 fields"},
        {"UnknownStep", "call: cart", "cal: cart", "did you mean `call`?"},
        {"ListInAList", "      - - call: cart", "      - - - call: cart",
         "s.yaml:16:11: spec.topology.services[1].script[1][0]: expected an object, found a list"},
        {"BadSize", "2KiB", "2KB", "expected a size such as 512B, 16KiB or 1MiB, found `2KB`"},
        {"LargeSize", "2KiB", "2000MiB", "expected at most 1024MiB"},
        {"BudgetOfNothing", "budget: 20%", "budget: 0%", "allows no retry at all"},
        {"ShortBackoffMax", "backoff: 10ms", "backoff: 10ms, backoffMax: 1ms", "is below `backoff`"},
        {"NoTimeout", "timeout: 500ms", "timeout: 0s", "must be above 0s and at most 1h"},
        {"NoSlowTime", "for: 5s", "for: 0s", "spec.topology.services[3].slowness.for: must be above 0s"},
        {"BimodalWithoutShare", ", share: 1%", "", "law `bimodal` needs fast and slow and share"},
        {"BothKindsOfLoad", "users: 20", "users: 20, rate: 5/s", "a load needs either `rate` or `users`"},
        {"NeitherKindOfLoad", "users: 20, think: 1s, ", "", "a load needs either `rate` or `users`"},
        {"ThinkingWithoutUsers", "users: 20", "rate: 5/s", "has no meaning for a load with `rate`"},
        {"LawOfUsers", "users: 20", "users: 20, law: const", "has no meaning for a load with `users`"},
        {"MethodInSmallLetters", "method: POST", "method: post",
         "expected a method of HTTP such as POST, found `post`"},
        {"HeaderOfTheClientsOwn", "X-User", "Host", "load[0].headers.Host: is made by the client itself"},
        {"HeaderThatIsNone", "X-User", "'x user'", "is no name of a header"},
        {"HeaderOfTwoLines", "\"7\"", "\"7\\n8\"", "load[0].headers.X-User: has more than one line"},
        {"MethodOfGrpc", "- name: front\n", "- name: front\n      protocol: grpc\n",
         "load[0].method: calls of `front` are gRPC: POST"},
        {"HeadersOfTcp", "- name: front\n", "- name: front\n      protocol: tcp\n",
         "load[0].method: `front` has `protocol: tcp`"},
        {"FlowThatNobodyMakes", "availability(front -> stock)", "availability(cart -> stock)",
         "there is no load from `cart` to `stock`"},
    }),
    [](const auto& info) { return info.param.name; });

/// The callee is read after the script.
TEST(Applications, ScriptsSayWhatTheirCallsMay) {
  auto wrong = [](const std::string& call, const std::string& protocol) {
    std::string text = replaced("call: cart\n", "call: " + call + "\n");
    return errors(scenario::replaced(text, "{name: cart,", "{name: cart, protocol: " + protocol + ","));
  };
  EXPECT_EQ(wrong("{to: cart, method: PUT, headers: {x-a: b}}", "http"), "");
  EXPECT_EQ(wrong("{to: cart, headers: {x-a: b}}", "grpc"), "");
  EXPECT_THAT(wrong("{to: cart, method: PUT}", "grpc"),
              HasSubstr("script[1][0].call.method: calls of `cart` are gRPC: POST"));
  EXPECT_THAT(wrong("{to: cart, headers: {TE: b}}", "grpc"),
              HasSubstr("script[1][0].call.headers.te: calls of `cart` are gRPC, which sets it"));
  EXPECT_THAT(wrong("{to: cart, method: PUT}", "tcp"),
              HasSubstr("script[1][0].call.method: `cart` has `protocol: tcp`"));
  EXPECT_THAT(wrong("{to: cart, method: CONNECT}", "http"), HasSubstr("call.method: asks for a tunnel"));
}

/// The text with cart's application as given and with one fault.
std::string faulty(const std::string& application, const std::string& fault) {
  auto text = replaced("{name: cart, capacity: 200/s,", "{name: cart, " + application);
  return text.replace(text.find("  load:"), 0, "  faults:\n  - {at: 1s, for: 1s, fault: " + fault + "}\n");
}

TEST(SlowingFaults, AreRefusedWhereTheyChangeNothing) {
  const std::string slow = "app.slow, target: cart-0, by: 50%", stopped = "app.slow, target: cart-0, by: 100%";
  const std::string brownout = "app.brownout, select: {service: cart}, fraction: 50%, factor: 5";
  EXPECT_THAT(errors(faulty("latency: 0s,", slow)),
              HasSubstr("spec.faults[0]: app.slow would change nothing: whom it strikes has neither a `latency`, a "
                        "`capacity` nor a `sleep` in its script (give the service a `latency`)"));
  EXPECT_THAT(
      errors(faulty("latency: 0s, capacity: 200/s,", brownout)),
      HasSubstr("spec.faults[0]: app.brownout would change nothing: whom it strikes has neither a `latency` nor "
                "a `sleep` in its script"));
  EXPECT_EQ(errors(faulty("", slow)), "") << "the default latency";
  EXPECT_EQ(errors(faulty("", brownout)), "");
  EXPECT_EQ(errors(faulty("latency: 0s,", stopped)), "") << "it answers nothing";
  EXPECT_EQ(errors(faulty("latency: 0s, capacity: 200/s,", slow)), "");
  for (const auto& fault : {slow, brownout})
    EXPECT_EQ(errors(faulty("latency: 0s, script: [[{sleep: 1ms}]],", fault)), "");
}

}  // namespace
}  // namespace kumasim::scenario
