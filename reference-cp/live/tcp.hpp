/// TCP with name resolution, and Unix sockets.
#pragma once

#include "kumasim/runtime/network.hpp"

namespace boost::asio {
class io_context;
}

namespace kumasim::live {

/// A host that begins with '/' is the path of a Unix socket; listening replaces a socket file that nobody serves,
/// closing removes it.
class TcpNetwork final : public Network {
 public:
  explicit TcpNetwork(asio::io_context& context) : context_(context) {}
  asio::awaitable<Stream> connect(Address address) override;
  Listener listen(Address address) override;

 private:
  asio::io_context& context_;
};

}  // namespace kumasim::live
