/// A simulated listening port and the connections that wait on it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "kumasim/runtime/listener.hpp"
#include "kumasim/sim/executor.hpp"
#include "kumasim/sim/network.hpp"
#include "sim/net/connection.hpp"

namespace kumasim::sim {

struct ListenerState {
  std::uint32_t process = 0;
  Address address;
  bool loopback_only = false;
  bool open = true;
  std::deque<ConnectionRef> backlog;
  EventRef accepting;
};

class VirtualListener final : public ListenerImpl {
 public:
  VirtualListener(VirtualNetwork& network, Context& context, std::shared_ptr<ListenerState> state)
      : network_(network), context_(context), state_(std::move(state)) {}
  ~VirtualListener() override { close(); }

  asio::awaitable<Stream> accept() override;
  void close() override { network_.close_listener(*state_); }
  std::uint16_t port() const override { return state_->address.port; }

 private:
  VirtualNetwork& network_;
  Context& context_;
  std::shared_ptr<ListenerState> state_;
};

}  // namespace kumasim::sim
