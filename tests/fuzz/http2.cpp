/// One connection of the dataplane port: HTTP/2 frames, requests and gRPC messages in them. The first byte says whether
/// the client's preface is put before the rest (bit 0), in what pieces it arrives (bits 1 and 2), and whether the
/// server's windows are small (bit 3).
#include <string>

#include <boost/asio/co_spawn.hpp>

#include "check.hpp"
#include "kumasim/transport/serve.hpp"
#include "still_world.hpp"

namespace kumasim {
namespace {

using fuzz::hold;

/// RFC 9113, 3.4: the preface and an empty SETTINGS frame.
const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string("\0\0\0\4\0\0\0\0\0", 9);

asio::awaitable<HttpResponse> tell(HttpRequest request) {
  co_return HttpResponse{.body = request.method + " " + request.target + " " + request.body};
}

/// Answers each message with itself.
asio::awaitable<void> echo(GrpcServerStream stream) {
  while (auto message = co_await stream.read()) {
    hold(message->size() <= 64 * 1024, "a message keeps the limit");
    if (!co_await stream.write(std::move(*message))) co_return;
  }
}

asio::awaitable<void> serve(asio::any_io_executor executor, std::uint8_t how, std::string bytes, std::string& answer,
                            Timers& timers, Log& log) {
  constexpr std::size_t pieces[] = {1, 9, 100, 16 * 1024};
  ServeLimits limits;
  limits.http.body_bytes_max = 64 * 1024;
  limits.grpc.message_bytes_max = 64 * 1024;
  limits.grpc.http2.streams_max = 10;
  limits.grpc.http2.received_bytes_max = 256 * 1024;
  limits.grpc.http2.keepalive_interval = Duration::zero();
  if ((how & 8) != 0) limits.grpc.http2.stream_window_bytes = 1024;
  Stream stream(std::make_unique<fuzz::KnownStream>(executor, std::move(bytes), pieces[how >> 1 & 3], answer),
                executor);
  co_await serve_connection(std::move(stream), tell, echo, timers, log, limits);
}

}  // namespace
}  // namespace kumasim

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kumasim;
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if ((data[0] & 1) != 0) bytes = preface + bytes;
  asio::io_context context(1);
  fuzz::StillTimers timers(context.get_executor());
  fuzz::SilentLog log;
  std::string answer;
  bool ended = false;
  std::exception_ptr thrown;
  asio::co_spawn(context, serve(context.get_executor(), data[0], std::move(bytes), answer, timers, log),
                 [&](std::exception_ptr error) {
                   ended = true;
                   thrown = error;
                 });
  context.run();
  hold(ended, "a connection ends with its peer");
  if (thrown) std::rethrow_exception(thrown);
  return 0;
}
