/// A flag that coroutines can wait for.
#pragma once

#include "kumasim/runtime/wait_list.hpp"

namespace kumasim {

/// set() wakes every waiter and stays set until reset(). Destroying the event aborts its waiters.
class Event {
 public:
  explicit Event(asio::any_io_executor executor) : waiters_(std::move(executor)) {}

  bool is_set() const { return set_; }

  void set() {
    set_ = true;
    waiters_.notify_all();
  }

  void reset() { set_ = false; }

  /// Returns at once where the event is set. Throws operation_aborted when cancelled.
  asio::awaitable<void> wait() {
    if (!set_) co_await waiters_.wait();
  }

 private:
  WaitList waiters_;
  bool set_ = false;
};

}  // namespace kumasim
