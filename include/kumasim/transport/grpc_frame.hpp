/// gRPC's message framing (PROTOCOL-HTTP2.md): a flag byte, four bytes of length, the message. No I/O.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "kumasim/transport/grpc_status.hpp"

namespace kumasim {

/// The five bytes before a message of this size. REQUIRES: size < 2^32.
std::string grpc_frame_head(std::size_t size);

/// Puts messages together from bytes in any segmentation.
class GrpcDeframer {
 public:
  explicit GrpcDeframer(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  /// `encoding` is the peer's grpc-encoding: compressed messages are taken where it is gzip. For the next message on.
  void set_encoding(std::string_view encoding) { gzip_ = encoding == "gzip"; }

  /// Not ok where a message is larger than the limit, or compressed in another way; then no further bytes are taken.
  GrpcStatus feed(std::string_view bytes);

  /// The next whole message.
  std::optional<std::string> next();

  std::size_t messages() const { return messages_.size(); }
  /// Bytes held: whole messages that nobody has taken, and the part of the next one.
  std::size_t bytes() const { return whole_bytes_ + body_.size(); }
  /// Whether bytes of an unfinished message are held.
  bool partial() const { return head_size_ > 0; }

 private:
  void begin_body();
  void end_body();
  void break_too_large(std::size_t bytes);

  std::size_t message_bytes_max_;
  bool gzip_ = false;
  std::array<char, 5> head_{};
  std::size_t head_size_ = 0;
  std::size_t body_size_ = 0;
  std::string body_;
  std::deque<std::string> messages_;
  std::size_t whole_bytes_ = 0;
  GrpcStatus broken_;
};

}  // namespace kumasim
