/// One operation that waits in an object, owned by its execution context so that a crash destroys it.
#pragma once

#include <cassert>
#include <utility>

#include "kumasim/runtime/wait_list.hpp"

namespace kumasim {

/// A place for an operation that its holder completes later. The holder often lies in the frame of the very coroutine
/// that waits (a stream and who reads it): were the operation a member there, the two would keep each other alive past
/// the end of their process. It lies among the waits of the execution context instead.
class HeldOperation {
 public:
  explicit HeldOperation(const asio::any_io_executor& executor)
      : service_(&asio::use_service<WaitService>(asio::query(executor, asio::execution::context))) {}
  HeldOperation(const HeldOperation&) = delete;
  HeldOperation& operator=(const HeldOperation&) = delete;
  /// Destroys uncalled what is held.
  ~HeldOperation() {
    if (*this) (void)take();
  }

  explicit operator bool() const { return held_ && !service_->stopped(); }

  /// False, with the operation untouched, where the process is ending. REQUIRES: nothing is held.
  bool hold(Operation& operation) {
    assert(!*this && "one operation at a time");
    if (service_->stopped()) return false;
    if (place_.empty()) place_.emplace_back();
    place_.front() = std::move(operation);
    service_->waits.splice(service_->waits.end(), place_);
    at_ = std::prev(service_->waits.end());
    held_ = true;
    return true;
  }

  /// REQUIRES: bool(*this).
  Operation take() {
    assert(*this);
    place_.splice(place_.end(), service_->waits, at_);
    held_ = false;
    return std::move(place_.front());
  }

 private:
  WaitService* service_;
  WaitService::Waits place_;  // its node, while nothing is held
  WaitService::Waits::iterator at_;
  bool held_ = false;
};

}  // namespace kumasim
