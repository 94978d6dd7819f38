#include <boost/asio/io_context.hpp>

#include "reference-cp/live/live_runtime.hpp"
#include "tests/transport/two_worlds.hpp"

namespace kumasim::testing {

namespace {

class LiveWorld : public TestWorld {
 public:
  void server(Main main) override { start_body(live_.runtime(), keep(std::move(main)), nullptr); }

  void client(Main main) override {
    ++running_;
    start_body(live_.runtime(), keep(std::move(main)), &running_);
  }

  void run(Duration limit) override {
    auto end = std::chrono::steady_clock::now() + limit;
    while (running_ > 0 && std::chrono::steady_clock::now() < end)
      live_.context().run_one_for(std::chrono::milliseconds(100));
    EXPECT_EQ(running_, 0u) << "clients still run at the limit";
  }

  std::string server_host() const override { return "127.0.0.1"; }

 private:
  const Main& keep(Main main) { return *mains_.emplace_back(std::make_unique<Main>(std::move(main))); }

  std::vector<std::unique_ptr<Main>> mains_;
  std::size_t running_ = 0;
  live::LiveRuntime live_{{.log = {.level = LogLevel::off}}};
};

}  // namespace

std::unique_ptr<TestWorld> make_live_world() { return std::make_unique<LiveWorld>(); }

}  // namespace kumasim::testing
