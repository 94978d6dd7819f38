/// Signals and environment variables.
#include "reference-cp/live/system.hpp"

#include <csignal>
#include <cstdlib>
#include <string_view>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>

namespace kumasim::live {

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> out;
  for (auto** entry = ::environ; entry && *entry; ++entry) {
    std::string_view text(*entry);
    auto equals = text.find('=');
    if (equals != std::string_view::npos) out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (!value) return std::nullopt;
  return value;
}

struct Signals::State {
  explicit State(asio::any_io_executor executor) : set(std::move(executor)) {}
  asio::signal_set set;
};

Signals::Signals(asio::any_io_executor executor, const std::vector<int>& numbers)
    : state_(std::make_unique<State>(std::move(executor))) {
  for (int number : numbers) state_->set.add(number);
}

Signals::~Signals() = default;

asio::awaitable<int> Signals::next() { co_return co_await state_->set.async_wait(asio::use_awaitable); }

asio::awaitable<int> wait_for_signal(std::vector<int> signals) {
  asio::signal_set set(co_await asio::this_coro::executor);
  for (int number : signals) set.add(number);
  co_return co_await set.async_wait(asio::use_awaitable);
}

asio::awaitable<int> wait_for_stop() { return wait_for_signal({SIGINT, SIGTERM}); }

void ignore_sigpipe() { ::signal(SIGPIPE, SIG_IGN); }

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return "localhost";
  return name;
}

std::vector<std::string> local_addresses() {
  std::vector<std::string> out;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return out;
  for (auto* entry = all; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    int family = entry->ifa_addr->sa_family;
    const void* bytes = nullptr;
    if (family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr;
    if (family == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr;
    char text[INET6_ADDRSTRLEN] = {};
    if (bytes != nullptr && ::inet_ntop(family, bytes, text, sizeof text) != nullptr) out.emplace_back(text);
  }
  ::freeifaddrs(all);
  return out;
}

}  // namespace kumasim::live
