/// Links, partitions, names and the making of connections.
#include "kumasim/sim/network.hpp"

#include <algorithm>
#include <cassert>
#include <vector>

#include <fmt/format.h>

#include "kumasim/sim/process.hpp"
#include "sim/net/connection.hpp"
#include "sim/net/link_chance.hpp"
#include "sim/net/listener.hpp"

namespace kumasim::sim {

VirtualNetwork::VirtualNetwork(Kernel& kernel, std::uint64_t seed, NetworkLimits limits)
    : kernel_(kernel), limits_(limits), random_(mix(seed, 0x9E7)), context_(kernel, 0, random_) {}

VirtualNetwork::~VirtualNetwork() {
  // What is under way or held up owns connections, which know this network.
  context_.mark_ended();
  context_.drain();
  waiting_.clear();
}

void VirtualNetwork::set_link_one_way(const Process& from, const Process& to, LinkOptions options) {
  LinkOptions before = link_of(from.id(), to.id());
  links_[link_key(from.id(), to.id())] = options;
  change_link({from.id(), to.id()}, before, options);
}

void VirtualNetwork::change_link(Direction way, const LinkOptions& before, const LinkOptions& now) {
  if (auto line = lines_.find(way); line != lines_.end()) {
    if (before.delay_correlation_ppm != now.delay_correlation_ppm) line->second.last_delay.reset();
    if (before.loss_ppm != now.loss_ppm || before.loss_burst != now.loss_burst) line->second.bursting = false;
    if (before.bottleneck_bytes_per_second != now.bottleneck_bytes_per_second) line->second.free = {};
  }
  constexpr std::uint32_t all = 1'000'000;
  if (now.loss_ppm >= all && !same_machine(way.first, way.second))
    dead_.insert(way);
  else if (dead_.erase(way) > 0)
    release_held(way.first, way.second);
  auto wider =
      before.bottleneck_bytes_per_second > 0 &&
      (now.bottleneck_bytes_per_second == 0 || now.bottleneck_bytes_per_second > before.bottleneck_bytes_per_second);
  if (wider || now.loss_ppm < before.loss_ppm) ease(way);
}

void VirtualNetwork::ease(Direction way) {
  for (auto& [id, connection] : connections_)
    for (int end = 0; end < 2; ++end)
      if (connection->ends[end].process == way.first && connection->ends[1 - end].process == way.second)
        connection->hurry(end);
  auto hurried = hurried_.extract(way);
  if (hurried.empty()) return;
  for (auto& waiting : hurried.mapped())
    if (auto call = waiting.lock()) (*call)();
}

void VirtualNetwork::when_eased(std::uint32_t from, std::uint32_t to, std::weak_ptr<std::function<void()>> call) {
  auto& hurried = hurried_[{from, to}];
  while (!hurried.empty() && hurried.front().expired()) hurried.pop_front();
  hurried.push_back(std::move(call));
}

void VirtualNetwork::set_link(const Process& a, const Process& b, LinkOptions options) {
  set_link_one_way(a, b, options);
  set_link_one_way(b, a, options);
}

const LinkOptions& VirtualNetwork::link(const Process& from, const Process& to) const {
  return link_of(from.id(), to.id());
}

std::optional<Duration> VirtualNetwork::disturbed(std::uint32_t from, std::uint32_t to, const LinkOptions& link,
                                                  Duration delay) {
  if (link.delay_correlation_ppm > 0)
    delay = correlated(delay, link.delay_correlation_ppm, lines_[{from, to}].last_delay);
  if (link.loss_ppm == 0 || dead_.contains({from, to})) return delay;
  auto timeout = limits_.retransmission_timeout;
  // By the time that it is sent again, a burst of losses is over.
  for (std::uint32_t times = 0; times == 0 ? lost(from, to, link) : random_.below(1'000'000) < link.loss_ppm; ++times) {
    if (times == limits_.retransmissions_max) return std::nullopt;
    delay += timeout;
    timeout *= 2;
  }
  return delay;
}

bool VirtualNetwork::lost(std::uint32_t from, std::uint32_t to, const LinkOptions& link) {
  if (link.loss_burst > 1) return draw_loss(link, lines_[{from, to}].bursting, random_);
  bool bursting = false;
  return draw_loss(link, bursting, random_);
}

bool VirtualNetwork::corrupts(std::uint32_t from, std::uint32_t to) {
  const auto& link = link_of(from, to);
  return link.corrupt_ppm > 0 && !same_machine(from, to) && random_.below(1'000'000) < link.corrupt_ppm;
}

Duration VirtualNetwork::squeeze(std::uint32_t from, std::uint32_t to, std::size_t bytes) {
  const auto& link = link_of(from, to);
  if (link.bottleneck_bytes_per_second == 0 || same_machine(from, to)) return {};
  return squeezed(bytes, link.bottleneck_bytes_per_second, kernel_.now(), lines_[{from, to}].free);
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

void VirtualNetwork::heal_one_way(const Process& from, const Process& to) {
  if (cuts_.erase({from.id(), to.id()}) > 0) release_held(from.id(), to.id());
}

void VirtualNetwork::clog_one_way(const Process& from, const Process& to) { clogs_.insert({from.id(), to.id()}); }

void VirtualNetwork::release_one_way(const Process& from, const Process& to) {
  Direction way{from.id(), to.id()};
  if (clogs_.erase(way) == 0) return;
  release_held(way.first, way.second);
  auto held = waiting_.extract(way);
  if (held.empty()) return;
  for (auto& call : held.mapped()) call();
}

void VirtualNetwork::when_released(std::uint32_t from, std::uint32_t to, OnceFunction<void()> call) {
  waiting_[{from, to}].push_back(std::move(call));
}

void VirtualNetwork::set_door(const Process& from, const Process& to, Door door) {
  if (door == Door::open)
    doors_.erase({from.id(), to.id()});
  else
    doors_[{from.id(), to.id()}] = door;
}

Door VirtualNetwork::door(std::uint32_t from, std::uint32_t to) const {
  auto found = doors_.find({from, to});
  return found == doors_.end() ? Door::open : found->second;
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

void VirtualNetwork::silence(const Process& a, const Process& b) {
  for (auto& [id, connection] : connections_)
    if (connection->between(a.id(), b.id())) connection->silence();
}

std::size_t VirtualNetwork::forget_idle(const Process& a, const Process& b, MonotonicTime since, bool reset) {
  std::size_t count = 0;
  for (auto& [id, connection] : connections_) {
    if (!connection->between(a.id(), b.id()) || connection->silent() || connection->last_used() > since) continue;
    ++count;
    connection->silence();
    if (!reset) continue;
    connection->fail(0, asio::error::connection_reset);
    connection->fail(1, asio::error::connection_reset);
  }
  return count;
}

void VirtualNetwork::add_process(const Process& process) {
  names_[process.name()] = process.address();
  addresses_[process.id()] = process.address();
  auto number = static_cast<std::uint32_t>(machines_.size() + 1);
  if (machine_of_.size() <= process.id()) machine_of_.resize(process.id() + 1);
  machine_of_[process.id()] = machines_.try_emplace(process.address(), number).first->second;
}

void VirtualNetwork::add_name(std::string name, std::string address) { names_[std::move(name)] = std::move(address); }

void VirtualNetwork::add_service(std::string name, const std::vector<const Process*>& members) {
  assert(!members.empty() && !names_.contains(name));
  // Beside the addresses that World gives to processes.
  auto number = services_.size() + 1;
  std::string address = fmt::format("172.16.{}.{}", number >> 8, number & 255);
  Service service;
  for (const Process* member : members) service.members.push_back(member->id());
  names_[std::move(name)] = address;
  services_[std::move(address)] = std::move(service);
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
  ConnectionRef made;
};

asio::awaitable<Stream> VirtualNetwork::connect(Context& context, std::string own_address, Address address) {
  auto machine = co_await look_up(context, address.host, own_address);
  auto service = services_.find(machine);
  if (service == services_.end()) co_return co_await connect_to(context, own_address, address, std::move(machine));
  const auto& members = service->second.members;
  const auto from = context.process();
  for (std::size_t tried = 1;; ++tried) {
    std::uint32_t turn = service->second.turns.try_emplace(from, from - members.front()).first->second++;
    try {
      co_return co_await connect_to(context, own_address, address, addresses_.at(members[turn % members.size()]));
    } catch (const boost::system::system_error& error) {
      if (error.code() != asio::error::connection_refused || tried == members.size()) throw;
    }
  }
}

asio::awaitable<Stream> VirtualNetwork::connect_to(Context& context, std::string own_address, Address address,
                                                   std::string machine) {
  auto attempt = std::make_shared<Attempt>(Attempt{context,
                                                   {own_address, free_port(own_address, 49152)},
                                                   address,
                                                   machine,
                                                   machine == own_address,
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
  if (to == 0 || !delay || blocked(from, to) || blocked(to, from) || door(from, to) == Door::silent) {
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
               if (blocked(attempt->context.process(), to)) return request(attempt);
               arrive(attempt);
             });
}

void VirtualNetwork::arrive(const std::shared_ptr<Attempt>& attempt) {
  auto from = attempt->context.process();
  auto found = listeners_.find({attempt->machine, attempt->to.port});
  auto refused = found == listeners_.end() || (found->second->loopback_only && !attempt->loopback) ||
                 found->second->backlog.size() >= limits_.backlog_max ||
                 door(from, found->second->process) == Door::refusing;
  if (refused) {
    kernel_.at(context_, from, kernel_.now() + limits_.loopback_delay, EventKind::network, 0,
               [this, attempt](error_code, std::size_t) {
                 kernel_.complete(attempt->waiting, asio::error::connection_refused);
               });
    return;
  }
  auto listener = found->second;
  auto connection = ConnectionRef(new Connection(*this, ++last_connection_));
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
