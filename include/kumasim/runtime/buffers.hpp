/// Any Asio buffer sequence with its type erased: the first few of its buffers that are not empty.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include <boost/asio/buffer.hpp>

namespace kumasim {

/// Reads and writes of streams are partial by contract, so a sequence longer than the limit is merely cut.
inline constexpr std::size_t buffers_max = 8;

/// One buffer, as next to all sequences are, lies inside; more of them are shared, so that copies stay cheap.
template <class Buffer>
class Buffers {
 public:
  using value_type = Buffer;
  using const_iterator = const Buffer*;

  Buffers() = default;
  Buffers(const Buffers&) = default;
  Buffers& operator=(const Buffers&) = default;
  Buffers(Buffers&& other) noexcept
      : one_(other.one_), many_(std::move(other.many_)), count_(std::exchange(other.count_, std::uint8_t{0})) {}
  Buffers& operator=(Buffers&& other) noexcept {
    one_ = other.one_;
    many_ = std::move(other.many_);
    count_ = std::exchange(other.count_, std::uint8_t{0});
    return *this;
  }

  template <class Sequence>
  explicit Buffers(const Sequence& sequence) {
    auto end = boost::asio::buffer_sequence_end(sequence);
    for (auto i = boost::asio::buffer_sequence_begin(sequence); i != end && count_ < buffers_max; ++i)
      if (Buffer buffer(*i); buffer.size() > 0) add(buffer);
  }

  const_iterator begin() const { return many_ ? many_->data() : &one_; }
  const_iterator end() const { return begin() + count_; }
  bool empty() const { return count_ == 0; }

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& buffer : *this) sum += buffer.size();
    return sum;
  }

 private:
  using Many = std::array<Buffer, buffers_max>;

  void add(const Buffer& buffer) {
    if (count_ == 0) {
      one_ = buffer;
    } else {
      if (!many_) many_ = std::make_shared<Many>(Many{one_});
      (*many_)[count_] = buffer;
    }
    ++count_;
  }

  Buffer one_;
  std::shared_ptr<Many> many_;  // null: at most one
  std::uint8_t count_ = 0;
};

using MutableBuffers = Buffers<boost::asio::mutable_buffer>;
using ConstBuffers = Buffers<boost::asio::const_buffer>;

}  // namespace kumasim
