/// Structured logging, handed over: a level, the component that speaks, a message and fields.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace kumasim {

enum class LogLevel : std::uint8_t { debug, info, warn, error, off };

constexpr std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warn: return "warn";
    case LogLevel::error: return "error";
    case LogLevel::off: return "off";
  }
  return "off";
}

struct LogField {
  LogField(std::string_view name, std::string text) : key(name), value(std::move(text)) {}
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const char* text) : key(name), value(text) {}
  template <class Integer>
    requires std::is_integral_v<Integer>
  LogField(std::string_view name, Integer number) : key(name), value(std::to_string(number)) {}

  std::string_view key;
  std::string value;
};

struct LogRecord {
  LogLevel level;
  std::string_view component;  ///< dotted, as `ads.session`
  std::string_view message;    ///< constant text; what varies stands in the fields
  std::span<const LogField> fields;
};

/// Where records go. `log.info("ads", "stream opened", {{"node", id}})`.
class Log {
 public:
  using Fields = std::initializer_list<LogField>;

  virtual ~Log() = default;
  /// May be called for any level; drops what is below its own.
  virtual void write(const LogRecord& record) = 0;
  /// Whether a record of this level would be kept; ask before costly fields.
  virtual bool enabled(LogLevel) const { return true; }

  void debug(std::string_view component, std::string_view message, Fields fields = {}) {
    put(LogLevel::debug, component, message, fields);
  }
  void info(std::string_view component, std::string_view message, Fields fields = {}) {
    put(LogLevel::info, component, message, fields);
  }
  void warn(std::string_view component, std::string_view message, Fields fields = {}) {
    put(LogLevel::warn, component, message, fields);
  }
  void error(std::string_view component, std::string_view message, Fields fields = {}) {
    put(LogLevel::error, component, message, fields);
  }

 private:
  void put(LogLevel level, std::string_view component, std::string_view message, Fields fields) {
    if (enabled(level)) write({level, component, message, {fields.begin(), fields.size()}});
  }
};

}  // namespace kumasim
