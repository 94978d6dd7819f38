#include "kumasim/transport/grpc_frame.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "kumasim/transport/gunzip.hpp"

namespace kumasim {

namespace {

/// A peer may announce what it never sends: memory is taken for what came, beyond this first part.
constexpr std::size_t reserve_bytes_max = 64 * 1024;

}  // namespace

std::string grpc_frame_head(std::size_t size) {
  assert(size <= 0xffffffff);
  std::string head(5, '\0');
  for (int i = 0; i < 4; ++i) head[4 - i] = static_cast<char>(size >> (8 * i) & 0xff);
  return head;
}

GrpcStatus GrpcDeframer::feed(std::string_view bytes) {
  while (broken_.ok()) {
    if (head_size_ < head_.size()) {
      if (bytes.empty()) break;
      head_[head_size_++] = bytes.front();
      bytes.remove_prefix(1);
      if (head_size_ == head_.size()) begin_body();
      continue;
    }
    auto part = bytes.substr(0, body_size_ - body_.size());
    body_ += part;
    bytes.remove_prefix(part.size());
    if (body_.size() < body_size_) break;
    end_body();
  }
  return broken_;
}

void GrpcDeframer::begin_body() {
  body_size_ = 0;
  for (std::size_t i = 1; i < head_.size(); ++i) body_size_ = body_size_ << 8 | static_cast<unsigned char>(head_[i]);
  if (head_[0] != 0 && !gzip_)
    broken_ = {GrpcCode::unimplemented, "compressed messages are supported with grpc-encoding: gzip only"};
  else if (body_size_ > message_bytes_max_)
    break_too_large(body_size_);
  else
    body_.reserve(std::min(body_size_, reserve_bytes_max));
}

void GrpcDeframer::break_too_large(std::size_t bytes) {
  broken_ = {GrpcCode::resource_exhausted, "received message larger than max (" + std::to_string(bytes) + " vs. " +
                                               std::to_string(message_bytes_max_) + ")"};
}

void GrpcDeframer::end_body() {
  std::string body = std::exchange(body_, {});
  head_size_ = 0;
  if (head_[0] != 0) {
    auto message = gunzip(body, message_bytes_max_);
    if (!message) {
      broken_ = message.error().code == Code::resource_exhausted
                    ? GrpcStatus{GrpcCode::resource_exhausted, message.error().message}
                    : GrpcStatus{GrpcCode::internal, message.error().message};
      return;
    }
    body = std::move(*message);
  }
  whole_bytes_ += body.size();
  messages_.push_back(std::move(body));
}

std::optional<std::string> GrpcDeframer::next() {
  if (messages_.empty()) return std::nullopt;
  std::optional<std::string> message(std::move(messages_.front()));
  messages_.pop_front();
  whole_bytes_ -= message->size();
  return message;
}

}  // namespace kumasim
