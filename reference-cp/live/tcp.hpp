/// TCP with name resolution, and Unix sockets.
#pragma once

#include "kumasim/runtime/network.hpp"

namespace boost::asio {
class io_context;
}

namespace kumasim::live {

class NetNamespace;

/// A host that begins with '/' is the path of a Unix socket; listening replaces a socket file that nobody serves,
/// closing removes it. With a namespace, which must outlive it, all sockets
/// are in that; names other than IP addresses are still resolved outside.
class TcpNetwork final : public Network {
 public:
  explicit TcpNetwork(asio::io_context& context, const NetNamespace* inside = nullptr)
      : context_(context), inside_(inside) {}
  asio::awaitable<Stream> connect(Address address) override;
  Listener listen(Address address) override;

 private:
  asio::io_context& context_;
  const NetNamespace* inside_;
};

}  // namespace kumasim::live
