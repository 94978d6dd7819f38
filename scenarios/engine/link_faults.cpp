#include "scenarios/engine/link_faults.hpp"

#include "scenarios/engine/law.hpp"

namespace kumasim::scenario {

void change_link(sim::LinkOptions& link, const FaultOrder& order) {
  std::string_view kind = order.kind->name;
  auto parts = [&](std::string_view parameter) { return static_cast<std::uint32_t>(order.number(parameter)); };
  if (kind == "net.delay" && order.has("delay")) {
    link.delay = to_sim(order.law("delay"));
    link.delay_correlation_ppm = parts("correlation");
  }
  if ((kind == "net.delay" || kind == "net.loss") && order.has("loss")) link.loss_ppm = parts("loss");
  if (kind == "net.loss") link.loss_burst = parts("burst");
  if (kind == "net.rate") link.bottleneck_bytes_per_second = static_cast<std::uint64_t>(order.number("bandwidth"));
  if (kind == "tcp.slice") {
    link.slice_bytes = static_cast<std::size_t>(order.number("bytes"));
    link.slice_pause = order.duration("pause");
  }
  if (kind == "tcp.slowClose") link.close_delay = order.duration("late");
  if (kind == "net.corrupt") link.corrupt_ppm = parts("share");
  if (kind == "load.slowClient") link.bytes_per_second = static_cast<std::uint64_t>(order.number("bandwidth"));
}

}  // namespace kumasim::scenario
