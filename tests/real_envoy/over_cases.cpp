#include "tests/real_envoy/over_cases.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace kumasim::test {
namespace {

using cp::golden::Case;
using Seconds = std::chrono::duration<double>;

constexpr int at_a_time = 2;

class Work {
 public:
  Work(std::string_view what, const std::vector<Case>& cases, const std::function<bool(const Case&)>& run)
      : what_(what), cases_(cases), run_(run) {}

  void all() {
    std::vector<std::thread> threads;
    for (int i = 0; i < at_a_time; ++i) threads.emplace_back([this] { some(); });
    for (std::thread& thread : threads) thread.join();
    if (!cases_.empty()) tell();
  }

 private:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t every = 25, slowest_told = 5;

  void some() {
    for (const Case* next = take(); next; next = take()) {
      const Time begin = std::chrono::steady_clock::now();
      const bool go_on = run_(*next);
      const Seconds took = std::chrono::steady_clock::now() - begin;
      std::lock_guard lock(mutex_);
      stopped_ = stopped_ || !go_on;
      slowest_.emplace_back(took, next->id());
      std::ranges::stable_sort(slowest_, std::greater(), &Slow::first);
      if (slowest_.size() > slowest_told) slowest_.pop_back();
      if (++done_ % every == 0 && done_ < cases_.size()) tell();
    }
  }

  const Case* take() {
    std::lock_guard lock(mutex_);
    return stopped_ || taken_ == cases_.size() ? nullptr : &cases_[taken_++];
  }

  void tell() const {
    const Seconds passed = std::chrono::steady_clock::now() - start_;
    std::string line = fmt::format("{}: {} of {} cases in {:.0f} s", what_, done_, cases_.size(), passed.count());
    if (done_ < cases_.size())
      line += fmt::format(", about {:.0f} s left",
                          passed.count() / static_cast<double>(done_) * static_cast<double>(cases_.size() - done_));
    line += "; slowest:";
    for (const auto& [took, id] : slowest_) line += fmt::format(" {} {:.1f} s", id, took.count());
    fmt::print(stderr, "{}\n", line);
  }

  using Slow = std::pair<Seconds, std::string>;

  std::string what_;
  const std::vector<Case>& cases_;
  const std::function<bool(const Case&)>& run_;
  const Time start_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  std::size_t taken_ = 0, done_ = 0;
  bool stopped_ = false;
  std::vector<Slow> slowest_;
};

}  // namespace

void over_cases(std::string_view what, const std::vector<Case>& cases, const std::function<bool(const Case&)>& run) {
  Work(what, cases, run).all();
}

}  // namespace kumasim::test
