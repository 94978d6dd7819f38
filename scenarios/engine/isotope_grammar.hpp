/// The shape of Isotope's topologies.
#pragma once

#include "kumasim/scenario/grammar.hpp"

namespace kumasim::scenario {

const Grammar& isotope_grammar();

}  // namespace kumasim::scenario
