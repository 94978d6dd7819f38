/// The row of a shared store's table (store_table.hpp) that says which of its control planes leads.
#pragma once

#include <memory>
#include <string>

#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/leader/lease_election.hpp"

namespace kumasim::scenario {

/// `table` is the process that has it. The parts of `runtime` must outlive the election.
std::unique_ptr<cp::Election> make_table_election(const Runtime& runtime, std::string table);

}  // namespace kumasim::scenario
