/// Streams and listeners over TCP sockets.
#include "reference-cp/live/tcp.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

namespace kumasim::live {
namespace {

using tcp = asio::ip::tcp;
using boost::system::system_error;

/// A machine out of descriptors or memory goes on accepting once it has some again.
constexpr auto accept_retry = std::chrono::milliseconds(100);

Address address_of(const tcp::endpoint& endpoint) { return {endpoint.address().to_string(), endpoint.port()}; }

class TcpStream final : public StreamImpl {
 public:
  explicit TcpStream(tcp::socket socket) : socket_(std::move(socket)) {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    local_ = address_of(socket_.local_endpoint(ignored));
    remote_ = address_of(socket_.remote_endpoint(ignored));
  }

  void read(MutableBuffers buffers, Operation operation) override {
    socket_.async_read_some(buffers, asio::bind_cancellation_slot(operation.slot, std::move(operation.complete)));
  }
  void write(ConstBuffers buffers, Operation operation) override {
    socket_.async_write_some(buffers, asio::bind_cancellation_slot(operation.slot, std::move(operation.complete)));
  }
  void shutdown_send() override {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }
  Address local() const override { return local_; }
  Address remote() const override { return remote_; }

 private:
  tcp::socket socket_;
  Address local_, remote_;
};

bool is_shortage(const error_code& code) {
  return code == boost::system::errc::too_many_files_open || code == boost::system::errc::too_many_files_open_in_system ||
         code == boost::system::errc::not_enough_memory || code == boost::system::errc::no_buffer_space ||
         code == boost::system::errc::connection_aborted;
}

class TcpListener final : public ListenerImpl {
 public:
  TcpListener(asio::io_context& context, const tcp::endpoint& endpoint) : acceptor_(context) {
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    if (endpoint.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false));
    acceptor_.bind(endpoint);
    acceptor_.listen();
    port_ = acceptor_.local_endpoint().port();
  }

  asio::awaitable<Stream> accept() override {
    auto executor = acceptor_.get_executor();
    for (;;) {
      error_code code;
      auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, code));
      if (!code) co_return Stream(std::make_unique<TcpStream>(std::move(socket)), executor);
      if (!is_shortage(code)) throw system_error(code);
      asio::steady_timer pause(executor, accept_retry);
      co_await pause.async_wait(asio::use_awaitable);
    }
  }
  void close() override {
    error_code ignored;
    acceptor_.close(ignored);
  }
  std::uint16_t port() const override { return port_; }

 private:
  tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
};

}  // namespace

asio::awaitable<Stream> TcpNetwork::connect(Address address) {
  auto executor = context_.get_executor();
  tcp::resolver resolver(context_);
  auto found = co_await resolver.async_resolve(address.host, std::to_string(address.port),
                                               tcp::resolver::numeric_service, asio::use_awaitable);
  tcp::socket socket(context_);
  co_await asio::async_connect(socket, found, asio::use_awaitable);
  co_return Stream(std::make_unique<TcpStream>(std::move(socket)), executor);
}

Listener TcpNetwork::listen(Address address) {
  auto make = [this](const tcp::endpoint& endpoint) {
    return Listener(std::make_unique<TcpListener>(context_, endpoint));
  };
  if (address.host.empty()) {
    try {
      return make({asio::ip::address_v6::any(), address.port});
    } catch (const system_error& error) {
      // A machine without IPv6; a taken port stays an error.
      if (error.code() == asio::error::address_in_use || error.code() == asio::error::access_denied) throw;
      return make({asio::ip::address_v4::any(), address.port});
    }
  }
  tcp::resolver resolver(context_);
  auto found = resolver.resolve(address.host, std::to_string(address.port),
                                tcp::resolver::numeric_service | tcp::resolver::passive);
  return make(found.begin()->endpoint());
}

}  // namespace kumasim::live
