/// A port that accepts streams.
#pragma once

#include <cstdint>
#include <memory>

#include "kumasim/runtime/stream.hpp"

namespace kumasim {

class ListenerImpl {
 public:
  virtual ~ListenerImpl() = default;
  virtual asio::awaitable<Stream> accept() = 0;
  virtual void close() = 0;
  virtual std::uint16_t port() const = 0;
};

/// Destroying a listener closes it. Accepted streams live on.
class Listener {
 public:
  Listener() = default;
  explicit Listener(std::unique_ptr<ListenerImpl> impl) : impl_(std::move(impl)) {}

  explicit operator bool() const { return impl_ != nullptr; }

  /// The next stream. One accept at a time. Throws boost::system::system_error; operation_aborted after close().
  asio::awaitable<Stream> accept() { return impl_->accept(); }

  void close() {
    if (impl_) impl_->close();
  }

  /// The port that was asked for, or the one chosen where 0 was asked for.
  std::uint16_t port() const { return impl_->port(); }

 private:
  std::unique_ptr<ListenerImpl> impl_;
};

}  // namespace kumasim
