#include "tests/transport/two_worlds.hpp"

#include <vector>

#include "kumasim/sim/world.hpp"

namespace kumasim::testing {

void start_body(Runtime& runtime, const TestWorld::Main& main, std::size_t* running) {
  asio::co_spawn(runtime.executor, main(runtime), [running](std::exception_ptr escaped) {
    if (running) --*running;
    if (!escaped) return;
    try {
      std::rethrow_exception(escaped);
    } catch (const std::exception& error) {
      if (running) ADD_FAILURE() << "a client failed: " << error.what();
    }
  });
}

namespace {

class SimulatedWorld : public TestWorld {
 public:
  void server(Main main) override {
    auto& kept = keep(std::move(main));
    world_.add_process("server").start([&kept](Runtime& runtime) { start_body(runtime, kept, nullptr); });
  }

  void client(Main main) override {
    auto& kept = keep(std::move(main));
    ++running_;
    auto& process = world_.add_process("client" + std::to_string(running_));
    process.start([&kept, this](Runtime& runtime) { start_body(runtime, kept, &running_); });
  }

  void run(Duration limit) override {
    auto end = world_.now() + limit;
    while (running_ > 0 && world_.step(end)) {
    }
    EXPECT_EQ(running_, 0u) << "clients still run at the limit";
  }

  std::string server_host() const override { return "server"; }

 private:
  const Main& keep(Main main) { return *mains_.emplace_back(std::make_unique<Main>(std::move(main))); }

  std::vector<std::unique_ptr<Main>> mains_;
  std::size_t running_ = 0;
  sim::World world_;
};

}  // namespace

std::unique_ptr<TestWorld> make_test_world(const std::string& kind) {
  if (kind == "sim") return std::make_unique<SimulatedWorld>();
  return make_live_world();
}

}  // namespace kumasim::testing
