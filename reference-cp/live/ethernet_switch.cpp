#include "reference-cp/live/ethernet_switch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "kumasim/runtime/asio.hpp"
#include "reference-cp/live/net_namespace.hpp"

namespace kumasim::live {
namespace {

using HardwareAddress = std::array<std::uint8_t, 6>;
using Clock = std::chrono::steady_clock;

/// An Ethernet frame begins with the addresses of who is to have it and of who sent it; the longest is 1518 bytes.
constexpr std::size_t frame_min = 14, frame_max = 2048;
/// On one way; more than all connections of a process have in their windows, as a rule.
constexpr std::size_t held_frames_max = 65'536;

HardwareAddress address_at(const std::uint8_t* bytes) {
  HardwareAddress out;
  std::copy_n(bytes, out.size(), out.begin());
  return out;
}

/// The lowest bit of the first byte says that it is for several.
bool is_for_many(const HardwareAddress& address) { return (address[0] & 1) != 0; }

}  // namespace

struct EthernetSwitch::State {
  struct Port {
    asio::posix::stream_descriptor device;
    std::array<std::uint8_t, frame_max> frame{};
  };
  using Ports = std::pair<std::size_t, std::size_t>;
  using Flow = std::pair<Ports, std::uint64_t>;
  struct Sent {
    Flow flow;
    Frame frame;
  };

  explicit State(Way asked) : way(std::move(asked)), next(context) {}

  void read(std::size_t from) {
    Port& port = *ports[from];
    port.device.async_read_some(asio::buffer(port.frame), [this, from](error_code failed, std::size_t size) {
      if (failed) return;  // the namespace is gone
      take(from, size);
      read(from);
    });
  }

  void take(std::size_t from, std::size_t size) {
    if (size < frame_min) return;
    const std::uint8_t* bytes = ports[from]->frame.data();
    Frame frame(bytes, bytes + size);
    HardwareAddress to = address_at(bytes);
    learned[address_at(bytes + to.size())] = from;
    auto known = learned.find(to);
    if (!is_for_many(to) && known != learned.end()) {
      if (known->second != from) send({from, known->second}, std::move(frame));
      return;
    }
    for (std::size_t port = 0; port < ports.size(); ++port)
      if (port != from) write(port, frame);
  }

  void send(Ports ports_of, Frame frame) {
    auto [from, to] = ports_of;
    MonotonicTime now(Clock::now().time_since_epoch());
    Fate fate = way({.from = from, .to = to, .now = now, .frame = frame});
    if (fate.back) write(from, *fate.back);
    if (fate.kind == Fate::Kind::lost) return;
    if (fate.kind == Fate::Kind::held) {
      auto& waiting = held[ports_of];
      if (waiting.size() < held_frames_max) waiting.push_back(std::move(frame));
      return;
    }
    Flow flow{ports_of, fate.flow};
    MonotonicTime& last = lasts[flow];
    last = std::max(last, now + fate.delay);
    queue.emplace(last, Sent{flow, std::move(frame)});
    deliver();
  }

  void deliver() {
    MonotonicTime now(Clock::now().time_since_epoch());
    while (!queue.empty() && queue.begin()->first <= now) {
      auto [when, sent] = std::move(*queue.begin());
      queue.erase(queue.begin());
      write(sent.flow.first.second, sent.frame);
      if (auto last = lasts.find(sent.flow); last != lasts.end() && last->second == when) lasts.erase(last);
    }
    if (queue.empty()) return;
    next.expires_at(Clock::time_point(queue.begin()->first.time_since_epoch()));
    next.async_wait([this](error_code other) {
      if (!other) deliver();
    });
  }

  void write(std::size_t to, const Frame& frame) {
    error_code lost;  // a device that is down, or full
    ports[to]->device.write_some(asio::buffer(frame), lost);
  }

  Way way;
  asio::io_context context{1};
  asio::steady_timer next;
  std::vector<std::unique_ptr<Port>> ports;
  std::map<HardwareAddress, std::size_t> learned;
  std::map<Flow, MonotonicTime> lasts;  // when the last frame that is under way arrives
  std::multimap<MonotonicTime, Sent> queue;
  std::map<Ports, std::deque<Frame>> held;
  std::thread thread;
};

EthernetSwitch::EthernetSwitch(Way way) : state_(std::make_unique<State>(std::move(way))) {}

EthernetSwitch::~EthernetSwitch() {
  state_->context.stop();
  if (state_->thread.joinable()) state_->thread.join();
}

Result<> EthernetSwitch::add_port(const NetNamespace& where, const std::string& device) {
  NetNamespace::Inside inside(&where);
  auto file = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (file < 0)
    return fail(Code::unsupported, "no /dev/net/tun on this machine: " + std::generic_category().message(errno));
  ifreq wanted{};
  wanted.ifr_flags = IFF_TAP | IFF_NO_PI;
  std::strncpy(wanted.ifr_name, device.c_str(), IFNAMSIZ - 1);
  if (::ioctl(file, TUNSETIFF, &wanted) != 0) {
    auto error = errno;
    ::close(file);
    return fail(error == EPERM ? Code::permission_denied : Code::unsupported,
                "cannot make the network device " + device + ": " + std::generic_category().message(error));
  }
  state_->ports.push_back(
      std::make_unique<State::Port>(State::Port{asio::posix::stream_descriptor(state_->context, file), {}}));
  state_->ports.back()->device.non_blocking(true);
  return {};
}

void EthernetSwitch::start() {
  for (std::size_t port = 0; port < state_->ports.size(); ++port) state_->read(port);
  state_->thread = std::thread([this] { state_->context.run(); });
}

void EthernetSwitch::post(OnceFunction<void()> task) { asio::post(state_->context, std::move(task)); }

void EthernetSwitch::release(std::size_t from, std::size_t to) {
  auto found = state_->held.find({from, to});
  if (found == state_->held.end()) return;
  std::deque<Frame> waiting = std::move(found->second);
  state_->held.erase(found);
  for (Frame& frame : waiting) state_->send({from, to}, std::move(frame));
}

void EthernetSwitch::inject(std::size_t to, const Frame& frame) { state_->write(to, frame); }

}  // namespace kumasim::live
