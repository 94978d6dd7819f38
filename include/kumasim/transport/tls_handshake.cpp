/// The handshake of both ends, as a coroutine over the stream below.
#include <array>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "kumasim/transport/tls_stream.hpp"

namespace kumasim {

namespace {

asio::awaitable<Stream> handshake(Stream below, std::unique_ptr<TlsEngine> engine) {
  auto executor = below.get_executor();
  std::array<char, 4096> input;
  std::string output;
  auto step = TlsEngine::Step::want_input;
  while (step == TlsEngine::Step::want_input) {
    step = engine->handshake();
    output.clear();
    engine->take_output(output);
    if (!output.empty()) {
      error_code code;
      co_await asio::async_write(below, asio::buffer(output), asio::redirect_error(asio::use_awaitable, code));
      // Where TLS failed the alert is sent as well as it can be; its own failure says nothing new.
      if (code && step != TlsEngine::Step::failed) throw boost::system::system_error(code);
    }
    if (step != TlsEngine::Step::want_input) break;
    auto count = co_await below.async_read_some(asio::buffer(input));
    engine->feed({input.data(), count});
  }
  if (step != TlsEngine::Step::done) {
    below.shutdown_send();
    error_code ended;
    while (!ended)
      co_await below.async_read_some(asio::buffer(input), asio::redirect_error(asio::use_awaitable, ended));
    auto code = step == TlsEngine::Step::failed ? engine->error() : error_code(asio::error::eof);
    throw boost::system::system_error(code);
  }
  co_return Stream(std::make_unique<TlsStream>(std::move(below), std::move(engine)), executor);
}

}  // namespace

asio::awaitable<Stream> tls_accept(Stream stream, const TlsContext& context, const Clock& clock) {
  return handshake(std::move(stream), std::make_unique<TlsEngine>(context, clock.wall_now(), std::string()));
}

asio::awaitable<Stream> tls_connect(Stream stream, const TlsContext& context, const Clock& clock,
                                    std::string server_name) {
  return handshake(std::move(stream), std::make_unique<TlsEngine>(context, clock.wall_now(), server_name));
}

std::shared_ptr<const TlsPeer> tls_peer(const Stream& stream) {
  const auto* tls = stream.as<TlsStream>();
  return tls ? tls->peer() : nullptr;
}

}  // namespace kumasim
