/// Links, partitions, names and the making of connections.
#include "kumasim/sim/network.hpp"

#include <vector>

#include "kumasim/sim/process.hpp"
#include "sim/net/connection.hpp"
#include "sim/net/listener.hpp"

namespace kumasim::sim {

VirtualNetwork::VirtualNetwork(Kernel& kernel, std::uint64_t seed, NetworkLimits limits)
    : kernel_(kernel), limits_(limits), random_(mix(seed, 0x9E7)), context_(kernel, 0, random_) {}

VirtualNetwork::~VirtualNetwork() {
  // Events under way own connections, which know this network.
  context_.mark_ended();
  context_.drain();
}

void VirtualNetwork::set_link_one_way(const Process& from, const Process& to, LinkOptions options) {
  links_[link_key(from.id(), to.id())] = options;
}

void VirtualNetwork::set_link(const Process& a, const Process& b, LinkOptions options) {
  set_link_one_way(a, b, options);
  set_link_one_way(b, a, options);
}

const LinkOptions& VirtualNetwork::link_of(std::uint32_t from, std::uint32_t to) const {
  if (links_.empty()) return default_link_;
  auto found = links_.find(link_key(from, to));
  return found == links_.end() ? default_link_ : found->second;
}

const LinkOptions& VirtualNetwork::link(const Process& from, const Process& to) const {
  return link_of(from.id(), to.id());
}

bool VirtualNetwork::same_machine(std::uint32_t from, std::uint32_t to) const {
  if (from == to) return true;
  auto a = addresses_.find(from);
  auto b = addresses_.find(to);
  return a != addresses_.end() && b != addresses_.end() && a->second == b->second;
}

std::optional<Duration> VirtualNetwork::transit(std::uint32_t from, std::uint32_t to) {
  if (same_machine(from, to)) return limits_.loopback_delay;
  const auto& link = link_of(from, to);
  auto delay = link.delay.draw(random_);
  if (link.loss_ppm == 0) return delay;
  auto timeout = limits_.retransmission_timeout;
  for (std::uint32_t lost = 0; random_.below(1'000'000) < link.loss_ppm; ++lost) {
    if (lost == limits_.retransmissions_max) return std::nullopt;
    delay += timeout;
    timeout *= 2;
  }
  return delay;
}

Duration VirtualNetwork::transmission(std::uint32_t from, std::uint32_t to, std::size_t bytes) const {
  const auto& link = link_of(from, to);
  if (bytes == 0 || link.bytes_per_second == 0 || same_machine(from, to)) return {};
  return Duration(static_cast<std::int64_t>(bytes * std::uint64_t{1'000'000'000} / link.bytes_per_second));
}

void VirtualNetwork::partition(const Process& a, const Process& b) {
  partition_one_way(a, b);
  partition_one_way(b, a);
}

void VirtualNetwork::partition_one_way(const Process& from, const Process& to) { cuts_.insert({from.id(), to.id()}); }

void VirtualNetwork::heal(const Process& a, const Process& b) {
  auto forth = cuts_.erase({a.id(), b.id()}) > 0;
  auto back = cuts_.erase({b.id(), a.id()}) > 0;
  if (forth) release_held(a.id(), b.id());
  if (back) release_held(b.id(), a.id());
}

void VirtualNetwork::heal_all() {
  auto healed = std::move(cuts_);
  cuts_.clear();
  for (auto [from, to] : healed) release_held(from, to);
}

void VirtualNetwork::release_held(std::uint32_t from, std::uint32_t to) {
  for (auto& [id, connection] : connections_)
    for (int end = 0; end < 2; ++end)
      if (connection->ends[end].process == from && connection->ends[1 - end].process == to)
        connection->release_held(end);
}

bool VirtualNetwork::reachable(const Process& from, const Process& to) const { return !cut(from.id(), to.id()); }

void VirtualNetwork::reset(const Process& a, const Process& b) {
  for (auto& [id, connection] : connections_) {
    if (!connection->between(a.id(), b.id())) continue;
    connection->fail(0, asio::error::connection_reset);
    connection->fail(1, asio::error::connection_reset);
  }
}

void VirtualNetwork::add_process(const Process& process) {
  names_[process.name()] = process.address();
  addresses_[process.id()] = process.address();
}

void VirtualNetwork::add_name(std::string name, std::string address) { names_[std::move(name)] = std::move(address); }

std::optional<std::string> VirtualNetwork::resolve(const std::string& host, const std::string& own_address) const {
  if (host == "localhost" || host == "::1" || host.starts_with("127.")) return own_address;
  if (auto found = names_.find(host); found != names_.end()) return found->second;
  if (host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos) return host;
  return std::nullopt;
}

void VirtualNetwork::on_kill(std::uint32_t process) {
  std::vector<std::shared_ptr<ListenerState>> closed;
  for (auto& [place, state] : listeners_)
    if (state->process == process) closed.push_back(state);
  for (auto& state : closed) close_listener(*state);
  for (auto& [id, connection] : connections_)
    for (int end = 0; end < 2; ++end)
      if (connection->ends[end].process == process) connection->abandon(end);
}

std::uint16_t VirtualNetwork::free_port(const std::string& address, std::uint16_t first) {
  auto& last = ports_[address];
  do {
    last = last < first || last == 65535 ? first : static_cast<std::uint16_t>(last + 1);
  } while (listeners_.contains({address, last}));
  return last;
}

/// A connection request on its way.
struct VirtualNetwork::Attempt {
  Context& context;
  Address from, to;
  std::string machine;  // the address that `to` resolved to
  bool loopback = false;
  MonotonicTime deadline;
  EventRef waiting;
  std::shared_ptr<Connection> made;
};

asio::awaitable<Stream> VirtualNetwork::connect(Context& context, std::string own_address, Address address) {
  auto machine = resolve(address.host, own_address);
  if (!machine) throw boost::system::system_error(asio::error::host_not_found, address.host);
  auto attempt = std::make_shared<Attempt>(Attempt{context,
                                                   {own_address, free_port(own_address, 49152)},
                                                   address,
                                                   *machine,
                                                   *machine == own_address,
                                                   kernel_.now() + limits_.connect_timeout,
                                                   {},
                                                   nullptr});
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(error_code)>(
      [this, attempt](auto handler) {
        auto operation = make_operation(std::move(handler), Executor(attempt->context));
        attempt->waiting = kernel_.park(attempt->context, EventKind::connect, std::move(operation.complete));
        kernel_.bind(operation.slot, attempt->waiting);
        request(attempt);
      },
      asio::use_awaitable);
  co_return Stream(std::make_unique<VirtualStream>(context, std::move(attempt->made), 0), Executor(context));
}

void VirtualNetwork::request(const std::shared_ptr<Attempt>& attempt) {
  // Whoever owns the address now decides the link; a machine without any process swallows requests.
  std::uint32_t to = 0;
  if (auto found = listeners_.find({attempt->machine, attempt->to.port}); found != listeners_.end())
    to = found->second->process;
  else
    for (auto& [id, address] : addresses_)
      if (address == attempt->machine) to = id;
  auto from = attempt->context.process();
  auto delay = to == 0 ? std::nullopt : transit(from, to);
  if (to == 0 || !delay || cut(from, to) || cut(to, from)) {
    auto next = kernel_.now() + limits_.connect_retry;
    kernel_.at(context_, from, std::min(next, attempt->deadline), EventKind::network, 0,
               [this, attempt](error_code, std::size_t) {
                 if (!kernel_.waiting(attempt->waiting)) return;
                 if (kernel_.now() < attempt->deadline) return request(attempt);
                 kernel_.complete(attempt->waiting, asio::error::timed_out);
               });
    return;
  }
  kernel_.at(context_, to, kernel_.now() + *delay, EventKind::network, attempt->to.port,
             [this, attempt, to](error_code, std::size_t) {
               if (!kernel_.waiting(attempt->waiting)) return;
               if (cut(attempt->context.process(), to)) return request(attempt);
               arrive(attempt);
             });
}

void VirtualNetwork::arrive(const std::shared_ptr<Attempt>& attempt) {
  auto from = attempt->context.process();
  auto found = listeners_.find({attempt->machine, attempt->to.port});
  auto refused = found == listeners_.end() || (found->second->loopback_only && !attempt->loopback) ||
                 found->second->backlog.size() >= limits_.backlog_max;
  if (refused) {
    kernel_.at(context_, from, kernel_.now() + limits_.loopback_delay, EventKind::network, 0,
               [this, attempt](error_code, std::size_t) {
                 kernel_.complete(attempt->waiting, asio::error::connection_refused);
               });
    return;
  }
  auto listener = found->second;
  auto connection = std::make_shared<Connection>(*this, ++last_connection_);
  connections_[connection->id()] = connection.get();
  auto& client = connection->ends[0];
  auto& server = connection->ends[1];
  client.process = from;
  client.address = attempt->from;
  server.process = listener->process;
  server.address = {attempt->machine, attempt->to.port};
  client.credit = server.credit = limits_.window_bytes;
  server.open = true;
  client.opening = true;
  auto delay = transit(server.process, from).value_or(limits_.connect_retry);
  // The first bytes of the server cannot overtake its answer.
  server.last_arrival = kernel_.now() + delay;
  kernel_.at(context_, from, server.last_arrival, EventKind::network, connection->id(),
             [this, attempt, connection](error_code, std::size_t) {
               connection->ends[0].opening = false;
               if (!kernel_.waiting(attempt->waiting)) return connection->send_reset(1);
               connection->ends[0].open = true;
               attempt->made = connection;
               kernel_.complete(attempt->waiting, {}, 0, connection->id());
             });
  listener->backlog.push_back(std::move(connection));
  kernel_.complete(listener->accepting);
}

}  // namespace kumasim::sim
