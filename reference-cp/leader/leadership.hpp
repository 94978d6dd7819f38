/// Whether this control plane is the one of several, with one store, that does what only one may do.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include <boost/asio/cancellation_signal.hpp>

#include "kumasim/runtime/wait_list.hpp"

namespace kumasim::cp {

class Leadership {
 public:
  explicit Leadership(asio::any_io_executor executor) : changed_(std::move(executor)) {}

  bool held() const { return held_; }
  /// What runs by while_held() begins, or is cancelled.
  void set(bool held);

  /// Runs what `begin` gives whenever this control plane leads, and cancels it when it leads no more. Returns when it
  /// ends by itself; what it throws passes through.
  asio::awaitable<void> while_held(std::function<asio::awaitable<void>()> begin);

 private:
  bool held_ = false;
  WaitList changed_;
  std::list<std::shared_ptr<asio::cancellation_signal>> running_;
};

/// How the one is found.
class Election {
 public:
  virtual ~Election() = default;
  /// Until resign(), or until the process ends: tells `leadership` what `instance` is.
  virtual asio::awaitable<void> run(std::string instance, Leadership& leadership) = 0;
  /// Gives up for good, so that another may lead at once.
  virtual asio::awaitable<void> resign() = 0;
};

}  // namespace kumasim::cp
