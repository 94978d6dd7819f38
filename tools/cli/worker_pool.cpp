/// fork, files in memory, waitpid.
#include "tools/cli/worker_pool.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/cli/fork.hpp"
#include "tools/cli/memory_file.hpp"

namespace kumasim::cli {
namespace {

constexpr int threw = 125;  // exit code of a child whose work threw
/// What ended it is not the work itself.
bool ended_from_outside(int status) { return WIFSIGNALED(status) && from_outside(WTERMSIG(status)); }

[[noreturn]] void work_and_end(const std::function<std::string(const Say&)>& work, int output, int errors,
                               std::chrono::seconds cpu_max, std::chrono::seconds wall_max, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(threw);  // it died before
  alarm(static_cast<unsigned>(wall_max.count()));
  dup2(errors, STDERR_FILENO);
  rlimit limit{static_cast<rlim_t>(cpu_max.count()), static_cast<rlim_t>(cpu_max.count()) + 5};
  setrlimit(RLIMIT_CPU, &limit);
  rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  Say say = [output](std::string_view text) {
    if (!write_all(output, text)) throw std::runtime_error("what the work says cannot be kept");
  };
  int code = threw;
  try {
    say(work(say));
    code = 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
  } catch (...) {
    std::cerr << "threw something that is no exception" << std::endl;
  }
  _exit(code);
}

}  // namespace

WorkerPool::WorkerPool(unsigned jobs, std::chrono::seconds cpu_max, std::optional<std::chrono::seconds> wall_max)
    : jobs_(std::max(jobs, 1U)), cpu_max_(cpu_max), wall_max_(wall_max.value_or(cpu_max * 10)) {}

WorkerPool::~WorkerPool() {
  while (!children_.empty()) end(children_.begin()->first);
}

void WorkerPool::end(pid_t process) {
  auto found = children_.find(process);
  kill(process, SIGKILL);
  while (waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
  }
  close(found->second.output);
  close(found->second.errors);
  children_.erase(found);
}

void WorkerPool::cancel_above(std::size_t task) {
  for (auto at = children_.begin(); at != children_.end();) {
    auto here = at++;
    if (here->second.task > task) end(here->first);
  }
}

void WorkerPool::start(std::size_t task, const std::function<std::string()>& work) {
  start(task, [work](const Say&) { return work(); });
}

void WorkerPool::start(std::size_t task, const std::function<std::string(const Say&)>& work) {
  start({.task = task, .work = work});
}

void WorkerPool::start(Child child) {
  std::cout << std::flush;
  child.output = file_in_memory("output");
  child.errors = file_in_memory("errors");
  pid_t parent = getpid(), process = fork();
  if (process < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (process == 0) work_and_end(child.work, child.output, child.errors, cpu_max_, wall_max_, parent);
  children_.emplace(process, std::move(child));
}

Finished WorkerPool::collect(const Child& child, int status) const {
  Finished out{.task = child.task, .output = contents(child.output), .trouble = {}};
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return out;
  std::string said = last_lines(child.errors);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
    out.trouble = fmt::format("was ended by {}; it may take {} s of processor time", strsignal(WTERMSIG(status)),
                              cpu_max_.count());
  else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    out.trouble = fmt::format("was not done after {} s", wall_max_.count());
  else if (WIFSIGNALED(status))
    out.trouble = fmt::format("died by {}", strsignal(WTERMSIG(status)));
  else
    out.trouble = WEXITSTATUS(status) == threw ? "threw" : fmt::format("ended with exit code {}", WEXITSTATUS(status));
  if (!said.empty()) out.trouble += ": " + said;
  return out;
}

std::optional<Finished> WorkerPool::wait() {
  while (!children_.empty()) {
    int status = 0;
    pid_t process = waitpid(-1, &status, 0);
    if (process < 0 && errno == EINTR) continue;
    if (process < 0) throw std::system_error(errno, std::generic_category(), "waitpid");
    auto found = children_.find(process);
    if (found == children_.end()) continue;
    Child child = std::move(found->second);
    children_.erase(found);
    bool outside = ended_from_outside(status);
    Finished out = collect(child, status);
    close(child.output);
    close(child.errors);
    if (!outside) return out;
    if (child.again) throw std::runtime_error("a run's process was ended from outside twice; it " + out.trouble);
    child.again = true;
    start(std::move(child));
  }
  return std::nullopt;
}

}  // namespace kumasim::cli
