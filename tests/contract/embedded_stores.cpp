/// Stores within the process: memory, SQLite on files and SQLite on the simulator's disk.
#include "contract/contract_stores.hpp"

namespace kumasim::cp::testing {

std::vector<std::string> contract_stores() { return {"memory", "sqlite_file", "sqlite_disk"}; }

std::unique_ptr<StoreWorld> make_contract_world(const std::string& name) { return make_world(name); }

boost::asio::io_context& contract_context() {
  static boost::asio::io_context context;
  return context;
}

}  // namespace kumasim::cp::testing
