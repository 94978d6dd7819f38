/// What a number of runs proves of all runs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kumasim::chaos {

enum class Proof {
  shown,    // the true part is at least the share
  refuted,  // it is less
  open,     // these runs show neither
};

/// Of `held` of `runs` independent runs: what they say with `confidence` of the part of all runs in which it holds, by
/// the one-sided bounds of Clopper and Pearson (Biometrika 26, 1934). Both in parts of a million, more than 0 and less
/// than all.
Proof proof_of(std::size_t held, std::size_t runs, std::int64_t share, std::int64_t confidence);

/// The least number of runs that would show it, were it to hold in all others; `failed` runs did not have it.
std::size_t runs_to_show(std::size_t failed, std::int64_t share, std::int64_t confidence);

}  // namespace kumasim::chaos
