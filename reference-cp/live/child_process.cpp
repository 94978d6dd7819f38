/// Child processes by fork, exec and a process descriptor, which an io_context can wait for.
#include "reference-cp/live/child_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>

namespace kumasim::live {
namespace {

std::string message_of(int number) { return std::generic_category().message(number); }

/// What the child does between fork and exec; only calls that are safe there. Returns errno of what failed.
int become(const ChildOptions& options, const char* program, char* const* arguments, char* const* environment,
           pid_t parent) {
  if (options.own_process_group) ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) return ECANCELED;  // the parent died before the line above
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (!options.working_directory.empty() && ::chdir(options.working_directory.c_str()) != 0) return errno;
  if (!options.output_path.empty()) {
    auto file = ::open(options.output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (file < 0) return errno;
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    if (file > STDERR_FILENO) ::close(file);
  }
  ::execve(program, arguments, environment);
  return errno;
}

}  // namespace

struct ChildProcess::State {
  State(asio::any_io_executor executor, pid_t child, int descriptor) : pid(child), ended(executor, descriptor) {}

  ~State() {
    if (status) return;
    ::kill(pid, SIGKILL);
    int ignored = 0;
    while (::waitpid(pid, &ignored, 0) < 0 && errno == EINTR) {
    }
  }

  /// Reaps it where it has ended.
  void poll() {
    int raw = 0;
    if (status || ::waitpid(pid, &raw, WNOHANG) != pid) return;
    status = WIFSIGNALED(raw) ? ExitStatus{0, WTERMSIG(raw)} : ExitStatus{WEXITSTATUS(raw), 0};
  }

  pid_t pid;
  asio::posix::stream_descriptor ended;  // readable once the process has ended (pidfd_open(2))
  std::optional<ExitStatus> status;
};

ChildProcess::ChildProcess(std::unique_ptr<State> state) : state_(std::move(state)) {}
ChildProcess::ChildProcess(ChildProcess&&) noexcept = default;
ChildProcess& ChildProcess::operator=(ChildProcess&&) noexcept = default;
ChildProcess::~ChildProcess() = default;

Result<ChildProcess> ChildProcess::start(asio::any_io_executor executor, const ChildOptions& options) {
  auto program = find_program(options.program);
  if (!program) return fail(program.error());
  // Everything that allocates happens before the fork.
  std::vector<std::string> words{*program};
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::vector<std::string> settings;
  std::vector<char*> environment;
  if (options.environment)
    for (const auto& [name, value] : *options.environment) settings.push_back(name + "=" + value);
  for (auto& setting : settings) environment.push_back(setting.data());
  environment.push_back(nullptr);
  char* const* environment_used = options.environment ? environment.data() : ::environ;

  int report[2];  // closed by a successful exec; else it carries the error
  if (::pipe2(report, O_CLOEXEC) != 0) return fail(Code::resource_exhausted, "no pipe: " + message_of(errno));
  auto parent = ::getpid();
  auto pid = ::fork();
  if (pid == 0) {
    auto error = become(options, program->c_str(), arguments.data(), environment_used, parent);
    [[maybe_unused]] auto told = ::write(report[1], &error, sizeof error);
    ::_exit(127);
  }
  auto fork_error = errno;
  ::close(report[1]);
  int error = 0;
  auto told = pid < 0 ? 0 : ::read(report[0], &error, sizeof error);
  ::close(report[0]);
  if (pid < 0) return fail(Code::resource_exhausted, "cannot start a process: " + message_of(fork_error));
  auto descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  auto state = std::unique_ptr<State>(descriptor < 0 ? nullptr : new State(executor, pid, descriptor));
  if (!state) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return fail(Code::unsupported, "this kernel has no process descriptors (pidfd_open, Linux 5.3)");
  }
  if (told == sizeof error) return fail(Code::unavailable, "cannot start " + *program + ": " + message_of(error));
  return ChildProcess(std::move(state));
}

int ChildProcess::pid() const { return state_->pid; }

asio::awaitable<ExitStatus> ChildProcess::wait() {
  for (state_->poll(); !state_->status; state_->poll())
    co_await state_->ended.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
  co_return *state_->status;
}

std::optional<ExitStatus> ChildProcess::status() const {
  state_->poll();
  return state_->status;
}

void ChildProcess::signal(int number) {
  state_->poll();
  if (!state_->status) ::kill(state_->pid, number);
}

void ChildProcess::terminate() { signal(SIGTERM); }
void ChildProcess::kill() { signal(SIGKILL); }

std::string to_string(const ExitStatus& status) {
  if (status.signal == 0) return "exit code " + std::to_string(status.code);
  return "signal " + std::to_string(status.signal) + " (" + ::strsignal(status.signal) + ")";
}

Result<std::string> find_program(const std::string& name) {
  auto runnable = [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0; };
  if (name.find('/') != std::string::npos) {
    if (runnable(name)) return name;
    return fail(Code::not_found, "no program at " + name + ": " + message_of(errno));
  }
  const char* path = std::getenv("PATH");
  std::string rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    auto end = std::min(rest.find(':'), rest.size());
    auto candidate = rest.substr(0, end) + "/" + name;
    if (end > 0 && runnable(candidate)) return candidate;
    rest.erase(0, end + 1);
  }
  return fail(Code::not_found, "no program " + name + " in PATH");
}

}  // namespace kumasim::live
