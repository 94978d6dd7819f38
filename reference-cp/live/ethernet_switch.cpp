#include "reference-cp/live/ethernet_switch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
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
#include <boost/asio/steady_timer.hpp>

#include "kumasim/runtime/asio.hpp"
#include "reference-cp/live/net_namespace.hpp"

namespace kumasim::live {
namespace {

using HardwareAddress = std::array<std::uint8_t, 6>;
using Frame = std::vector<std::uint8_t>;
using Clock = std::chrono::steady_clock;

/// An Ethernet frame begins with the addresses of who is to have it and of who sent it; the longest is 1518 bytes.
constexpr std::size_t frame_min = 14, frame_max = 2048;

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
  struct Sent {
    std::size_t to;
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
    HardwareAddress to = address_at(bytes);
    learned[address_at(bytes + to.size())] = from;
    auto known = learned.find(to);
    bool many = is_for_many(to) || known == learned.end();
    for (std::size_t port = 0; port < ports.size(); ++port)
      if (port != from && (many || port == known->second)) send(from, port, Frame(bytes, bytes + size));
  }

  void send(std::size_t from, std::size_t to, Frame frame) {
    std::optional<Duration> delay = way(from, to);
    if (!delay) return;
    Clock::time_point& last = lasts[{from, to}];
    last = std::max(last, Clock::now() + *delay);
    queue.emplace(last, Sent{to, std::move(frame)});
    deliver();
  }

  void deliver() {
    while (!queue.empty() && queue.begin()->first <= Clock::now()) {
      const Sent& sent = queue.begin()->second;
      error_code lost;  // a device that is down, or full
      ports[sent.to]->device.write_some(asio::buffer(sent.frame), lost);
      queue.erase(queue.begin());
    }
    if (queue.empty()) return;
    next.expires_at(queue.begin()->first);
    next.async_wait([this](error_code other) {
      if (!other) deliver();
    });
  }

  Way way;
  asio::io_context context{1};
  asio::steady_timer next;
  std::vector<std::unique_ptr<Port>> ports;
  std::map<HardwareAddress, std::size_t> learned;
  std::map<std::pair<std::size_t, std::size_t>, Clock::time_point> lasts;  // when the last frame of a way arrives
  std::multimap<Clock::time_point, Sent> queue;
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

}  // namespace kumasim::live
