/// Listening and accepting on the simulated network.
#include "sim/net/listener.hpp"

namespace kumasim::sim {

Listener VirtualNetwork::listen(Context& context, std::string own_address, Address address) {
  const auto& host = address.host;
  auto any = host.empty() || host == "0.0.0.0" || host == "::";
  auto machine = any ? own_address : resolve(host, own_address).value_or("");
  if (machine != own_address) throw boost::system::system_error(asio::error::host_not_found, host);
  if (address.port == 0) address.port = free_port(own_address, 32768);
  auto state = std::make_shared<ListenerState>();
  state->process = context.process();
  state->address = address;
  state->loopback_only = host == "localhost" || host == "::1" || host.starts_with("127.");
  if (context.ended()) throw boost::system::system_error(asio::error::operation_aborted);
  if (!listeners_.try_emplace({own_address, address.port}, state).second)
    throw boost::system::system_error(asio::error::address_in_use, to_string(address));
  return Listener(std::make_unique<VirtualListener>(*this, context, std::move(state)));
}

void VirtualNetwork::close_listener(const ListenerState& closing) {
  if (!closing.open) return;
  auto machine = addresses_.at(closing.process);
  auto found = listeners_.find({machine, closing.address.port});
  if (found == listeners_.end() || found->second.get() != &closing) return;
  auto state = found->second;  // outlives its place in the map
  listeners_.erase(found);
  state->open = false;
  auto waiting = std::move(state->backlog);
  state->backlog.clear();
  for (auto& connection : waiting) connection->abandon(1);
  kernel_.cancel(state->accepting);
}

asio::awaitable<Stream> VirtualListener::accept() {
  auto& kernel = context_.kernel();
  // In its own variable: the listener may go while the coroutine waits.
  auto state = state_;
  auto& context = context_;
  while (state->backlog.empty()) {
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(error_code)>(
        [&kernel, &context, state](auto handler) {
          auto operation = make_operation(std::move(handler), Executor(context));
          state->accepting = kernel.park(context, EventKind::accept, std::move(operation.complete));
          kernel.bind(operation.slot, state->accepting);
          if (!state->open) kernel.cancel(state->accepting);
        },
        asio::use_awaitable);
  }
  auto connection = std::move(state->backlog.front());
  state->backlog.pop_front();
  co_return Stream(std::make_unique<VirtualStream>(context, std::move(connection), 1), Executor(context));
}

}  // namespace kumasim::sim
