/// Fault plans as text.
#include "kumasim/testing/fault_plan.hpp"

#include <algorithm>
#include <chrono>
#include <ostream>
#include <string_view>

#include <fmt/format.h>

namespace kumasim::testing {
namespace {

std::string_view name_of(Fault::Kind kind) {
  switch (kind) {
    case Fault::Kind::partition: return "net.partition";
    case Fault::Kind::clog: return "net.clog";
    case Fault::Kind::delay: return "net.delay";
    case Fault::Kind::loss: return "net.loss";
    case Fault::Kind::reset: return "tcp.reset";
    case Fault::Kind::kill: return "proc.kill";
    case Fault::Kind::pause: return "proc.pause";
  }
  return "";
}

std::string milliseconds(Duration time) {
  return fmt::format("{}ms", std::chrono::floor<std::chrono::milliseconds>(time).count());
}

}  // namespace

bool strikes_way(Fault::Kind kind) { return kind != Fault::Kind::kill && kind != Fault::Kind::pause; }

std::string to_string(const Fault& fault) {
  bool way = strikes_way(fault.kind), lasting = fault.kind != Fault::Kind::reset;
  std::string out = fmt::format("{{fault: {}, at: {}", name_of(fault.kind), milliseconds(fault.at));
  if (lasting) out += ", for: " + milliseconds(fault.lasts);
  out += way ? fmt::format(", between: [{}, {}]", fault.process, fault.peer) : ", target: " + fault.process;
  if (way && lasting && fault.one_way) out += ", direction: oneWay";
  if (fault.kind == Fault::Kind::delay) out += ", delay: " + milliseconds(fault.delay);
  if (fault.kind == Fault::Kind::loss) out += fmt::format(", loss: {}%", fault.loss_ppm / 10'000.0);
  return out + "}";
}

std::string to_string(const FaultPlan& plan) {
  FaultPlan by_time = plan;
  std::ranges::stable_sort(by_time, {}, &Fault::at);
  std::string out;
  for (const Fault& fault : by_time) out += to_string(fault) + "\n";
  return out;
}

std::ostream& operator<<(std::ostream& out, const Fault& fault) { return out << to_string(fault); }

}  // namespace kumasim::testing
