/// Signals and environment variables.
#include "reference-cp/live/system.hpp"

#include <csignal>
#include <cstdlib>
#include <string_view>

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

}  // namespace kumasim::live
