/// unshare(2), setns(2) and arp(7).
#include "reference-cp/live/net_namespace.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if_arp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kumasim::live {
namespace {

constexpr const char* of_this_thread = "/proc/thread-self/ns/net";

std::string message_of(int number) { return std::generic_category().message(number); }

/// A thread in the wrong network would go on as if nothing were amiss.
void enter(int descriptor) {
  if (::setns(descriptor, CLONE_NEWNET) == 0) return;
  std::perror("cannot change the network namespace");
  std::abort();
}

}  // namespace

Result<NetNamespace> NetNamespace::create() {
  auto home = ::open(of_this_thread, O_RDONLY | O_CLOEXEC);
  if (home < 0) return fail(Code::unsupported, "no network namespaces on this kernel: " + message_of(errno));
  if (::unshare(CLONE_NEWNET) != 0) {
    auto error = errno;
    ::close(home);
    auto code = error == EPERM ? Code::permission_denied : Code::unsupported;
    return fail(code, "cannot make a network namespace: " + message_of(error));
  }
  auto made = ::open(of_this_thread, O_RDONLY | O_CLOEXEC);
  auto error = errno;
  enter(home);
  ::close(home);
  if (made < 0) return fail(Code::resource_exhausted, "cannot open a network namespace: " + message_of(error));
  return NetNamespace(made);
}

NetNamespace::NetNamespace(NetNamespace&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

NetNamespace::~NetNamespace() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string NetNamespace::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(descriptor_);
}

NetNamespace::Inside::Inside(const NetNamespace* where) {
  if (where == nullptr) return;
  home_ = ::open(of_this_thread, O_RDONLY | O_CLOEXEC);
  if (home_ < 0) {
    std::perror("cannot open this thread's network namespace");
    std::abort();
  }
  enter(where->descriptor_);
}

NetNamespace::Inside::~Inside() {
  if (home_ < 0) return;
  enter(home_);
  ::close(home_);
}

Result<> NetNamespace::pin_neighbour(const std::string& device, const std::string& address,
                                     const std::string& hardware) const {
  arpreq request{};
  auto* protocol = reinterpret_cast<sockaddr_in*>(&request.arp_pa);
  protocol->sin_family = AF_INET;
  unsigned byte[6];
  bool read = ::inet_pton(AF_INET, address.c_str(), &protocol->sin_addr) == 1 &&
              device.size() < sizeof request.arp_dev &&
              std::sscanf(hardware.c_str(), "%2x:%2x:%2x:%2x:%2x:%2x", &byte[0], &byte[1], &byte[2], &byte[3], &byte[4],
                          &byte[5]) == 6;
  if (!read) return fail(Code::invalid_argument, "no neighbour: " + address + " " + hardware + " on " + device);
  request.arp_ha.sa_family = ARPHRD_ETHER;
  for (std::size_t i = 0; i < 6; ++i) request.arp_ha.sa_data[i] = static_cast<char>(byte[i]);
  request.arp_flags = ATF_COM | ATF_PERM;
  std::memcpy(request.arp_dev, device.data(), device.size());
  Inside inside(this);
  auto socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return fail(Code::resource_exhausted, "no socket: " + message_of(errno));
  auto done = ::ioctl(socket, SIOCSARP, &request);
  auto error = errno;
  ::close(socket);
  if (done != 0) return fail(Code::internal, "cannot set the neighbour " + address + ": " + message_of(error));
  return {};
}

}  // namespace kumasim::live
