/// Bounds by Boost.Math.
#include "kumasim/chaos/confidence.hpp"

#include <boost/math/distributions/binomial.hpp>

namespace kumasim::chaos {
namespace {

using Binomial = boost::math::binomial_distribution<double>;

double part(std::int64_t parts_per_million) { return static_cast<double>(parts_per_million) / 1e6; }

}  // namespace

Proof proof_of(std::size_t held, std::size_t runs, std::int64_t share, std::int64_t confidence) {
  if (runs == 0) return Proof::open;
  auto all = static_cast<double>(runs), good = static_cast<double>(held);
  double doubt = 1 - part(confidence);
  if (Binomial::find_lower_bound_on_p(all, good, doubt) >= part(share)) return Proof::shown;
  if (Binomial::find_upper_bound_on_p(all, good, doubt) < part(share)) return Proof::refuted;
  return Proof::open;
}

std::size_t runs_to_show(std::size_t failed, std::int64_t share, std::int64_t confidence) {
  auto enough = [&](std::size_t runs) { return proof_of(runs - failed, runs, share, confidence) == Proof::shown; };
  std::size_t high = failed + 1;
  while (!enough(high)) high *= 2;
  std::size_t low = high / 2;  // not enough, or less than failed + 1
  while (high - low > 1) {
    std::size_t middle = low + (high - low) / 2;
    (middle > failed && enough(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace kumasim::chaos
