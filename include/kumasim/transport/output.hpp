/// Bytes on their way out: what is short is copied together, what is long stays where it is and is shared.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/buffer.hpp>

namespace kumasim {

/// A piece of an immutable string that many messages and connections may share.
struct Slice {
  std::shared_ptr<const std::string> owner;
  std::size_t offset = 0;
  std::size_t size = 0;

  std::string_view view() const { return std::string_view(*owner).substr(offset, size); }
};

inline Slice whole(std::shared_ptr<const std::string> text) {
  auto size = text->size();
  return {std::move(text), 0, size};
}

/// One batch of output. Its buffers are valid until it is cleared.
class Output {
 public:
  /// A shorter slice costs more as a buffer of its own than as a copy.
  static constexpr std::size_t shared_bytes_min = 4096;

  void copy(std::string_view bytes) {
    if (pieces_.empty() || pieces_.back().owner) pieces_.push_back({nullptr, scratch_.size(), 0});
    scratch_ += bytes;
    pieces_.back().size += bytes.size();
    bytes_ += bytes.size();
  }

  void share(const Slice& slice) {
    if (slice.size < shared_bytes_min) return copy(slice.view());
    pieces_.push_back(slice);
    bytes_ += slice.size;
  }

  void clear() {
    pieces_.clear();
    scratch_.clear();
    bytes_ = 0;
  }

  /// Also gives the room back that the batch took.
  void release() {
    clear();
    std::vector<Slice>().swap(pieces_);
    std::string().swap(scratch_);  // an empty string that is assigned would leave the room as it is
  }

  std::size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }

  std::vector<boost::asio::const_buffer> buffers() const {
    std::vector<boost::asio::const_buffer> out;
    out.reserve(pieces_.size());
    for (const auto& piece : pieces_) {
      const auto& text = piece.owner ? *piece.owner : scratch_;
      out.emplace_back(text.data() + piece.offset, piece.size);
    }
    return out;
  }

 private:
  std::vector<Slice> pieces_;  // without an owner: a part of scratch_
  std::string scratch_;
  std::size_t bytes_ = 0;
};

}  // namespace kumasim
