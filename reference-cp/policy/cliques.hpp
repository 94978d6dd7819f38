/// Maximal cliques of a small undirected graph.
#pragma once

#include <functional>
#include <vector>

namespace kumasim::cp::policy {

/// All maximal cliques of the nodes 0 .. count-1, each in rising order. `adjacent` is symmetric and never asked for
/// equals.
std::vector<std::vector<std::size_t>> maximal_cliques(std::size_t count,
                                                      const std::function<bool(std::size_t, std::size_t)>& adjacent);

}  // namespace kumasim::cp::policy
