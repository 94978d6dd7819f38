/// fork, files in memory, waitpid.
#include "tools/cli/worker_pool.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <system_error>

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kumasim::cli {
namespace {

constexpr int threw = 125;                // exit code of a child whose work threw
constexpr std::size_t errors_max = 2000;  // characters of standard error that are kept

int file_in_memory(const char* name) {
  int file = memfd_create(name, MFD_CLOEXEC);
  if (file < 0) throw std::system_error(errno, std::generic_category(), "memfd_create");
  return file;
}

std::string contents(int file) {
  std::string out;
  char buffer[65536];
  lseek(file, 0, SEEK_SET);
  for (ssize_t count = 0; (count = read(file, buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(count));
  return out;
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    ssize_t count = write(file, text.data(), text.size());
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

[[noreturn]] void work_and_end(const std::function<std::string()>& work, int output, int errors,
                               std::chrono::seconds cpu_max) {
  dup2(errors, STDERR_FILENO);
  rlimit limit{static_cast<rlim_t>(cpu_max.count()), static_cast<rlim_t>(cpu_max.count()) + 5};
  setrlimit(RLIMIT_CPU, &limit);
  rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  int code = threw;
  try {
    code = write_all(output, work()) ? 0 : threw;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
  } catch (...) {
    std::cerr << "threw something that is no exception" << std::endl;
  }
  _exit(code);
}

}  // namespace

WorkerPool::WorkerPool(unsigned jobs, std::chrono::seconds cpu_max) : jobs_(std::max(jobs, 1U)), cpu_max_(cpu_max) {}

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
  std::cout << std::flush;
  Child child{task, file_in_memory("output"), file_in_memory("errors")};
  pid_t process = fork();
  if (process < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (process == 0) work_and_end(work, child.output, child.errors, cpu_max_);
  children_.emplace(process, child);
}

Finished WorkerPool::collect(const Child& child, int status) const {
  Finished out{.task = child.task, .output = contents(child.output), .trouble = {}};
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return out;
  std::string said = contents(child.errors);
  if (said.size() > errors_max) said = said.substr(said.size() - errors_max);
  while (!said.empty() && said.back() == '\n') said.pop_back();
  if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
    out.trouble = fmt::format("was ended by {}; it may take {} s of processor time", strsignal(WTERMSIG(status)),
                              cpu_max_.count());
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
    Finished out = collect(found->second, status);
    close(found->second.output);
    close(found->second.errors);
    children_.erase(found);
    return out;
  }
  return std::nullopt;
}

}  // namespace kumasim::cli
