#include "scenarios/live/frame_ways.hpp"

#include <algorithm>

#include "sim/net/link_chance.hpp"

namespace kumasim::scenario {
namespace {

using Fate = live::EthernetSwitch::Fate;
using Passing = live::EthernetSwitch::Passing;

constexpr std::uint64_t million = 1'000'000;

/// Through a bottleneck; nothing where it is full.
std::optional<Duration> through(std::size_t bytes, std::uint64_t rate, MonotonicTime now, MonotonicTime& free) {
  auto waiting = static_cast<unsigned __int128>(std::max(free - now, Duration(0)).count()) * rate / 1'000'000'000;
  if (waiting + bytes > FrameWays::queue_bytes_max) return std::nullopt;
  return sim::squeezed(bytes, rate, now, free);
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
  if (segment) {
    if (std::optional<Fate> stopped = stop(line, passing, *segment)) return std::move(*stopped);
  }
  if (line != nullptr) return carry(*line, passing, segment);
  return {.flow = segment ? flow_of(*segment) : 0};
}

std::optional<Fate> FrameWays::stop(const Line* line, const Passing& passing, const live::TcpSegment& segment) {
  sim::Door door = line != nullptr && segment.opens() ? line->way.door : sim::Door::open;
  if (door == sim::Door::silent) return Fate{.kind = Fate::Kind::lost};
  if (door == sim::Door::refusing)
    return Fate{.kind = Fate::Kind::lost, .back = live::frame_of(live::refusal_of(segment))};
  auto verdict = connections_.see({passing.from, passing.to}, passing.now, segment);
  if (verdict.carried) return std::nullopt;
  return Fate{.kind = Fate::Kind::lost, .back = std::move(verdict.back)};
}

Fate FrameWays::carry(Line& line, const Passing& passing, const std::optional<live::TcpSegment>& segment) {
  const sim::LinkOptions& link = line.way.link;
  bool lost = line.way.cut || (link.loss_ppm > 0 && sim::draw_loss(link, line.bursting, random_));
  if (lost) return {.kind = Fate::Kind::lost};
  std::uint64_t flow = segment ? flow_of(*segment) : 0;
  std::optional<Duration> squeezed = squeeze(line, passing, flow);
  if (!squeezed) return {.kind = Fate::Kind::lost};
  if (segment) corrupt(line, passing.frame, *segment);
  Duration time = delay(line) + *squeezed;
  // Acknowledgements do not wait for it.
  if (segment && segment->fin && link.close_delay > Duration(0))
    return {.delay = time + link.close_delay, .flow = ~flow};
  return {.delay = time, .flow = flow};
}

void FrameWays::corrupt(const Line& line, live::Frame& frame, const live::TcpSegment& segment) {
  if (segment.payload_bytes == 0 || line.way.link.corrupt_ppm == 0) return;
  if (random_.below(million) < line.way.link.corrupt_ppm)
    live::flip_bit(frame, segment, random_.below(8 * segment.payload_bytes));
}

Duration FrameWays::delay(Line& line) {
  const sim::LinkOptions& link = line.way.link;
  Duration out = link.delay.draw(random_);
  if (link.delay_correlation_ppm > 0) out = sim::correlated(out, link.delay_correlation_ppm, line.last_delay);
  return out;
}

std::optional<Duration> FrameWays::squeeze(Line& line, const Passing& passing, std::uint64_t flow) {
  const sim::LinkOptions& link = line.way.link;
  std::size_t bytes = passing.frame.size();
  Duration out{};
  if (std::uint64_t rate = link.bytes_per_second; rate > 0) {
    if (!line.slow.contains(flow))
      std::erase_if(line.slow, [&](const auto& other) { return other.second <= passing.now; });
    std::optional<Duration> own = through(bytes, rate, passing.now, line.slow[flow]);
    if (!own) return std::nullopt;
    out += *own;
  }
  if (std::uint64_t rate = link.bottleneck_bytes_per_second; rate > 0) {
    std::optional<Duration> shared = through(bytes, rate, passing.now, line.free);
    if (!shared) return std::nullopt;
    out += *shared;
  }
  return out;
}

bool FrameWays::set(std::size_t from, std::size_t to, FrameWay way) {
  Line& line = lines_[{from, to}];
  const sim::LinkOptions &before = line.way.link, &now = way.link;
  if (before.delay_correlation_ppm != now.delay_correlation_ppm) line.last_delay.reset();
  if (before.loss_ppm != now.loss_ppm || before.loss_burst != now.loss_burst) line.bursting = false;
  if (before.bottleneck_bytes_per_second != now.bottleneck_bytes_per_second) line.free = {};
  if (before.bytes_per_second != now.bytes_per_second) line.slow.clear();
  bool released = line.way.clogged && !way.clogged;
  line.way = std::move(way);
  return released;
}

}  // namespace kumasim::scenario
