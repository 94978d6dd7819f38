#include "tests/real_envoy/traffic_real.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <span>
#include <sstream>
#include <thread>
#include <utility>

#include "sim/envoy/config/string_match.hpp"
#include "tests/real_envoy/generated_calls.hpp"
#include "tests/real_envoy/traffic_applications.hpp"
#include "tests/real_envoy/traffic_client.hpp"
#include "tests/real_envoy/traffic_redirect.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto log_step = 10ms;
constexpr auto log_max = 10s;
/// For what a call leads to after its client has the answer: copies of it, sessions that end, hosts that are ejected.
constexpr auto rest_max = 50ms;
constexpr auto rest_step = 1ms;
constexpr const char* control_plane = "cluster.ads_cluster.";  // its streams stay
constexpr const char* active_requests = "/stats?filter=upstream_rq_(pending_)%3Factive%24";
/// For lines of which it is not known whether they will come at all (a connection that never became a request): once a
/// later call's is there, and where there is none. Envoy's one worker writes lines in order; what it hears of an
/// application that closes a connection can be a little later.
constexpr std::chrono::milliseconds overtaken_log_max = 100ms, doubtful_log_max = 1s;

}  // namespace

class RealSide::Calling {
 public:
  Calling(const RealEnvoy& envoy, std::filesystem::path access_log)
      : envoy_(envoy), access_log_(std::move(access_log)) {}

  std::vector<Observation> call(const std::vector<GeneratedCall>& calls) {
    for (const auto& one : calls) make(one);
    const auto asked = made_.size();
    // A call that was answered has a line. Where the last one was not, one that was is made again: a line at the end.
    auto answered = std::ranges::find_if(made_, [](const Made& m) { return m.second.verdict.status != 0; });
    if (answered != made_.end() && made_.back().second.verdict.status == 0) {
      auto again = calls[static_cast<std::size_t>(answered - made_.begin())];
      std::erase_if(again.call.headers, [](const auto& h) { return h.first == call_header; });
      make(again);
    }
    await_lines();
    std::vector<Observation> out;
    for (auto& [port, seen] : std::span(made_).first(asked)) {
      if (auto line = lines_.find(port); line != lines_.end()) {
        const int status = seen.verdict.status;
        seen.verdict = line->second.verdict;
        seen.verdict.status = status;
        seen.details = line->second.details;
        seen.endpoint = line->second.endpoint;
      }
      out.push_back(std::move(seen));
    }
    made_.clear();
    return out;
  }

  std::vector<Observation> observe(const std::vector<GeneratedCall>& calls) {
    applications->take_heard();
    std::map<std::string, Observation*> by_number;
    std::vector<Observation> out = call(calls);
    for (std::size_t i = 0; i < calls.size(); ++i) {
      if (calls[i].call.protocol == sim::CallProtocol::tcp || out[i].verdict.status == 0) out[i].details.clear();
      if (out[i].details == through) out[i].body.clear();
      if (auto number = sim::proxy::find_header(calls[i].call.headers, call_header)) by_number[*number] = &out[i];
    }
    std::this_thread::sleep_for(rest_max);
    for (const HeardRequest& heard : applications->take_heard()) {
      auto of = by_number.find(sim::proxy::find_header(heard.headers, call_header).value_or(""));
      if (of != by_number.end()) of->second->upstream.push_back(compared_request(heard));
    }
    for (Observation& each : out) std::ranges::sort(each.upstream);
    return out;
  }

  std::unique_ptr<Applications> applications;

 private:
  using Made = std::pair<std::uint16_t, Observation>;  ///< by the client's port

  void make(const GeneratedCall& call) {
    auto port = next_port();
    auto answer = make_call(call, port);
    settle();
    Observation seen;
    seen.verdict.status = answer.status;
    seen.answer = compared_headers(answer.headers);
    seen.body = compared_body(answer.body);
    made_.emplace_back(port, std::move(seen));
  }

  /// Until the next call finds what this one has led to: Envoy's main thread, which answers this, ejects hosts, and
  /// copies of a request may be under way for longer than it. Requests that nobody answers are not waited for.
  void settle() {
    const auto end = Clock::now() + rest_max;
    while (!at_rest() && Clock::now() < end) std::this_thread::sleep_for(rest_step);
  }

  bool at_rest() const {
    const std::string stats = envoy_.admin(active_requests);
    std::istringstream lines(stats);
    if (stats.empty()) return false;  // it did not answer
    for (std::string line; std::getline(lines, line);)
      if (!line.ends_with(": 0") && !line.starts_with(control_plane)) return false;
    return true;
  }

  void await_lines() {
    const auto start = Clock::now();
    auto sure_since = start;
    for (bool all_sure = false;; std::this_thread::sleep_for(log_step)) {
      read();
      auto logged = [&](const Made& m) { return lines_.contains(m.first); };
      if (std::ranges::all_of(made_, logged) || Clock::now() - start > log_max) return;
      if (!std::ranges::all_of(made_, [&](const Made& m) { return m.second.verdict.status == 0 || logged(m); }))
        continue;
      if (!std::exchange(all_sure, true)) sure_since = Clock::now();
      if (Clock::now() - sure_since > (logged(made_.back()) ? overtaken_log_max : doubtful_log_max)) return;
    }
  }

  /// Each call has a port of its own, or the kernel would let two calls to two listeners share one.
  std::uint16_t next_port() { return port_++; }

  /// The whole lines that have come since.
  void read() {
    std::ifstream log(access_log_);
    log.seekg(read_);
    std::string line;
    while (std::getline(log, line) && !log.eof()) {
      read_ += static_cast<std::streamoff>(line.size() + 1);
      std::istringstream in(line);
      std::string port, status;
      Observation seen;
      TrafficVerdict& v = seen.verdict;
      std::getline(in, port, '|');
      std::getline(in, v.cluster, '|');
      std::getline(in, status, '|');
      std::getline(in, v.flags, '|');
      std::getline(in, v.route, '|');
      std::getline(in, seen.endpoint, '|');
      std::getline(in, seen.details);
      for (auto* text : {&v.cluster, &v.flags, &v.route, &seen.endpoint, &seen.details})
        if (*text == "-") text->clear();
      seen.details = compared_details(seen.details);
      lines_[static_cast<std::uint16_t>(std::atoi(port.c_str()))] = std::move(seen);
    }
  }

  const RealEnvoy& envoy_;
  std::filesystem::path access_log_;
  std::streamoff read_ = 0;
  std::uint16_t port_ = 61'000;  ///< beyond ephemeral ports and those of applications
  std::vector<Made> made_;
  std::map<std::uint16_t, Observation> lines_;  ///< what the log tells
};

Result<std::unique_ptr<RealSide>> RealSide::start(const TrafficSnapshot& served, RealEnvoy::Options options,
                                                  std::filesystem::path access_log) {
  options.arguments = {"--file-flush-interval-msec", "10"};
  auto envoy = RealEnvoy::start(served.snapshot, std::move(options));
  if (!envoy) return fail(envoy.error());
  std::unique_ptr<RealSide> out(new RealSide(std::move(*envoy), std::move(access_log)));
  auto applications = out->envoy().run_inside([&] { return Applications::start(served.applications); });
  if (!applications) return fail(applications.error());
  out->calling_->applications = std::move(*applications);
  if (auto port = served.redirect_port; port != 0)
    if (auto done = out->envoy().run_inside([&] { return redirect_marked(port); }); !done) return fail(done.error());
  return out;
}

RealSide::RealSide(std::unique_ptr<RealEnvoy> envoy, std::filesystem::path access_log)
    : envoy_(std::move(envoy)), calling_(std::make_unique<Calling>(*envoy_, std::move(access_log))) {}

RealSide::~RealSide() = default;

std::vector<TrafficVerdict> RealSide::call(const std::vector<GeneratedCall>& calls) {
  std::vector<TrafficVerdict> out;
  for (Observation& each : envoy_->run_inside([&] { return calling_->call(calls); }))
    out.push_back(std::move(each.verdict));
  return out;
}

std::vector<Observation> RealSide::observe(const std::vector<GeneratedCall>& calls) {
  return envoy_->run_inside([&] { return calling_->observe(calls); });
}

}  // namespace kumasim::test
