/// A child process: start it, wait for its end, ask or force it to end.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/asio.hpp"
#include "kumasim/runtime/error.hpp"

namespace kumasim::live {

struct ChildOptions {
  std::string program;                 ///< a path, or a name looked up in PATH
  std::vector<std::string> arguments = {};  ///< without the program's own name
  /// The whole environment of the child; inherited where not given.
  std::optional<std::map<std::string, std::string>> environment = {};
  std::string working_directory = {};  ///< inherited where empty
  std::string output_path = {};        ///< standard output and error are appended to it; inherited where empty
  /// The kernel kills the child when we die. Its own process group keeps a terminal's Ctrl-C from it.
  bool own_process_group = true;
};

struct ExitStatus {
  int code = 0;    ///< as the child gave it; 0 where a signal ended it
  int signal = 0;  ///< the signal that ended it, or 0
  bool success() const { return code == 0 && signal == 0; }
};

/// "exit code 3" or "signal 9 (Killed)".
std::string to_string(const ExitStatus& status);

/// The destructor kills a child that still runs and reaps it.
class ChildProcess {
 public:
  static Result<ChildProcess> start(asio::any_io_executor executor, const ChildOptions& options);
  ChildProcess(ChildProcess&&) noexcept;
  ChildProcess& operator=(ChildProcess&&) noexcept;
  ~ChildProcess();

  int pid() const;
  /// One waiter at a time; returns at once after the end.
  asio::awaitable<ExitStatus> wait();
  std::optional<ExitStatus> status() const;
  /// SIGTERM; nothing happens after the end.
  void terminate();
  void kill();
  void signal(int number);

 private:
  struct State;
  explicit ChildProcess(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The absolute path of a program found in PATH, or given as a path; not_found where there is none.
Result<std::string> find_program(const std::string& name);

}  // namespace kumasim::live
