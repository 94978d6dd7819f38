/// Work on cases of the corpus, some at a time.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "tests/golden/corpus.hpp"

namespace kumasim::test {

/// Two at a time: Envoys wait more than they compute. No further case is begun once `run` has returned false. Every so
/// many cases, and at the end, a line on standard error tells how far `what` is and which cases took long.
void over_cases(std::string_view what, const std::vector<cp::golden::Case>& cases,
                const std::function<bool(const cp::golden::Case&)>& run);

}  // namespace kumasim::test
