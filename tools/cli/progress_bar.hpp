/// How far long work has come: a line that is written over on a terminal, a new line now and then elsewhere.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace kumasim::cli {

/// On standard error. With `all` known it tells the time that is left.
class ProgressBar {
 public:
  explicit ProgressBar(std::string what);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `all` 0 where nobody knows how much there is; `done` counts from this bar's begin.
  void show(std::size_t done, std::size_t all, const std::string& more);

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  bool terminal_;
  Clock::time_point begin_, last_{};
};

}  // namespace kumasim::cli
