/// A reliable two-way stream of bytes: TCP, TLS over it, or the simulator's.
#pragma once

#include <cstddef>
#include <memory>

#include <boost/asio/async_result.hpp>

#include "kumasim/runtime/address.hpp"
#include "kumasim/runtime/buffers.hpp"
#include "kumasim/runtime/operation.hpp"

namespace kumasim {

/// What a transport implements. At most one read and one write are outstanding at a time; buffers stay valid until the
/// operation completes. Reading at the peer's end of stream gives asio::error::eof.
class StreamImpl {
 public:
  virtual ~StreamImpl() = default;
  /// Completes with at least one byte, or an error. Empty buffers complete with 0.
  virtual void read(MutableBuffers buffers, Operation operation) = 0;
  virtual void write(ConstBuffers buffers, Operation operation) = 0;
  /// No more bytes will be written; the peer reads to the end and then sees eof.
  virtual void shutdown_send() = 0;
  /// Both directions end; outstanding operations complete with operation_aborted. The destructor closes as well.
  virtual void close() = 0;
  virtual Address local() const = 0;
  virtual Address remote() const = 0;

 private:
  friend class Stream;
  asio::any_io_executor home_;  // of the Stream that owns it: operations under way outlast moves of that
};

/// The stream as a move-only value; it meets Asio's AsyncReadStream and AsyncWriteStream, so Asio's composed operations
/// and Beast's HTTP run over it. Moving it while operations are outstanding is allowed.
class Stream {
 public:
  using executor_type = asio::any_io_executor;
  using next_layer_type = Stream;
  using lowest_layer_type = Stream;

  Stream() = default;
  Stream(std::unique_ptr<StreamImpl> impl, asio::any_io_executor executor) : impl_(std::move(impl)) {
    impl_->home_ = std::move(executor);
  }

  explicit operator bool() const { return impl_ != nullptr; }
  executor_type get_executor() const noexcept { return impl_ ? impl_->home_ : executor_type(); }
  Stream& lowest_layer() { return *this; }
  const Stream& lowest_layer() const { return *this; }
  Address local() const { return impl_->local(); }
  Address remote() const { return impl_->remote(); }
  void shutdown_send() { impl_->shutdown_send(); }
  void close() {
    if (impl_) impl_->close();
  }

  /// The implementation, where it is a `T` (for what only one transport can tell, such as TLS's peer); else null.
  template <class T>
  T* as() const {
    return dynamic_cast<T*>(impl_.get());
  }

  /// For wrappers: an operation that is erased already is handed on as it is.
  void read(MutableBuffers&& into, Operation&& operation) { impl_->read(std::move(into), std::move(operation)); }
  void write(ConstBuffers&& from, Operation&& operation) { impl_->write(std::move(from), std::move(operation)); }

  template <class MutableBufferSequence, class Token = const asio::use_awaitable_t<>&>
  auto async_read_some(const MutableBufferSequence& buffers, Token&& token = asio::use_awaitable) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [impl = impl_.get()](auto&& handler, MutableBuffers&& into) {
          impl->read(std::move(into), make_operation(std::forward<decltype(handler)>(handler), impl->home_));
        },
        token, MutableBuffers(buffers));
  }

  template <class ConstBufferSequence, class Token = const asio::use_awaitable_t<>&>
  auto async_write_some(const ConstBufferSequence& buffers, Token&& token = asio::use_awaitable) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [impl = impl_.get()](auto&& handler, ConstBuffers&& from) {
          impl->write(std::move(from), make_operation(std::forward<decltype(handler)>(handler), impl->home_));
        },
        token, ConstBuffers(buffers));
  }

 private:
  std::unique_ptr<StreamImpl> impl_;
};

}  // namespace kumasim
