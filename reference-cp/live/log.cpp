/// Logging through spdlog.
#include "reference-cp/live/log.hpp"

#include <chrono>

#include <nlohmann/json.hpp>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace kumasim::live {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
    case LogLevel::off: break;
  }
  return spdlog::level::off;
}

/// Text of others may hold bytes that are no UTF-8, and a log must not fail for it.
std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string json_line(const LogRecord& record) {
  auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  nlohmann::ordered_json line;
  line["level"] = to_string(record.level);
  line["ts"] = now;
  line["logger"] = record.component;
  line["msg"] = record.message;
  for (const auto& field : record.fields) line[std::string(field.key)] = field.value;
  return dump(line);
}

std::string text_line(const LogRecord& record) {
  auto line = std::string(record.component) + "\t" + std::string(record.message);
  for (const auto& field : record.fields) {
    auto plain = !field.value.empty() && field.value.find_first_of(" \t\r\n\"=") == std::string::npos;
    line += (&field == record.fields.data() ? "\t" : " ") + std::string(field.key) + "=";
    line += plain ? field.value : dump(field.value);
  }
  return line;
}

}  // namespace

struct SystemLog::Sink {
  std::shared_ptr<spdlog::logger> logger;
};

SystemLog::SystemLog(LogOptions options) : options_(std::move(options)), sink_(std::make_unique<Sink>()) {
  spdlog::sink_ptr sink;
  if (options_.path.empty())
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  else
    sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(options_.path, options_.file_bytes_max,
                                                                  options_.files_max);
  sink_->logger = std::make_shared<spdlog::logger>("kumasim", std::move(sink));
  sink_->logger->set_level(spdlog::level::trace);
  sink_->logger->set_pattern(options_.format == LogFormat::json ? "%v" : "%Y-%m-%dT%H:%M:%S.%eZ\t%l\t%v",
                             spdlog::pattern_time_type::utc);
  sink_->logger->flush_on(spdlog::level::trace);
}

SystemLog::~SystemLog() = default;

void SystemLog::write(const LogRecord& record) {
  if (!enabled(record.level)) return;
  auto line = options_.format == LogFormat::json ? json_line(record) : text_line(record);
  sink_->logger->log(level_of(record.level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace kumasim::live
