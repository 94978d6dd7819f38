/// The stores that the suite of store_contract_test.cpp runs against, by name: one list for each program of tests.
#pragma once

#include <string>
#include <vector>

#include "store/store_world.hpp"

namespace kumasim::cp::testing {

std::vector<std::string> contract_stores();

/// An empty store of its own, of one of those names.
std::unique_ptr<StoreWorld> make_contract_world(const std::string& name);

/// Operations of the stores of these worlds run on it, by steps that say whether there was anything to do.
boost::asio::any_io_executor contract_executor();
bool contract_step();

}  // namespace kumasim::cp::testing
