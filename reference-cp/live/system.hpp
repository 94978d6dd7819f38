/// Signals and the environment of this process.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/asio.hpp"

namespace kumasim::live {

/// Every variable of the environment.
std::map<std::string, std::string> environment();
std::optional<std::string> environment_variable(const std::string& name);

/// Signals of which none is lost between two calls of next(); their default action is off while this exists.
class Signals {
 public:
  Signals(asio::any_io_executor executor, const std::vector<int>& numbers);
  ~Signals();
  asio::awaitable<int> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The next of these signals; their default action is off from the call on, until it returns.
asio::awaitable<int> wait_for_signal(std::vector<int> signals);
/// The next SIGINT or SIGTERM.
asio::awaitable<int> wait_for_stop();

/// Writing to a closed connection is an error code, not the end of the program.
void ignore_sigpipe();

std::string host_name();

/// The IP addresses of every interface of this machine, or of its network namespace.
std::vector<std::string> local_addresses();

}  // namespace kumasim::live
