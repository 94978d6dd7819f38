/// What tests against closed forms share: how long to run, and how exact a mean is that a run has measured.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace kumasim::test {

/// Runs of minutes, with the tolerances that the closed forms are meant to be met with (ctest label `soak`).
inline bool full_length() {
  const char* wish = std::getenv("KUMASIM_CLOSED_FORMS");
  return wish != nullptr && std::string_view(wish) == "full";
}

struct Estimate {
  double mean = 0;
  double error = 0;  ///< standard error of the mean
};

/// By the means of consecutive batches, which are nearly independent where a batch is long.
inline Estimate of_batches(const std::vector<double>& means) {
  Estimate out;
  auto count = static_cast<double>(means.size());
  for (double mean : means) out.mean += mean / count;
  double squares = 0;
  for (double mean : means) squares += (mean - out.mean) * (mean - out.mean);
  out.error = std::sqrt(squares / (count - 1) / count);
  return out;
}

/// By independent replicas of a run, where what was drawn in a replica (its load, say) has a known expectation: of each
/// measured value that part is taken off which a straight line through the replicas explains by what was drawn
/// (control variates: Lavenberg and Welch, A Perspective on the Use of Control Variables, 1981). The error is exact
/// where all replicas vary alike around the line, and near saturation, where they do not, an estimate.
/// REQUIRES: three replicas at least, and not all drawn alike.
inline Estimate with_control(const std::vector<double>& measured, const std::vector<double>& drawn, double expected) {
  auto count = static_cast<double>(measured.size());
  double y = 0, x = 0, xx = 0, xy = 0, squares = 0;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    y += measured[i] / count;
    x += drawn[i] / count;
  }
  for (std::size_t i = 0; i < measured.size(); ++i) {
    xx += (drawn[i] - x) * (drawn[i] - x);
    xy += (drawn[i] - x) * (measured[i] - y);
  }
  double slope = xy / xx;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    double rest = measured[i] - y - slope * (drawn[i] - x);
    squares += rest * rest;
  }
  double variance = squares / (count - 2);
  return {.mean = y - slope * (x - expected),
          .error = std::sqrt(variance * (1 / count + (x - expected) * (x - expected) / xx))};
}

inline void tell(const std::string& what, double measured, double closed_form) {
  std::printf("  %s: %.5g, closed form %.5g\n", what.c_str(), measured, closed_form);
}

/// A mean may lie off its closed form by the tolerance, in a short run by four of its standard errors more; a standard
/// error of 5 % of the closed form or more says that the run is too short to judge it.
inline void expect_near(const std::string& what, const Estimate& measured, double closed_form, double tolerance) {
  double allowed = closed_form * tolerance + (full_length() ? 0 : 4 * measured.error);
  std::printf("  %s: %.5g +- %.2g, closed form %.5g, allowed +- %.2g\n", what.c_str(), measured.mean, measured.error,
              closed_form, allowed);
  EXPECT_LT(measured.error, 0.05 * closed_form) << what << ": the run is too short";
  EXPECT_NEAR(measured.mean, closed_form, allowed) << what;
}

}  // namespace kumasim::test
