#include "scenarios/live/frame_ways.hpp"

#include "sim/net/link_chance.hpp"

namespace kumasim::scenario {
namespace {

using Fate = live::EthernetSwitch::Fate;
using Passing = live::EthernetSwitch::Passing;

constexpr std::uint64_t million = 1'000'000;

/// Of what a bottleneck is to pass on.
std::uint64_t bytes_in(Duration time, std::uint64_t bytes_per_second) {
  auto product = static_cast<unsigned __int128>(time.count()) * bytes_per_second;
  return static_cast<std::uint64_t>(product / 1'000'000'000);
}

std::uint64_t flow_of(const live::TcpSegment& segment) {
  return std::uint64_t{segment.from.port} << 16 | segment.to.port;
}

bool is_ipv4(const live::Frame& frame) { return frame[12] == 0x08 && frame[13] == 0x00; }

}  // namespace

Fate FrameWays::pass(const Passing& passing) {
  if (!is_ipv4(passing.frame)) return {};
  auto found = lines_.find({passing.from, passing.to});
  Line* line = found == lines_.end() ? nullptr : &found->second;
  if (line != nullptr && line->way.clogged) return {.kind = Fate::Kind::held};
  std::optional<live::TcpSegment> segment = live::read_segment(passing.frame);
  Fate out;
  if (segment) {
    if (line != nullptr && segment->opens() && line->way.door != sim::Door::open) {
      out.kind = Fate::Kind::lost;
      if (line->way.door == sim::Door::refusing) out.back = live::frame_of(live::refusal_of(*segment));
      return out;
    }
    auto verdict = connections_.see({passing.from, passing.to}, passing.now, *segment);
    if (!verdict.carried) return {.kind = Fate::Kind::lost, .back = std::move(verdict.back)};
    out.flow = flow_of(*segment);
  }
  if (line == nullptr) return out;
  if (line->way.cut || loses(*line, passing)) return {.kind = Fate::Kind::lost};
  if (segment) corrupt(*line, passing.frame, *segment);
  out.delay = delay(*line, passing);
  return out;
}

bool FrameWays::loses(Line& line, const Passing& passing) {
  const sim::LinkOptions& link = line.way.link;
  if (link.loss_ppm > 0 && sim::draw_loss(link, line.bursting, random_)) return true;
  std::uint64_t rate = link.bottleneck_bytes_per_second;
  if (rate == 0 || line.free <= passing.now) return false;
  return bytes_in(line.free - passing.now, rate) + passing.frame.size() > queue_bytes_max;
}

void FrameWays::corrupt(const Line& line, live::Frame& frame, const live::TcpSegment& segment) {
  if (segment.payload_bytes == 0 || line.way.link.corrupt_ppm == 0) return;
  if (random_.below(million) < line.way.link.corrupt_ppm)
    live::flip_bit(frame, segment, random_.below(8 * segment.payload_bytes));
}

Duration FrameWays::delay(Line& line, const Passing& passing) {
  const sim::LinkOptions& link = line.way.link;
  Duration out = link.delay.draw(random_);
  if (link.delay_correlation_ppm > 0) out = sim::correlated(out, link.delay_correlation_ppm, line.last_delay);
  if (std::uint64_t rate = link.bottleneck_bytes_per_second; rate > 0)
    out += sim::squeezed(passing.frame.size(), rate, passing.now, line.free);
  return out;
}

bool FrameWays::set(std::size_t from, std::size_t to, FrameWay way) {
  Line& line = lines_[{from, to}];
  const sim::LinkOptions &before = line.way.link, &now = way.link;
  if (before.delay_correlation_ppm != now.delay_correlation_ppm) line.last_delay.reset();
  if (before.loss_ppm != now.loss_ppm || before.loss_burst != now.loss_burst) line.bursting = false;
  if (before.bottleneck_bytes_per_second != now.bottleneck_bytes_per_second) line.free = {};
  bool released = line.way.clogged && !way.clogged;
  line.way = std::move(way);
  return released;
}

}  // namespace kumasim::scenario
