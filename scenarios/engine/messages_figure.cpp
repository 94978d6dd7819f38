/// The Lamport diagram of a run: time goes down, one row an event, for what matters is which came first.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "kumasim/runtime/markup.hpp"
#include "scenarios/engine/report_figures.hpp"

namespace kumasim::scenario {
namespace {

constexpr double gutter = 110, column = 150, row = 17, top = 44;

std::string time_text(Duration at) { return fmt::format("{:.6f}s", static_cast<double>(at.count()) / 1e9); }

class MessagesFigure {
 public:
  explicit MessagesFigure(const WorldRun& run) : messages_(*run.messages), id_(run_id(run) + "-messages") {
    for (const MessageEvent& event : messages_.events) columns_.try_emplace(event.process, columns_.size());
    rows_before_ = static_cast<std::size_t>(std::ranges::count_if(
        messages_.events, [&](const MessageEvent& event) { return event.at <= messages_.moment; }));
  }

  std::string svg() const {
    double width = gutter + column * static_cast<double>(columns_.size());
    double height = y(messages_.events.size()) + row + 8;
    std::string out = fmt::format(
        "<svg class=\"messages\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\" "
        "aria-labelledby=\"{2}-title {2}-desc\">\n<title id=\"{2}-title\">Messages around the failure at {3}</title>\n"
        "<desc id=\"{2}-desc\">{4} messages between {5} processes; the table below has the same in words.</desc>\n"
        "<defs><marker id=\"{2}-head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
        "orient=\"auto\"><path class=\"head\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
        width, height, id_, duration_text(messages_.moment), messages_.list.size(), columns_.size());
    for (const auto& [process, place] : columns_) {
      out += fmt::format(
          "<text class=\"label middle strong\" x=\"{0:.1f}\" y=\"18\">{1}</text>\n<line class=\"process\" "
          "x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"26\" y2=\"{2:.1f}\"/>\n",
          x(process), markup_escaped(process), height - 6);
    }
    out += failure(width);
    for (const Message& message : messages_.list) out += arrow(message);
    for (std::size_t i = 0; i < messages_.events.size(); ++i) out += event(i);
    return out + "</svg>\n";
  }

  std::string table() const {
    std::string out =
        "<details><summary>The same as a table</summary><table><tr><th>time</th><th>from</th><th>to</th><th>what</th></"
        "tr>\n";
    for (const Message& message : messages_.list) {
      const MessageEvent& sent = messages_.events[message.sent];
      const MessageEvent& taken = messages_.events[message.taken];
      out += fmt::format("<tr><td class=n>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", time_text(taken.at),
                         markup_escaped(sent.process), markup_escaped(taken.process), markup_escaped(taken.what));
    }
    return out + "</table></details>\n";
  }

 private:
  double x(const std::string& process) const {
    return gutter + column * (static_cast<double>(columns_.at(process)) + 0.5);
  }
  /// Two rows are left free for the line of the failure.
  double y(std::size_t event) const { return top + row * static_cast<double>(event + (event >= rows_before_ ? 2 : 0)); }

  std::string failure(double width) const {
    double at = top + row * (static_cast<double>(rows_before_) + 0.75);
    return fmt::format(
        "<line class=\"failure\" x1=\"0\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{1:.1f}\"/>\n<text "
        "class=\"label failure\" x=\"4\" y=\"{2:.1f}\">{3}: it fails</text>\n",
        width, at, at - 4, duration_text(messages_.moment));
  }

  std::string arrow(const Message& message) const {
    const MessageEvent& sent = messages_.events[message.sent];
    const MessageEvent& taken = messages_.events[message.taken];
    double from = x(sent.process), to = x(taken.process);
    double inset = to > from ? -4 : 4;
    return fmt::format(
        "<line class=\"message\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" "
        "marker-end=\"url(#{}-head)\"><title>{} from {} to {}, event {} to {}</title></line>\n",
        from, y(message.sent), to + inset, y(message.taken), id_, markup_escaped(taken.what),
        markup_escaped(sent.process), markup_escaped(taken.process), sent.id, taken.id);
  }

  std::string event(std::size_t place) const {
    const MessageEvent& event = messages_.events[place];
    std::string out;
    if (place == 0 || messages_.events[place - 1].at != event.at)
      out +=
          fmt::format("<text class=\"label soft\" x=\"4\" y=\"{:.1f}\">{}</text>\n", y(place) + 4, time_text(event.at));
    bool strikes = event.what == "kill" || event.what == "pause" || event.what == "fault";
    out += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"/>\n", strikes ? "strike" : "event",
                       x(event.process), y(place), strikes ? 5 : 3);
    if (event.what.empty()) return out;
    return out + fmt::format("<text class=\"label{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", strikes ? " failure" : "",
                             x(event.process) + 8, y(place) + 4, markup_escaped(event.what));
  }

  const Messages& messages_;
  std::string id_;
  std::map<std::string, std::size_t> columns_;  // by their first event
  std::size_t rows_before_ = 0;                 // the failure
};

}  // namespace

std::string messages_figure(const WorldRun& run) {
  MessagesFigure figure(run);
  return "<figure class=\"scroll\" tabindex=\"0\" aria-label=\"Lamport diagram\">" + figure.svg() + "</figure>\n" +
         figure.table();
}

}  // namespace kumasim::scenario
