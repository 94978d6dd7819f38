/// The network that a process may use: connect to an address, listen on one.
#pragma once

#include "kumasim/runtime/address.hpp"
#include "kumasim/runtime/listener.hpp"
#include "kumasim/runtime/stream.hpp"

namespace kumasim {

/// Both throw boost::system::system_error, as Asio does; to_error() (system_error.hpp) makes a value of it.
class Network {
 public:
  virtual ~Network() = default;

  /// Resolves the name, tries its addresses in order. Bounded by the transport's own connect timeout only: use
  /// with_timeout (task.hpp) for a shorter one.
  virtual asio::awaitable<Stream> connect(Address address) = 0;

  /// An empty host listens on every address of the machine; port 0 takes a free one.
  virtual Listener listen(Address address) = 0;
};

}  // namespace kumasim
