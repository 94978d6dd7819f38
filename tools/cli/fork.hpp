/// A process that goes on from where it was made, while the one that made it waits.
#pragma once

#include <string>

namespace kumasim::cli {

/// A signal that ends a process for no reason of its own. SIGKILL is one: a limit of processor time sends SIGXCPU
/// before it.
bool from_outside(int signal);

class Fork {
 public:
  /// True in the new process, which must end with answer(). False in this one, once the new one has ended. Each has as
  /// much of an alarm's time as was left. Throws std::system_error where no process can be made. REQUIRES: one thread.
  bool split();
  /// In the new process: what it has to say; ends it.
  [[noreturn]] void answer(const std::string& text);

  /// In this process: what the new one said, and how it died, "" where it did not.
  const std::string& output() const { return output_; }
  const std::string& trouble() const { return trouble_; }

 private:
  int file_ = -1, errors_ = -1;
  std::string output_, trouble_;
};

}  // namespace kumasim::cli
