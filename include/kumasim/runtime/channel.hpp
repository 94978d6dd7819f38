/// A bounded queue between coroutines of one process.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "kumasim/runtime/wait_list.hpp"

namespace kumasim {

template <class T>
class Channel {
 public:
  /// REQUIRES: items_max > 0.
  Channel(asio::any_io_executor executor, std::size_t items_max)
      : items_max_(items_max), changed_(std::move(executor)) {}

  std::size_t size() const { return items_.size(); }
  bool closed() const { return closed_; }

  /// False, with the item dropped, where the channel is full or closed.
  bool try_send(T item) {
    if (closed_ || items_.size() >= items_max_) return false;
    items_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }

  /// Waits for room; false where the channel is or becomes closed.
  asio::awaitable<bool> send(T item) {
    while (!closed_ && items_.size() >= items_max_) co_await changed_.wait();
    co_return try_send(std::move(item));
  }

  /// The next item in order; nothing once the channel is closed and drained.
  asio::awaitable<std::optional<T>> receive() {
    while (items_.empty()) {
      if (closed_) co_return std::nullopt;
      co_await changed_.wait();
    }
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    changed_.notify_all();
    co_return item;
  }

  /// What was sent can still be received.
  void close() {
    closed_ = true;
    changed_.notify_all();
  }

 private:
  std::size_t items_max_;
  std::deque<T> items_;
  bool closed_ = false;
  WaitList changed_;
};

}  // namespace kumasim
