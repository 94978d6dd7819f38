/// Running a test body in the simulated and in the live world.
#include "tests/contract/world.hpp"

#include <cstdlib>
#include <filesystem>

#include "kumasim/sim/world.hpp"
#include "reference-cp/live/live_runtime.hpp"

namespace kumasim::testing {

asio::awaitable<void> guarded(ContractWorld::Body body, Runtime& runtime, bool& done) {
  try {
    co_await body(runtime);
  } catch (const std::exception& error) {
    ADD_FAILURE() << "the body threw: " << error.what();
  }
  done = true;
}

namespace {

class Simulated final : public ContractWorld {
 public:
  void run(Body body) override {
    sim::World world({.seed = 21});
    bool done = false;
    auto& process = world.add_process("subject");
    process.start(
        [&](Runtime& runtime) { spawn(runtime.executor, runtime.log, "contract", guarded(body, runtime, done)); });
    world.run_until(MonotonicTime(1min));
    EXPECT_TRUE(done) << "the body still runs after a minute";
  }
};

class Live final : public ContractWorld {
 public:
  Live() {
    auto pattern = (std::filesystem::temp_directory_path() / "kumasim-contract-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~Live() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  void run(Body body) override {
    live::LiveRuntime runtime({.data_directory = directory_});
    bool done = false;
    spawn(runtime.runtime().executor, runtime.log(), "contract", guarded(body, runtime.runtime(), done));
    auto deadline = std::chrono::steady_clock::now() + 1min;
    while (!done && std::chrono::steady_clock::now() < deadline) runtime.context().run_one_for(100ms);
    EXPECT_TRUE(done) << "the body still runs after a minute";
  }

 private:
  std::string directory_;
};

}  // namespace

std::unique_ptr<ContractWorld> make_simulated() { return std::make_unique<Simulated>(); }
std::unique_ptr<ContractWorld> make_live() { return std::make_unique<Live>(); }

}  // namespace kumasim::testing
