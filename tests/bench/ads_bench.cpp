/// ADS: N in-process proxies x 50 services in a mesh with mutual TLS. Times are the control plane's turns only.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <fmt/format.h>

#include "reference-cp/xds/type_url.hpp"
#include "tests/bench/ads_bed.hpp"

namespace kumasim::cp::bench {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

std::size_t heap_in_use() {
  auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

Json timeout_body(int number) {
  Json all = {{"kind", "Mesh"}};
  Json conf = {{"connectionTimeout", fmt::format("{}ms", 7101 + number)},
               {"http", {{"requestTimeout", fmt::format("{}ms", 13301 + number)}}}};
  return {{"type", "MeshTimeout"},
          {"mesh", "perf"},
          {"name", "perf-timeout"},
          {"spec", {{"targetRef", all}, {"to", Json::array({Json{{"targetRef", all}, {"default", conf}}})}}}};
}

/// One more instance of a service, without a proxy of its own.
Json instance_body(const std::string& service, const std::string& address) {
  Json inbound = {{"port", 8080}, {"tags", {{"kuma.io/service", service}, {"kuma.io/protocol", "http"}}}};
  return {{"type", "Dataplane"},
          {"mesh", "perf"},
          {"name", "extra-" + service},
          {"networking", {{"address", address}, {"inbound", Json::array({inbound})}}}};
}

/// Adds up the costs of a benchmark's iterations.
class Report {
 public:
  explicit Report(benchmark::State& state) : state_(state) {}
  void add(const Cost& cost) {
    state_.SetIterationTime(cost.wall);
    cpu_ += cost.cpu;
  }
  void count(const char* name, double value) {
    state_.counters[name] = benchmark::Counter(value, benchmark::Counter::kAvgIterations);
  }
  ~Report() { count("cpu_ms", cpu_ * 1000); }

 private:
  benchmark::State& state_;
  double cpu_ = 0;
};

void connect_all(benchmark::State& state, AdsVariant variant, bool brings_dataplane) {
  Report report(state);
  double bytes = 0, heap = 0, insights = 0, generations = 0;
  auto n = static_cast<double>(state.range(0));
  for (auto _ : state) {
    AdsBed bed({.proxies = static_cast<int>(state.range(0)), .variant = variant, .brings_dataplane = brings_dataplane});
    std::size_t before = heap_in_use();
    report.add(bed.connect());
    heap += static_cast<double>(heap_in_use() - before);
    bytes += static_cast<double>(bed.received().bytes);
    generations += static_cast<double>(bed.counts().generations);
    if (!bed.settled()) state.SkipWithError("a proxy is not configured");
    insights += bed.wait(2s).cpu;
  }
  report.count("pushed_KB/proxy", bytes / n / 1e3);
  report.count("heap_KB/proxy", heap / n / 1e3);
  report.count("generations/proxy", generations / n);
  report.count("insights_cpu_ms", insights * 1000);
}

/// One bed a shape: connecting takes longer than what is measured.
AdsBed& connected(int proxies, AdsVariant variant) {
  static std::map<std::pair<int, AdsVariant>, std::unique_ptr<AdsBed>> beds;
  std::unique_ptr<AdsBed>& bed = beds[{proxies, variant}];
  if (!bed) {
    bed = std::make_unique<AdsBed>(Shape{.proxies = proxies, .variant = variant});
    bed->connect();
    bed->write(timeout_body(0));
    bed->write(instance_body("service-0", "127.200.7.1"));
    bed->write(instance_body("unused", "127.200.7.1"));
    bed->wait(20s);
  }
  (void)bed->received();
  return *bed;
}

void policy_change(benchmark::State& state, AdsVariant variant) {
  AdsBed& bed = connected(static_cast<int>(state.range(0)), variant);
  Report report(state);
  double bytes = 0;
  static int number = 0;
  for (auto _ : state) {
    report.add(bed.write(timeout_body(++number)));
    Received received = bed.received();
    bytes += static_cast<double>(received.bytes);
    bool all = received.proxies[std::string(type_url::cluster)] == bed.shape().proxies &&
               received.proxies[std::string(type_url::listener)] == bed.shape().proxies;
    if (!all || !bed.settled()) state.SkipWithError("the change has not reached every proxy");
  }
  report.count("pushed_KB/proxy", bytes / static_cast<double>(state.range(0)) / 1e3);
}

/// `service` is "service-0" or "unused"; who does not use it must not be sent anything.
void endpoint_change(benchmark::State& state, AdsVariant variant, const std::string& service) {
  AdsBed& bed = connected(static_cast<int>(state.range(0)), variant);
  int users = service == "unused" ? 0 : bed.users(0);
  Report report(state);
  double bytes = 0, generations = static_cast<double>(bed.counts().generations);
  static int number = 0;
  for (auto _ : state) {
    ++number;
    std::string address = fmt::format("127.200.{}.{}", number / 200 % 200 + 10, number % 200 + 10);
    bed.mark(address);
    report.add(bed.write(instance_body(service, address)));
    Received received = bed.received();
    bytes += static_cast<double>(received.bytes);
    if (received.marked != users || static_cast<int>(received.responses) != users || !bed.settled())
      state.SkipWithError(
          fmt::format("{} responses, {} with the endpoint, for {} users", received.responses, received.marked, users)
              .c_str());
  }
  report.count("pushed_KB/user", users == 0 ? 0 : bytes / users / 1e3);
  report.count("users", users * static_cast<double>(state.iterations()));
  report.count("generations", static_cast<double>(bed.counts().generations) - generations);
}

constexpr auto world = AdsVariant::state_of_the_world;
constexpr auto delta = AdsVariant::delta;

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgName("proxies")->Arg(100)->Arg(300)->Arg(1000)->UseManualTime()->Unit(benchmark::kMillisecond);
}
void once(benchmark::internal::Benchmark* bench) {
  sizes(bench);
  bench->Iterations(1);
}
void some(benchmark::internal::Benchmark* bench) {
  sizes(bench);
  bench->Iterations(5);
}

BENCHMARK_CAPTURE(connect_all, sotw, world, false)->Apply(once);
BENCHMARK_CAPTURE(connect_all, delta, delta, false)->Apply(once);
BENCHMARK_CAPTURE(connect_all, sotw_registering, world, true)->Apply(once);
BENCHMARK_CAPTURE(policy_change, sotw, world)->Apply(some);
BENCHMARK_CAPTURE(endpoint_change, sotw_used, world, "service-0")->Apply(some);
BENCHMARK_CAPTURE(endpoint_change, sotw_unused, world, "unused")->Apply(some);
BENCHMARK_CAPTURE(policy_change, delta, delta)->Apply(some);
BENCHMARK_CAPTURE(endpoint_change, delta_used, delta, "service-0")->Apply(some);

}  // namespace
}  // namespace kumasim::cp::bench
