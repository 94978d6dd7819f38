/// The store that control planes of the simulated world share, in a world of its own.
#include <stdexcept>

#include "contract/contract_stores.hpp"
#include "kumasim/sim/world.hpp"
#include "scenarios/engine/shared_store.hpp"
#include "scenarios/engine/store_table.hpp"

namespace kumasim::cp::testing {
namespace {

sim::World& world() {
  static sim::World out({.seed = 7});
  return out;
}

/// The process that has the stores.
sim::Process& replica() {
  static sim::Process& out = [] -> sim::Process& {
    sim::Process& process = world().add_process("replica");
    process.start([](Runtime&) {});
    world().run_for(std::chrono::seconds(1));
    return process;
  }();
  return out;
}

/// Each has a table of its own.
class SharedWorld : public StoreWorld {
 public:
  SharedWorld() : process_(world().add_process("store-" + std::to_string(++count_))) {
    scenario::start_store_table(process_, [](const std::string& what) { throw std::runtime_error(what); });
    world().run_for(std::chrono::seconds(1));
  }
  ~SharedWorld() override { process_.kill(); }

  Result<std::unique_ptr<Store>> open() override {
    auto opened =
        run_by(contract_executor(), contract_step, scenario::SharedStore::open(replica().runtime(), process_.name()));
    if (!opened) return fail(opened.error());
    return std::move(*opened);
  }
  bool is_durable() const override { return true; }

 private:
  static inline int count_ = 0;
  sim::Process& process_;
};

}  // namespace

std::vector<std::string> contract_stores() { return {"shared"}; }

std::unique_ptr<StoreWorld> make_contract_world(const std::string&) { return std::make_unique<SharedWorld>(); }

boost::asio::any_io_executor contract_executor() { return replica().runtime().executor; }

bool contract_step() { return world().step(world().now() + std::chrono::hours(1)); }

}  // namespace kumasim::cp::testing
