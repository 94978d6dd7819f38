/// Coroutines that wait to be notified, owned by their execution context so that a crash destroys them.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <optional>

#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>

#include "kumasim/runtime/operation.hpp"

namespace kumasim {

/// Holds the handlers of every WaitList of one execution context. Were they held by the list itself, a coroutine that
/// waits on a list in its own frame would keep itself alive past the end of its process.
class WaitService : public asio::execution_context::service {
 public:
  using key_type = WaitService;
  using Waits = std::list<Operation>;

  static inline asio::execution_context::id id;

  explicit WaitService(asio::execution_context& context) : service(context) {}

  Waits waits;

 private:
  void shutdown() override {
    stopped_ = true;
    // A destroyed handler may destroy a list that removes its own waits from here: take one at a time.
    while (!waits.empty()) {
      Waits one;
      one.splice(one.begin(), waits, waits.begin());
    }
  }

 public:
  bool stopped() const { return stopped_; }

 private:
  bool stopped_ = false;
};

/// Waits until notified. Wakes go through the executor, never inline, so a waker cannot be destroyed by whom it wakes.
/// Not safe across threads: another thread posts to the executor first.
class WaitList {
 public:
  explicit WaitList(asio::any_io_executor executor)
      : executor_(std::move(executor)),
        service_(&asio::use_service<WaitService>(asio::query(executor_, asio::execution::context))),
        state_(std::make_shared<State>()) {}
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;
  ~WaitList() { wake(asio::error::operation_aborted); }

  asio::any_io_executor get_executor() const { return executor_; }

  /// Completes at the next notify_all(); operation_aborted when cancelled or when the list is destroyed.
  asio::awaitable<void> wait() {
    return asio::async_initiate<const asio::use_awaitable_t<>&, void(error_code)>(
        [this](auto handler) { add(make_operation(std::move(handler), executor_)); }, asio::use_awaitable);
  }

  void notify_all() { wake({}); }

 private:
  using Position = WaitService::Waits::iterator;
  struct State {
    std::list<Position> waiting;
  };

  void add(Operation operation) {
    if (service_->stopped()) return;  // the process is ending: nothing new starts
    auto slot = operation.slot;
    service_->waits.push_back(std::move(operation));
    auto position = std::prev(service_->waits.end());
    state_->waiting.push_back(position);
    if (!slot.is_connected()) return;
    slot.assign([state = std::weak_ptr(state_), service = service_, executor = executor_,
                 mine = std::optional(std::prev(state_->waiting.end()))](asio::cancellation_type type) mutable {
      auto alive = state.lock();
      if (!alive || !mine || type == asio::cancellation_type::none) return;
      auto at = **mine;
      alive->waiting.erase(*mine);
      mine.reset();  // a second signal finds nothing to do; the slot itself cannot be cleared from inside its handler
      finish(*service, executor, at, asio::error::operation_aborted);
    });
  }

  void wake(error_code code) {
    auto waiting = std::move(state_->waiting);
    state_->waiting.clear();
    if (service_->stopped()) return;
    for (auto position : waiting) {
      position->slot.clear();
      finish(*service_, executor_, position, code);
    }
  }

  static void finish(WaitService& service, const asio::any_io_executor& executor, Position position, error_code code) {
    auto operation = std::move(*position);
    service.waits.erase(position);
    asio::post(executor, [complete = std::move(operation.complete), code]() mutable { complete(code, 0); });
  }

  asio::any_io_executor executor_;
  WaitService* service_;
  std::shared_ptr<State> state_;
};

}  // namespace kumasim
