/// Curves, faults and configurations of a run under one axis of time.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kumasim/runtime/markup.hpp"
#include "scenarios/engine/report_figures.hpp"

namespace kumasim::scenario {
namespace {

constexpr double left = 190, right = 985, width = 1000;
constexpr double panel_height = 46, row_height = 17, gap = 8;
constexpr std::size_t flows_drawn_max = 16, faults_drawn_max = 24, processes_drawn_max = 40;
constexpr std::size_t label_max = 30;

std::string shortened(std::string_view text) {
  return markup_escaped(text.size() <= label_max ? std::string(text)
                                                 : std::string(text.substr(0, label_max - 2)) + "..");
}

/// A curve with a gap where a slot has no value; each M and each L is one slot. The h0 makes a lone point visible.
class Curve {
 public:
  void point(double x, double y) {
    path_ += fmt::format("{}{:.1f} {:.1f}{}", drawing_ ? "L" : "M", x, y, drawing_ ? "" : "h0");
    drawing_ = true;
  }
  void lift() { drawing_ = false; }
  std::string svg(std::string_view style) const {
    return path_.empty() ? "" : fmt::format("<path class=\"{}\" d=\"{}\"/>\n", style, path_);
  }

 private:
  std::string path_;
  bool drawing_ = false;
};

/// From the shortest to the longest answer, by their logarithms.
struct LatencyScale {
  Duration low = never, high{};

  explicit LatencyScale(const FlowCourse& flow) {
    for (const FlowSlot& slot : flow.slots) {
      for (Duration latency : {slot.p50, slot.p99}) {
        if (slot.calls == 0 || latency == never) continue;
        low = std::min(low, std::max(latency, Duration(1)));
        high = std::max(high, latency);
      }
    }
  }
  bool any() const { return low != never; }
  /// 0 for the shortest, 1 for the longest.
  double place(Duration latency) const {
    if (high <= low) return 0.5;
    auto ratio = [&](Duration value) {
      return std::log(static_cast<double>(value.count()) / static_cast<double>(low.count()));
    };
    return ratio(std::max(latency, low)) / ratio(high);
  }
};

class CourseFigure {
 public:
  explicit CourseFigure(const WorldRun& run) : run_(run), course_(run.course), id_(run_id(run) + "-course") {}

  std::string svg() {
    flows();
    faults();
    changes();
    processes();
    std::string axis = time_axis();
    return fmt::format(
               "<svg class=\"course\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-labelledby=\"{}-title {}-desc\" "
               "data-left=\"{}\" data-right=\"{}\">\n<title id=\"{}-title\">Success, latency, faults and "
               "configurations over {}</title>\n<desc id=\"{}-desc\">{}</desc>\n",
               width, y_ + 26, id_, id_, left, right, id_, duration_text(course_.length), id_, description()) +
           axis + body_ +
           fmt::format("<line class=\"cursor\" x1=\"{0}\" x2=\"{0}\" y1=\"0\" y2=\"{1:.0f}\"/>\n</svg>\n", left, y_);
  }

 private:
  double x(Duration at) const {
    return left + (right - left) * static_cast<double>(std::clamp(at, Duration(0), course_.length).count()) /
                      static_cast<double>(course_.length.count());
  }
  double middle(std::size_t slot) const {
    return x(course_.slot_length * static_cast<std::int64_t>(slot) + course_.slot_length / 2);
  }

  std::string description() const {
    std::string out;
    for (const Flow& flow : run_.flows) {
      out += fmt::format("{} to {}: {} of {} calls succeeded, p50 {}, p99 {}. ", markup_escaped(flow.from),
                         markup_escaped(flow.to), flow.ok, flow.calls, latency_text(flow.p50), latency_text(flow.p99));
    }
    return out + fmt::format("{} faults. The tables below have the same in words.", course_.faults.size());
  }

  void text(double at_x, double at_y, std::string_view style, const std::string& escaped) {
    body_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\">{}</text>\n", at_x, at_y, style, escaped);
  }
  void bar(const Interval& when, double top, double height, std::string_view style, const std::string& title) {
    double from = x(when.begin), length = std::max(x(when.end) - from, 2.0);
    body_ += fmt::format(
        "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"><title>{}</title></rect>\n",
        style, from, top, length, height, markup_escaped(title));
  }
  void heading(std::string_view what) {
    y_ += 20;
    text(left, y_ - 5, "heading", std::string(what));
  }
  void more(std::size_t all, std::size_t drawn, std::string_view what) {
    if (all <= drawn) return;
    y_ += row_height;
    text(left, y_ - 4, "soft", fmt::format("and {} more {}", all - drawn, what));
  }
  void panel(std::string_view top_label, std::string_view bottom_label) {
    body_ += fmt::format("<rect class=\"panel\" x=\"{}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\"/>\n", left, y_,
                         right - left, panel_height);
    text(left - 6, y_ + 9, "label end soft", std::string(top_label));
    text(left - 6, y_ + panel_height, "label end soft", std::string(bottom_label));
  }

  void flows() {
    heading(
        "calls: <tspan class=\"success-text\">share that succeeded</tspan>, and how many began (bars); latency: <tspan "
        "class=\"p50-text\">p50</tspan>, <tspan class=\"p99-text\">p99</tspan>, and the unanswered (dots above)");
    std::vector<const FlowCourse*> drawn;
    for (const FlowCourse& flow : course_.flows) drawn.push_back(&flow);
    // Of many flows, those in which most failed.
    auto failed = [](const FlowCourse* flow) {
      std::size_t out = 0;
      for (const FlowSlot& slot : flow->slots) out += slot.calls - slot.ok;
      return out;
    };
    if (drawn.size() > flows_drawn_max) {
      std::ranges::stable_sort(drawn, std::ranges::greater(), failed);
      drawn.resize(flows_drawn_max);
    }
    for (const FlowCourse* flow : drawn) {
      body_ += fmt::format("<g class=\"flow-course\"><title>{} to {}</title>\n", markup_escaped(flow->from),
                           markup_escaped(flow->to));
      text(4, y_ + 14, "label", shortened(flow->from));
      text(4, y_ + 28, "label", "&#8594; " + shortened(flow->to));
      success(*flow);
      latency(*flow);
      body_ += "</g>\n";
      y_ += gap;
    }
    more(course_.flows.size(), drawn.size(), "flows with fewer failures");
  }

  void success(const FlowCourse& flow) {
    std::size_t most = 1;
    for (const FlowSlot& slot : flow.slots) most = std::max(most, slot.calls);
    panel("100%", "0%");
    Curve curve;
    std::string volume;
    for (std::size_t i = 0; i < flow.slots.size(); ++i) {
      const FlowSlot& slot = flow.slots[i];
      if (slot.calls == 0) {
        curve.lift();
        continue;
      }
      auto part = [](std::size_t some, std::size_t all) {
        return static_cast<double>(some) / static_cast<double>(all);
      };
      curve.point(middle(i), y_ + panel_height * (1 - part(slot.ok, slot.calls)));
      volume += fmt::format("M{:.1f} {:.1f}v{:.1f}", middle(i), y_ + panel_height,
                            -panel_height / 2 * part(slot.calls, most));
    }
    body_ += fmt::format("<path class=\"volume\" d=\"{}\"/>\n", volume) + curve.svg("success");
    y_ += panel_height + gap / 2;
  }

  void latency(const FlowCourse& flow) {
    LatencyScale scale(flow);
    panel(scale.any() ? latency_text(scale.high) : "", scale.any() ? latency_text(scale.low) : "");
    Curve p50, p99, unanswered;
    for (std::size_t i = 0; i < flow.slots.size(); ++i) {
      const FlowSlot& slot = flow.slots[i];
      auto draw = [&](Curve& curve, Duration value) {
        if (slot.calls == 0 || value == never) return curve.lift();
        curve.point(middle(i), y_ + panel_height - 2 - (panel_height - 6) * scale.place(value));
      };
      draw(p50, slot.p50);
      draw(p99, slot.p99);
      unanswered.lift();
      if (slot.calls > 0 && slot.p99 == never) unanswered.point(middle(i), y_ + 2);
    }
    body_ += p99.svg("p99") + p50.svg("p50") + unanswered.svg("unanswered");
    y_ += panel_height;
  }

  void faults() {
    if (course_.faults.empty()) return;
    heading("faults");
    std::size_t drawn = std::min(course_.faults.size(), faults_drawn_max);
    for (std::size_t i = 0; i < drawn; ++i) {
      const FaultSpan& fault = course_.faults[i];
      std::string lasts = !fault.end ? fmt::format("from {} on", duration_text(fault.begin))
                          : *fault.end > fault.begin
                              ? fmt::format("{} to {}", duration_text(fault.begin), duration_text(*fault.end))
                              : fmt::format("at {}", duration_text(fault.begin));
      text(4, y_ + 12, "label", shortened(fault.text));
      bar({fault.begin, fault.end.value_or(course_.length)}, y_ + 3, row_height - 6, "fault",
          fmt::format("{} ({}), {}", fault.text, fault.kind, lasts));
      y_ += row_height;
    }
    more(course_.faults.size(), drawn, "faults: the timeline below has all");
  }

  /// What was done to the resources.
  void changes() {
    bool any = false;
    for (const TimelineEntry& entry : run_.timeline) {
      if (entry.fault || entry.recovery) continue;
      if (!any) text(4, y_ + 12, "label", "resources");
      any = true;
      bar({entry.at, entry.at}, y_ + 3, row_height - 6, "change",
          fmt::format("{} at {}", entry.text, duration_text(entry.at)));
    }
    if (any) y_ += row_height;
  }

  void processes() {
    heading("processes: up, down, cut off from the control plane; marks where one took a configuration or refused it");
    std::vector<const ProcessCourse*> drawn;
    for (const ProcessCourse& process : course_.processes) drawn.push_back(&process);
    if (drawn.size() > processes_drawn_max) {
      std::ranges::stable_sort(drawn, std::ranges::greater(), [](const ProcessCourse* process) {
        return process->down.size() + process->cut_off.size();
      });
      drawn.resize(processes_drawn_max);
    }
    for (const ProcessCourse* process : drawn) one(*process);
    more(course_.processes.size(), drawn.size(), "processes to which less happened");
    y_ += 4;
  }

  void one(const ProcessCourse& process) {
    text(4, y_ + 12, "label", shortened(process.process));
    bar({Duration(0), course_.length}, y_ + 6, row_height - 12, "up", process.process);
    auto span = [&](const Interval& when) {
      return fmt::format("{} to {}", duration_text(when.begin), duration_text(when.end));
    };
    for (const Interval& when : process.cut_off)
      bar(when, y_ + 5, row_height - 10, "cut",
          fmt::format("{} was cut off from the control plane, {}", process.process, span(when)));
    for (const Interval& when : process.down)
      bar(when, y_ + 4, row_height - 8, "down", fmt::format("{} was down, {}", process.process, span(when)));
    for (std::size_t i = 1; i < process.configurations.size(); ++i) {
      const ConfigurationStep& before = process.configurations[i - 1];
      const ConfigurationStep& step = process.configurations[i];
      bool refused = step.refused > before.refused;
      std::string title = fmt::format("{} at {}: {} configurations taken, {} refused in this life", process.process,
                                      duration_text(step.at), step.accepted, step.refused);
      bar({step.at, step.at}, y_ + 1, row_height - 4, refused ? "refused" : "configuration", title);
    }
    y_ += row_height;
  }

  std::string time_axis() {
    std::string out;
    Duration step = round_part(course_.length, 10);
    for (Duration at{}; at <= course_.length; at += step) {
      out += fmt::format("<line class=\"tick\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"20\" y2=\"{1:.1f}\"/>\n", x(at), y_);
      out += fmt::format("<text class=\"label middle soft\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", x(at), y_ + 15,
                         duration_text(at));
    }
    return out;
  }

  const WorldRun& run_;
  const Course& course_;
  std::string id_;
  std::string body_;
  double y_ = 0;
};

}  // namespace

std::string course_figure(const WorldRun& run) {
  return run.course.length == Duration(0) ? "" : CourseFigure(run).svg();
}

}  // namespace kumasim::scenario
