/// Drawing at most ten times a second, or a line every ten seconds.
#include "tools/cli/progress_bar.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace kumasim::cli {
namespace {

constexpr std::size_t width = 24;

std::string clock_text(std::chrono::seconds time) {
  auto count = time.count();
  return count >= 3600 ? fmt::format("{}h{:02}m", count / 3600, count % 3600 / 60)
                       : fmt::format("{}m{:02}s", count / 60, count % 60);
}

}  // namespace

ProgressBar::ProgressBar(std::string what)
    : what_(std::move(what)), terminal_(isatty(STDERR_FILENO) == 1), begin_(Clock::now()), last_(begin_) {}

ProgressBar::~ProgressBar() {
  if (terminal_) std::fputs("\r\x1b[K", stderr);
}

void ProgressBar::show(std::size_t done, std::size_t all, const std::string& more) {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  auto now = Clock::now();
  if (now - last_ < (terminal_ ? milliseconds(100) : milliseconds(10'000))) return;
  last_ = now;
  auto passed = std::chrono::duration_cast<milliseconds>(now - begin_);
  std::string line = what_;
  if (all > 0) {
    std::size_t filled = width * done / all;
    if (terminal_) line += fmt::format(" [{}{}]", std::string(filled, '='), std::string(width - filled, ' '));
    line += fmt::format(" {} of {} ({}%)", done, all, 100 * done / all);
    if (done > 0) {
      milliseconds left = passed * static_cast<std::int64_t>(all - done) / static_cast<std::int64_t>(done);
      line += fmt::format(", {} left", clock_text(std::chrono::duration_cast<seconds>(left)));
    }
  } else {
    line += fmt::format(" {}", clock_text(std::chrono::duration_cast<seconds>(passed)));
  }
  if (!more.empty()) line += ", " + more;
  std::fputs((terminal_ ? "\r\x1b[K" + line : line + "\n").c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace kumasim::cli
