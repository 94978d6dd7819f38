/// Any Asio buffer sequence with its type erased: the first few of its buffers that are not empty.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <boost/asio/buffer.hpp>

namespace kumasim {

/// Reads and writes of streams are partial by contract, so a sequence longer than the limit is merely cut.
inline constexpr std::size_t buffers_max = 8;

template <class Buffer>
class Buffers {
 public:
  using value_type = Buffer;
  using const_iterator = const Buffer*;

  Buffers() = default;

  template <class Sequence>
  explicit Buffers(const Sequence& sequence) {
    auto end = boost::asio::buffer_sequence_end(sequence);
    for (auto i = boost::asio::buffer_sequence_begin(sequence); i != end && count_ < buffers_max; ++i) {
      Buffer buffer(*i);
      if (buffer.size() > 0) items_[count_++] = buffer;
    }
  }

  const_iterator begin() const { return items_.data(); }
  const_iterator end() const { return items_.data() + count_; }
  bool empty() const { return count_ == 0; }

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& buffer : *this) sum += buffer.size();
    return sum;
  }

 private:
  std::array<Buffer, buffers_max> items_;
  std::uint8_t count_ = 0;
};

using MutableBuffers = Buffers<boost::asio::mutable_buffer>;
using ConstBuffers = Buffers<boost::asio::const_buffer>;

}  // namespace kumasim
