#include "scenarios/engine/service_network.hpp"

#include <utility>

#include <boost/system/system_error.hpp>

namespace kumasim::scenario {

asio::awaitable<Stream> ServiceNetwork::connect(Address address) {
  if (address.host != service_.name) co_return co_await inner_.connect(std::move(address));
  for (std::size_t tried = 1;; ++tried) {
    Address to{service_.processes[service_.next % service_.processes.size()], address.port};
    ++service_.next;
    try {
      co_return co_await inner_.connect(std::move(to));
    } catch (const boost::system::system_error& error) {
      if (error.code() != asio::error::connection_refused || tried == service_.processes.size()) throw;
    }
  }
}

}  // namespace kumasim::scenario
