/// A process that goes on from where it was made, while the one that made it waits.
#pragma once

#include <string>

namespace kumasim::cli {

class Fork {
 public:
  /// True in the new process, which must end with answer(). False in this one, once the new one has ended. Throws
  /// std::system_error where no process can be made. REQUIRES: one thread.
  bool split();
  /// In the new process: what it has to say; ends it.
  [[noreturn]] void answer(const std::string& text);

  /// In this process: what the new one said, and how it died, "" where it did not.
  const std::string& output() const { return output_; }
  const std::string& trouble() const { return trouble_; }

 private:
  int file_ = -1;
  std::string output_, trouble_;
};

}  // namespace kumasim::cli
