#include "kumasim/transport/grpc_exchange.hpp"

#include "kumasim/transport/http2_connection.hpp"

namespace kumasim {

asio::awaitable<std::optional<std::string>> grpc_read(std::shared_ptr<Http2Exchange> exchange) {
  while (exchange->deframer.messages() == 0 && !exchange->input_over()) co_await exchange->readable.wait();
  auto message = exchange->deframer.next();
  if (exchange->connection && exchange->deframer.messages() == 0) exchange->connection->give_back(*exchange);
  co_return message;
}

asio::awaitable<bool> grpc_write(std::shared_ptr<Http2Exchange> exchange, GrpcSlices slices) {
  if (exchange->closed || exchange->ended) co_return false;
  std::size_t size = 0;
  for (const auto& slice : slices) size += slice->size();
  auto& connection = *exchange->connection;
  connection.send(*exchange, whole(std::make_shared<const std::string>(grpc_frame_head(size))));
  for (auto& slice : slices) connection.send(*exchange, whole(std::move(slice)));
  while (!exchange->closed && exchange->connection->queued_bytes(*exchange) > grpc_queue_bytes_max)
    co_await exchange->writable.wait();
  co_return !exchange->closed;
}

}  // namespace kumasim
