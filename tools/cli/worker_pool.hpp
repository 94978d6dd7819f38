/// Work done in child processes: a crash of one is an answer, not the end.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace kumasim::cli {

/// What came of one piece of work.
struct Finished {
  std::size_t task = 0;
  std::string output;   // what the work said and returned
  std::string trouble;  // "" where it did; else how it died, with the last it said on standard error
};

/// Throws std::runtime_error where nobody can hear it.
using Say = std::function<void(std::string_view)>;

class WorkerPool {
 public:
  /// `cpu_max` is the processor time that one piece of work may take, `wall_max` the time by the clock; default: ten
  /// times as much, since a machine may have other work.
  WorkerPool(unsigned jobs, std::chrono::seconds cpu_max, std::optional<std::chrono::seconds> wall_max = {});
  /// Ends what still runs.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  bool full() const { return children_.size() >= jobs_; }
  bool idle() const { return children_.empty(); }

  /// Forks. What the work writes to memory stays in the child, which dies with this process. Work that something
  /// outside ends (SIGTERM, SIGINT, SIGHUP or SIGKILL) is done once more; what it refers to must live
  /// until it has been waited for. Throws std::system_error where no process can be made.
  void start(std::size_t task, const std::function<std::string()>& work);
  /// The same for work that has something to say before it is done: `output` begins with it, also where the work dies.
  void start(std::size_t task, const std::function<std::string(const Say&)>& work);
  /// Waits for one to end; nothing where none runs. Throws std::runtime_error where one was ended from outside twice.
  std::optional<Finished> wait();
  /// Ends what runs with a number above `task`; it will not be reported.
  void cancel_above(std::size_t task);

 private:
  struct Child {
    std::size_t task = 0;
    int output = -1, errors = -1;  // files in memory
    std::function<std::string(const Say&)> work = {};
    bool again = false;  // it was ended from outside before
  };
  void start(Child child);
  Finished collect(const Child& child, int status) const;
  void end(pid_t process);

  std::size_t jobs_;
  std::chrono::seconds cpu_max_, wall_max_;
  std::map<pid_t, Child> children_;
};

}  // namespace kumasim::cli
