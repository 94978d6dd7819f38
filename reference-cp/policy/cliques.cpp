/// Bron and Kerbosch's algorithm with pivoting (CACM 16, 1973).
#include "reference-cp/policy/cliques.hpp"

#include <algorithm>

namespace kumasim::cp::policy {
namespace {

using Nodes = std::vector<std::size_t>;

struct Search {
  const std::vector<std::vector<bool>>& edges;
  std::vector<Nodes>& cliques;

  Nodes neighbours(const Nodes& nodes, std::size_t of) const {
    Nodes kept;
    std::ranges::copy_if(nodes, std::back_inserter(kept), [&](std::size_t node) { return edges[of][node]; });
    return kept;
  }

  void run(const Nodes& clique, Nodes candidates, Nodes excluded) {
    if (candidates.empty() && excluded.empty()) {
      cliques.push_back(clique);
      std::ranges::sort(cliques.back());
      return;
    }
    std::size_t pivot = 0, best = 0;
    bool chosen = false;
    for (const Nodes* nodes : {&candidates, &excluded}) {
      for (std::size_t node : *nodes) {
        std::size_t degree = neighbours(candidates, node).size();
        if (!chosen || degree > best) pivot = node, best = degree, chosen = true;
      }
    }
    const Nodes open = candidates;
    for (std::size_t node : open) {
      if (edges[pivot][node]) continue;
      Nodes grown = clique;
      grown.push_back(node);
      run(grown, neighbours(candidates, node), neighbours(excluded, node));
      std::erase(candidates, node);
      excluded.push_back(node);
    }
  }
};

}  // namespace

std::vector<Nodes> maximal_cliques(std::size_t count, const std::function<bool(std::size_t, std::size_t)>& adjacent) {
  std::vector<std::vector<bool>> edges(count, std::vector<bool>(count));
  Nodes all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(i);
    for (std::size_t j = 0; j < i; ++j) edges[i][j] = edges[j][i] = adjacent(i, j);
  }
  std::vector<Nodes> cliques;
  if (count > 0) Search{edges, cliques}.run({}, all, {});
  return cliques;
}

}  // namespace kumasim::cp::policy
