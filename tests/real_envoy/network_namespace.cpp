/// rtnetlink(7), netdevice(7) and ip-sysctl.
#include "tests/real_envoy/network_namespace.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kumasim::test {
namespace {

constexpr const char* loopback = "lo";

struct Socket {
  explicit Socket(int family, int type, int protocol) : fd(::socket(family, type | SOCK_CLOEXEC, protocol)) {}
  ~Socket() {
    if (fd >= 0) ::close(fd);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd;
};

/// 0, or errno.
int raise_loopback() {
  Socket socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, loopback, sizeof request.ifr_name - 1);
  if (socket.fd < 0 || ::ioctl(socket.fd, SIOCGIFFLAGS, &request) != 0) return errno;
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  return ::ioctl(socket.fd, SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
}

/// `ip route add local default dev lo`, of this family; 0, or errno.
int make_all_local(unsigned char family) {
  struct {
    nlmsghdr head;
    rtmsg route;
    rtattr device;
    unsigned index;
  } request{};
  request.head.nlmsg_len = sizeof request;
  request.head.nlmsg_type = RTM_NEWROUTE;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK;
  request.route.rtm_family = family;
  request.route.rtm_table = RT_TABLE_LOCAL;
  request.route.rtm_protocol = RTPROT_BOOT;
  request.route.rtm_scope = RT_SCOPE_HOST;
  request.route.rtm_type = RTN_LOCAL;
  request.device.rta_type = RTA_OIF;
  request.device.rta_len = RTA_LENGTH(sizeof request.index);
  request.index = ::if_nametoindex(loopback);
  Socket socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (socket.fd < 0 || ::send(socket.fd, &request, sizeof request, 0) < 0) return errno;
  struct {
    nlmsghdr head;
    nlmsgerr error;
    char rest[512];
  } answer{};
  if (::recv(socket.fd, &answer, sizeof answer, 0) < 0) return errno;
  return answer.head.nlmsg_type == NLMSG_ERROR ? -answer.error.error : EPROTO;
}

/// The files show the namespace of who opens them. For IPv6 the route alone does not make an address fit for bind(2).
void allow_foreign_addresses() {
  for (const char* family : {"ipv4", "ipv6"})
    std::ofstream(std::string("/proc/sys/net/") + family + "/ip_nonlocal_bind") << 1;
}

}  // namespace

Result<NetworkPtr> make_network() {
  auto made = live::NetNamespace::create();
  if (!made) return fail(made.error());
  auto network = std::make_shared<const live::NetNamespace>(std::move(*made));
  live::NetNamespace::Inside inside(network.get());
  int error = raise_loopback();
  if (error == 0) error = make_all_local(AF_INET);
  if (error != 0)
    return fail(Code::unsupported, "cannot make every address local: " + std::generic_category().message(error));
  make_all_local(AF_INET6);  // a kernel without IPv6 refuses
  allow_foreign_addresses();
  return network;
}

}  // namespace kumasim::test
