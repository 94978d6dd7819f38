/// Ever smaller pieces are left out until no single part can be.
#include "kumasim/chaos/ddmin.hpp"

#include <algorithm>
#include <numeric>

namespace kumasim::chaos {
namespace {

/// `kept` without its first piece, without its second piece and so on; pieces differ in size by one at most.
std::vector<Parts> complements(const Parts& kept, std::size_t pieces) {
  std::vector<Parts> out;
  for (std::size_t i = 0; i < pieces; ++i) {
    std::size_t first = kept.size() * i / pieces, last = kept.size() * (i + 1) / pieces;
    Parts rest(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(first));
    rest.insert(rest.end(), kept.begin() + static_cast<std::ptrdiff_t>(last), kept.end());
    out.push_back(std::move(rest));
  }
  return out;
}

}  // namespace

Parts ddmin(std::size_t count, const FirstFailing& first_failing) {
  Parts kept(count);
  std::iota(kept.begin(), kept.end(), std::size_t{0});
  std::size_t pieces = 1;  // at first nothing at all is kept
  while (!kept.empty()) {
    std::vector<Parts> candidates = complements(kept, pieces);
    if (std::optional<std::size_t> found = first_failing(candidates)) {
      kept = std::move(candidates[*found]);
      pieces = std::max<std::size_t>(pieces - 1, 1);
      pieces = std::min(pieces, std::max<std::size_t>(kept.size(), 1));
      continue;
    }
    if (pieces == kept.size()) break;
    pieces = std::min(pieces * 2, kept.size());
  }
  return kept;
}

}  // namespace kumasim::chaos
