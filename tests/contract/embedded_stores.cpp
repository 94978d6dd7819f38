/// Stores within the process: memory, SQLite on files and SQLite on the simulator's disk.
#include "contract/contract_stores.hpp"

namespace kumasim::cp::testing {

std::vector<std::string> contract_stores() { return {"memory", "sqlite_file", "sqlite_disk"}; }

std::unique_ptr<StoreWorld> make_contract_world(const std::string& name) { return make_world(name); }

namespace {

boost::asio::io_context& context() {
  static boost::asio::io_context out;
  return out;
}

}  // namespace

boost::asio::any_io_executor contract_executor() { return context().get_executor(); }

bool contract_step() {
  context().restart();
  return context().run_one() != 0;
}

}  // namespace kumasim::cp::testing
