#include "tests/real_envoy/scripted_servers.hpp"

#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "tests/real_envoy/traffic_socket.hpp"

namespace kumasim::test {
namespace {

constexpr std::uint16_t port = 80;
constexpr std::string_view end_of_head = "\r\n\r\n";

/// One that was accepted, and what has come on it.
struct Connection {
  FileDescriptor socket;
  std::string address;  ///< at which it was accepted
  std::string bytes = {};
};

std::string own_address(int fd) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  char text[INET_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET, &name.sin_addr, text, sizeof text);
  return text;
}

}  // namespace

struct ScriptedServers::State {
  void serve() {
    for (;;) {
      std::vector<pollfd> watched{{stop.get(), POLLIN, 0}, {listener.get(), POLLIN, 0}};
      for (const auto& connection : connections) watched.push_back({connection.socket.get(), POLLIN, 0});
      if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return;
      if (watched[0].revents != 0) return;
      std::vector<Connection> kept;
      for (std::size_t i = 0; i < connections.size(); ++i) {
        bool open = (watched[i + 2].revents == 0) || read(connections[i]);
        if (open) kept.push_back(std::move(connections[i]));
      }
      connections = std::move(kept);
      if (watched[1].revents != 0) accept();
    }
  }

  void accept() {
    FileDescriptor fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (fd.get() < 0) return;
    auto address = own_address(fd.get());
    connections.push_back({std::move(fd), std::move(address)});
  }

  /// False: the connection is over.
  bool read(Connection& connection) {
    char buffer[4096];
    auto count = ::recv(connection.socket.get(), buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    connection.bytes.append(buffer, static_cast<std::size_t>(count));
    for (std::size_t end; (end = connection.bytes.find(end_of_head)) != std::string::npos;) {
      connection.bytes.erase(0, end + end_of_head.size());
      if (!answer(connection)) return false;
    }
    return true;
  }

  bool answer(const Connection& connection) {
    const AnswerScript& script = scripts.at(connection.address);
    std::size_t& next = served[connection.address];
    if (next++ == script.size()) ++over;
    if (next > script.size()) return true;
    int status = script[next - 1];
    if (status == 0) return false;
    auto text = fmt::format("HTTP/1.1 {} Status\r\ncontent-length: 0\r\n\r\n", status);
    return ::send(connection.socket.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }

  AnswerScripts scripts;
  FileDescriptor listener, stop;
  std::map<std::string, std::size_t> served;
  std::vector<Connection> connections;
  std::atomic<std::size_t> over = 0;
  std::thread thread;
};

Result<std::unique_ptr<ScriptedServers>> ScriptedServers::start(AnswerScripts scripts) {
  auto state = std::make_unique<State>();
  state->scripts = std::move(scripts);
  state->stop = FileDescriptor(::eventfd(0, EFD_CLOEXEC));
  state->listener = FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto name = socket_address("0.0.0.0", port);
  int fd = state->listener.get();
  if (fd < 0 || ::bind(fd, name.get(), name.size()) != 0 || ::listen(fd, SOMAXCONN) != 0)
    return fail(Code::unavailable, std::generic_category().message(errno), "port 80");
  state->thread = std::thread([raw = state.get()] { raw->serve(); });
  return std::unique_ptr<ScriptedServers>(new ScriptedServers(std::move(state)));
}

ScriptedServers::ScriptedServers(std::unique_ptr<State> state) : state_(std::move(state)) {}

ScriptedServers::~ScriptedServers() {
  ::eventfd_write(state_->stop.get(), 1);
  state_->thread.join();
}

bool ScriptedServers::all_over() const { return state_->over == state_->scripts.size(); }

}  // namespace kumasim::test
