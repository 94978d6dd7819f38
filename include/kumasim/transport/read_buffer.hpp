/// What a connection reads into: small while it is at rest, large while much comes in.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include <boost/asio/buffer.hpp>

namespace kumasim {

/// Thousands of connections mostly wait. One that is filled gets room for more, until a read leaves room again.
class ReadBuffer {
 public:
  static constexpr std::size_t bytes_min = 1024;
  static constexpr std::size_t bytes_max = 16384;

  /// For the next read; what the last one gave is gone.
  boost::asio::mutable_buffer room() {
    auto wanted = filled_ ? bytes_max : bytes_min;
    if (size_ != wanted) {
      bytes_.reset();
      bytes_ = std::make_unique_for_overwrite<char[]>(wanted);
      size_ = wanted;
    }
    return {bytes_.get(), size_};
  }

  /// The bytes that a read into room() has given. REQUIRES: at most as many as there was room for.
  std::string_view got(std::size_t count) {
    filled_ = count == size_;
    return {bytes_.get(), count};
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  bool filled_ = false;
};

}  // namespace kumasim
