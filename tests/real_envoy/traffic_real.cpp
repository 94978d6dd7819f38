#include "tests/real_envoy/traffic_real.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "tests/real_envoy/traffic_applications.hpp"
#include "tests/real_envoy/traffic_client.hpp"
#include "tests/real_envoy/traffic_redirect.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto log_step = 10ms;
/// For lines of which it is not known whether they will come at all (a connection that never became a request).
constexpr auto doubtful_log_max = 1s;
constexpr auto log_max = 10s;

}  // namespace

class RealSide::Calling {
 public:
  explicit Calling(std::filesystem::path access_log) : access_log_(std::move(access_log)) {}

  std::vector<TrafficVerdict> call(const std::vector<GeneratedCall>& calls) {
    std::vector<std::pair<std::uint16_t, TrafficVerdict>> made;
    std::size_t sure = 0;
    for (const auto& one : calls) {
      auto port = next_port();
      auto answer = make_call(one, port);
      TrafficVerdict verdict;
      verdict.status = answer.status;
      made.emplace_back(port, std::move(verdict));
      sure += answer.status != 0;
    }
    auto start = Clock::now();
    auto enough = [&] {
      auto seen = std::count_if(made.begin(), made.end(), [&](const auto& m) { return lines_.contains(m.first); });
      if (static_cast<std::size_t>(seen) == made.size()) return true;
      auto waited = Clock::now() - start;
      return waited > log_max || (static_cast<std::size_t>(seen) >= sure && waited > doubtful_log_max);
    };
    for (read(); !enough(); read()) std::this_thread::sleep_for(log_step);
    std::vector<TrafficVerdict> out;
    for (auto& [port, verdict] : made) {
      if (auto line = lines_.find(port); line != lines_.end()) {
        verdict.cluster = line->second.cluster;
        verdict.flags = line->second.flags;
        verdict.route = line->second.route;
      }
      out.push_back(std::move(verdict));
    }
    return out;
  }

  std::unique_ptr<Applications> applications;

 private:
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
      TrafficVerdict v;
      std::getline(in, port, '|');
      std::getline(in, v.cluster, '|');
      std::getline(in, status, '|');
      std::getline(in, v.flags, '|');
      std::getline(in, v.route, '|');
      for (auto* text : {&v.cluster, &v.flags, &v.route})
        if (*text == "-") text->clear();
      lines_[static_cast<std::uint16_t>(std::atoi(port.c_str()))] = std::move(v);
    }
  }

  std::filesystem::path access_log_;
  std::streamoff read_ = 0;
  std::uint16_t port_ = 61'000;  ///< beyond ephemeral ports and those of applications
  std::map<std::uint16_t, TrafficVerdict> lines_;
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
    : envoy_(std::move(envoy)), calling_(std::make_unique<Calling>(std::move(access_log))) {}

RealSide::~RealSide() = default;

std::vector<TrafficVerdict> RealSide::call(const std::vector<GeneratedCall>& calls) {
  return envoy_->run_inside([&] { return calling_->call(calls); });
}

}  // namespace kumasim::test
