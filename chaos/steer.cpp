/// Counting pairs of a kind and a probe.
#include "kumasim/chaos/steer.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace kumasim::chaos {
namespace {

struct Seen {
  std::set<std::string> probes;
  std::size_t runs = 0;
};

void count(const SeedResult& result, std::map<std::string, Seen>& out) {
  for (const auto& [kind, times] : result.struck) {
    if (times == 0) continue;
    Seen& seen = out[kind];
    ++seen.runs;
    seen.probes.insert(result.probes.begin(), result.probes.end());
  }
  for (const SeedResult& branch : result.branches) count(branch, out);
}

}  // namespace

std::vector<std::string> seen_least(const std::vector<std::string>& kinds, const std::vector<SeedResult>& results) {
  std::map<std::string, Seen> seen;
  for (const SeedResult& result : results) count(result, seen);
  std::vector<std::string> out = kinds;
  std::ranges::stable_sort(out, {}, [&](const std::string& kind) {
    const Seen& of = seen[kind];
    return std::pair(of.probes.size(), of.runs);
  });
  out.resize((out.size() + 3) / 4);
  return out;
}

}  // namespace kumasim::chaos
