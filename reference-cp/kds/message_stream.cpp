#include "reference-cp/kds/message_stream.hpp"

#include "kumasim/runtime/task.hpp"

namespace kumasim::cp::kds {

MessageStream MessageStream::of(GrpcServerStream stream) {
  MessageStream out;
  out.read_ = [stream] { return stream.read(); };
  out.write_ = [stream](std::string message) { return stream.write(std::move(message)); };
  out.end_ = [stream](const GrpcStatus& status) { stream.drop(status); };
  return out;
}

MessageStream MessageStream::of(std::shared_ptr<GrpcClientStream> stream) {
  MessageStream out;
  out.read_ = [stream] { return stream->read(); };
  out.write_ = [stream](std::string message) { return stream->write(std::move(message)); };
  out.end_ = [stream](const GrpcStatus&) { stream->cancel(); };
  return out;
}

std::uint64_t Outbox::put(std::string message) {
  const std::uint64_t number = ++put_;
  if (closed_) return number;
  bytes_ += message.size();
  if (bytes_ > bytes_max_) {
    stream_.end({GrpcCode::resource_exhausted, "the other control plane does not read what it asks for"});
    close();
    return number;
  }
  messages_.push_back(std::move(message));
  wake_.set();
  return number;
}

void Outbox::close() {
  closed_ = true;
  messages_.clear();
  bytes_ = 0;
  wake_.set();
}

asio::awaitable<void> Outbox::run(std::shared_ptr<Outbox> self, Timers& timers, Duration send_duration_max) {
  while (!self->closed_) {
    while (!self->messages_.empty()) {
      std::string message = std::move(self->messages_.front());
      self->messages_.pop_front();
      self->bytes_ -= message.size();
      ++self->taken_;
      auto task = self->stream_.write(std::move(message));
      auto sent = co_await with_timeout(timers, send_duration_max, std::move(task));
      if (!sent) self->stream_.end({GrpcCode::deadline_exceeded, "the other control plane does not take messages"});
      if (!sent || !*sent) co_return self->close();
    }
    if (self->closed_) break;
    self->wake_.reset();
    co_await self->wake_.wait();
  }
}

}  // namespace kumasim::cp::kds
