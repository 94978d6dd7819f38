/// Which cases of the corpus a run takes.
#pragma once

#include <string_view>
#include <vector>

#include "tests/golden/corpus.hpp"

namespace kumasim::test {

/// KUMASIM_ENVOY_CASES is there: what cannot be compared then is a failure, otherwise a test is skipped.
bool cases_are_asked_for();

/// Of the whole corpus, those that KUMASIM_ENVOY_CASES in the environment names ("all", the second of four parts as
/// "2/4", or areas and AREA/CASE between spaces), otherwise those that the words of `sample` name. A name that is not
/// there fails the running test.
std::vector<cp::golden::Case> chosen_cases(const std::vector<cp::golden::Case>& all, std::string_view sample);

}  // namespace kumasim::test
