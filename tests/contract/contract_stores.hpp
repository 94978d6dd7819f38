/// The stores that the suite of store_contract_test.cpp runs against, by name: one list for each program of tests.
#pragma once

#include <string>
#include <vector>

#include "store/store_world.hpp"

namespace kumasim::cp::testing {

std::vector<std::string> contract_stores();

/// An empty store of its own, of one of those names.
std::unique_ptr<StoreWorld> make_contract_world(const std::string& name);

/// Operations of the stores of these worlds run on it.
boost::asio::io_context& contract_context();

}  // namespace kumasim::cp::testing
