/// Streams and listeners over sockets.
#include "reference-cp/live/tcp.hpp"

#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include "reference-cp/live/net_namespace.hpp"

namespace kumasim::live {
namespace {

using tcp = asio::ip::tcp;
using local = asio::local::stream_protocol;
using boost::system::system_error;

/// A machine out of descriptors or memory goes on accepting once it has some again.
constexpr auto accept_retry = std::chrono::milliseconds(100);

Address address_of(const tcp::endpoint& endpoint) { return {endpoint.address().to_string(), endpoint.port()}; }
Address address_of(const local::endpoint& endpoint) { return {endpoint.path(), 0}; }

template <class Protocol>
class SocketStream final : public StreamImpl {
 public:
  using Socket = typename Protocol::socket;

  explicit SocketStream(Socket socket) : socket_(std::move(socket)) {
    error_code ignored;
    if constexpr (std::is_same_v<Protocol, tcp>) socket_.set_option(tcp::no_delay(true), ignored);
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
    socket_.shutdown(Socket::shutdown_send, ignored);
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }
  Address local() const override { return local_; }
  Address remote() const override { return remote_; }

 private:
  Socket socket_;
  Address local_, remote_;
};

bool is_shortage(const error_code& code) {
  return code == boost::system::errc::too_many_files_open ||
         code == boost::system::errc::too_many_files_open_in_system || code == boost::system::errc::not_enough_memory ||
         code == boost::system::errc::no_buffer_space || code == boost::system::errc::connection_aborted;
}

template <class Protocol>
class SocketListener final : public ListenerImpl {
 public:
  SocketListener(asio::io_context& context, const typename Protocol::endpoint& endpoint) : acceptor_(context) {
    acceptor_.open(endpoint.protocol());
    if constexpr (std::is_same_v<Protocol, tcp>) {
      acceptor_.set_option(tcp::acceptor::reuse_address(true));
      if (endpoint.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false));
    }
    acceptor_.bind(endpoint);
    acceptor_.listen();
    address_ = address_of(acceptor_.local_endpoint());
  }
  ~SocketListener() override { close(); }

  asio::awaitable<Stream> accept() override {
    auto executor = acceptor_.get_executor();
    for (;;) {
      error_code code;
      auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, code));
      if (!code) co_return Stream(std::make_unique<SocketStream<Protocol>>(std::move(socket)), executor);
      if (!is_shortage(code)) throw system_error(code);
      asio::steady_timer pause(executor, accept_retry);
      co_await pause.async_wait(asio::use_awaitable);
    }
  }
  void close() override {
    if (!acceptor_.is_open()) return;
    error_code ignored;
    acceptor_.close(ignored);
    if constexpr (std::is_same_v<Protocol, local>) ::unlink(address_.host.c_str());
  }
  std::uint16_t port() const override { return address_.port; }

 private:
  typename Protocol::acceptor acceptor_;
  Address address_;
};

bool is_path(const std::string& host) { return host.starts_with('/'); }

asio::awaitable<Stream> connect_local(asio::io_context& context, const std::string& path) {
  local::socket socket(context);
  co_await socket.async_connect(local::endpoint(path), asio::use_awaitable);
  co_return Stream(std::make_unique<SocketStream<local>>(std::move(socket)), context.get_executor());
}

Listener listen_local(asio::io_context& context, const std::string& path) {
  // A file that a killed process left is in the way; one that is served answers.
  local::socket probe(context);
  error_code code;
  probe.connect(local::endpoint(path), code);
  if (!code) throw system_error(asio::error::address_in_use, path);
  if (code == asio::error::connection_refused) ::unlink(path.c_str());
  return Listener(std::make_unique<SocketListener<local>>(context, local::endpoint(path)));
}

}  // namespace

asio::awaitable<Stream> TcpNetwork::connect(Address address) {
  auto executor = context_.get_executor();
  if (is_path(address.host)) co_return co_await connect_local(context_, address.host);
  tcp::resolver resolver(context_);
  auto found = co_await resolver.async_resolve(address.host, std::to_string(address.port),
                                               tcp::resolver::numeric_service, asio::use_awaitable);
  tcp::socket socket(context_);
  if (inside_ != nullptr) {
    tcp::endpoint endpoint = found.begin()->endpoint();
    {
      NetNamespace::Inside inside(inside_);
      socket.open(endpoint.protocol());  // a socket belongs to the namespace in which it was opened
    }
    co_await socket.async_connect(endpoint, asio::use_awaitable);
    co_return Stream(std::make_unique<SocketStream<tcp>>(std::move(socket)), executor);
  }
  co_await asio::async_connect(socket, found, asio::use_awaitable);
  co_return Stream(std::make_unique<SocketStream<tcp>>(std::move(socket)), executor);
}

Listener TcpNetwork::listen(Address address) {
  if (is_path(address.host)) return listen_local(context_, address.host);
  auto make = [this](const tcp::endpoint& endpoint) {
    NetNamespace::Inside inside(inside_);
    return Listener(std::make_unique<SocketListener<tcp>>(context_, endpoint));
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
