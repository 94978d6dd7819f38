/// A file descriptor that closes itself, and a socket's name from text.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kumasim::test {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

/// IPv4 or IPv6.
class SocketName {
 public:
  SocketName() = default;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }
  int family() const { return storage_.ss_family; }

 private:
  friend SocketName socket_address(const std::string& address, std::uint16_t port);
  sockaddr_storage storage_{};
};

inline SocketName socket_address(const std::string& address, std::uint16_t port) {
  SocketName out;
  auto& v6 = reinterpret_cast<sockaddr_in6&>(out.storage_);
  auto& v4 = reinterpret_cast<sockaddr_in&>(out.storage_);
  if (::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
  } else {
    ::inet_pton(AF_INET, address.c_str(), &v4.sin_addr);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
  }
  return out;
}

}  // namespace kumasim::test
