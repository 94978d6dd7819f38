/// fork, a file in memory, waitpid.
#include "tools/cli/fork.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <system_error>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/cli/memory_file.hpp"

namespace kumasim::cli {

bool from_outside(int signal) { return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGKILL; }

bool Fork::split() {
  std::cout << std::flush;
  file_ = file_in_memory("output");
  errors_ = file_in_memory("errors");
  unsigned left = alarm(0);
  pid_t parent = getpid(), process = fork();
  if (process < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (process == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(EXIT_FAILURE);  // it died before
    dup2(errors_, STDERR_FILENO);
    alarm(left);
    return true;
  }
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  alarm(left);
  // What ended it from outside is no answer: it ends this process as well, and who made this one makes it again.
  if (WIFSIGNALED(status) && from_outside(WTERMSIG(status))) std::raise(WTERMSIG(status));
  output_ = contents(file_);
  if (WIFSIGNALED(status))
    trouble_ = fmt::format("died by {}", strsignal(WTERMSIG(status)));
  else if (WEXITSTATUS(status) != EXIT_SUCCESS)
    trouble_ = fmt::format("ended with exit code {}", WEXITSTATUS(status));
  if (std::string said = last_lines(errors_); !trouble_.empty() && !said.empty()) trouble_ += ": " + said;
  close(file_);
  close(errors_);
  return false;
}

void Fork::answer(const std::string& text) { _exit(write_all(file_, text) ? EXIT_SUCCESS : EXIT_FAILURE); }

}  // namespace kumasim::cli
