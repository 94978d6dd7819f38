/// Traces as JSON Lines.
#include "kumasim/sim/trace.hpp"

#include <ostream>

#include <fmt/format.h>

namespace kumasim::sim {

std::string to_json_line(const TraceEvent& event, std::string_view process_name) {
  std::string name;
  for (char c : process_name) {
    if (c == '"' || c == '\\') name += '\\';
    name += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  }
  return fmt::format(R"({{"id":{},"cause":{},"t":{},"process":"{}","kind":"{}","digest":"{:016x}"}})", event.id,
                     event.cause, event.time.time_since_epoch().count(), name, to_string(event.kind), event.digest);
}

JsonLinesTrace::JsonLinesTrace(std::ostream& out, std::function<std::string(std::uint32_t)> name_of)
    : out_(out), name_of_(std::move(name_of)) {}

void JsonLinesTrace::on_event(const TraceEvent& event) { out_ << to_json_line(event, name_of_(event.process)) << '\n'; }

}  // namespace kumasim::sim
