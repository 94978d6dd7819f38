/// Log records to the standard error or a file, as text or JSON lines.
#pragma once

#include <memory>
#include <string>

#include "kumasim/runtime/log.hpp"

namespace kumasim::live {

enum class LogFormat : std::uint8_t { text, json };

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  std::string path = {};                     ///< empty: the standard error
  std::size_t file_bytes_max = 100'000'000;  ///< a file grows to this, then it is rotated
  std::size_t files_max = 5;
};

/// Safe across threads.
class SystemLog final : public Log {
 public:
  /// Throws std::runtime_error where the file cannot be opened.
  explicit SystemLog(LogOptions options = {});
  ~SystemLog() override;
  void write(const LogRecord& record) override;
  bool enabled(LogLevel level) const override { return level >= options_.level && level != LogLevel::off; }
  void set_level(LogLevel level) { options_.level = level; }

 private:
  struct Sink;
  LogOptions options_;
  std::unique_ptr<Sink> sink_;
};

}  // namespace kumasim::live
