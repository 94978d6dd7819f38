/// The store in a PostgreSQL server that this program starts.
#include <cstdlib>

#include "contract/contract_stores.hpp"
#include "store/postgres_world.hpp"

namespace kumasim::cp::testing {
namespace {

/// Each opening of a store costs two connections: a few random courses must do, where nobody asks for more.
[[maybe_unused]] const int few_courses = ::setenv("RC_PARAMS", "max_success=6", 0);

}  // namespace

std::vector<std::string> contract_stores() { return {"postgres"}; }

std::unique_ptr<StoreWorld> make_contract_world(const std::string&) { return std::make_unique<PostgresWorld>(); }

boost::asio::any_io_executor contract_executor() { return PostgresServer::get().live().context().get_executor(); }

bool contract_step() {
  auto& context = PostgresServer::get().live().context();
  context.restart();
  return context.run_one() != 0;
}

}  // namespace kumasim::cp::testing
