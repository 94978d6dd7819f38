#include "scenarios/engine/table_lease.hpp"

#include <optional>
#include <utility>

#include "scenarios/engine/table_messages.hpp"

namespace kumasim::scenario {
namespace {

class TableRow final : public cp::LeaseRow {
 public:
  TableRow(const Runtime& runtime, std::string table, Duration operation_max)
      : runtime_(runtime), table_(std::move(table)), operation_max_(operation_max) {}

  asio::awaitable<Result<>> connect() override {
    auto client = co_await GrpcClient::connect(runtime_, {table_, table_port},
                                               {.limits = table_limits(), .connect_timeout = operation_max_});
    if (!client) co_return fail(client.error());
    client_.emplace(std::move(*client));
    co_return Result<>();
  }

  asio::awaitable<Result<std::optional<Number>>> take(std::string instance, std::optional<Number> seen) override {
    return ask({LeaseRequest::What::take, std::move(instance), std::move(seen)});
  }
  asio::awaitable<Result<std::optional<Number>>> look() override { return ask({LeaseRequest::What::look}); }
  asio::awaitable<Result<std::optional<Number>>> count_up(Number held) override {
    return ask({LeaseRequest::What::count_up, "", std::move(held)});
  }
  asio::awaitable<void> give_back(Number held) override {
    (void)co_await ask({LeaseRequest::What::give_back, "", std::move(held)});
  }
  void close() override { client_.reset(); }

 private:
  asio::awaitable<Result<std::optional<Number>>> ask(LeaseRequest request) {
    auto answer = co_await client_->call(std::string(lease_path), encode(request), operation_max_);
    if (!answer) co_return fail(answer.error());
    co_return decode_number(*answer);
  }

  Runtime runtime_;
  std::string table_;
  Duration operation_max_;
  std::optional<GrpcClient> client_;
};

}  // namespace

std::unique_ptr<cp::Election> make_table_election(const Runtime& runtime, std::string table) {
  const cp::LeaseTimes times;
  return cp::make_lease_election(runtime.executor, runtime.timers, runtime.log,
                                 std::make_unique<TableRow>(runtime, std::move(table), times.operation_max()), times);
}

}  // namespace kumasim::scenario
