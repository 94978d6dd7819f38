/// The report as one HTML file that needs nothing else.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "embedded/report_css.hpp"
#include "embedded/report_js.hpp"
#include "kumasim/runtime/markup.hpp"
#include "kumasim/scenario/report.hpp"
#include "scenarios/engine/report_figures.hpp"

namespace kumasim::scenario {
namespace {

std::string text(std::string_view raw) { return markup_escaped(raw); }

std::string verdict_rows(const WorldRun& run) {
  std::string out = "<table><tr><th>verdict</th><th>expectation</th><th>seen</th></tr>\n";
  for (const Verdict& verdict : run.verdicts) {
    out += fmt::format("<tr><td class=\"{}\">{}</td><td>{}", verdict.broken() ? "no" : "ok",
                       verdict.held        ? "held"
                       : verdict.skipped   ? "skipped"
                       : verdict.sometimes ? "never"
                       : verdict.usually   ? "missed"
                                           : "broken",
                       text(verdict.title));
    if (verdict.broken()) {
      std::string when = verdict.when ? "at " + duration_text(*verdict.when) + ": " : "";
      out += fmt::format("<div class=\"why\">{}{}</div>", text(when), text(verdict.why));
      if (!verdict.after.empty()) out += fmt::format("<div class=\"why\">after: {}</div>", text(verdict.after));
    }
    out += fmt::format("</td><td>{}</td></tr>\n", text(verdict.seen));
  }
  return out + "</table>\n";
}

std::string refusal_rows(const WorldRun& run) {
  if (run.refusals.empty()) return "";
  std::string out = "<table><tr><th>time</th><th>proxy</th><th>refused</th><th>reason</th></tr>\n";
  for (const Refusal& refusal : run.refusals) {
    out += fmt::format("<tr><td class=n>{}</td><td>{}</td><td>{}</td><td class=no>{}</td></tr>\n",
                       duration_text(refusal.at), text(refusal.proxy), text(refusal.type), text(refusal.text));
  }
  return out + "</table>\n";
}

std::string uninterpreted_rows(const WorldRun& run) {
  if (run.uninterpreted.empty()) return "";
  std::string out = "<table><tr><th>set, and not interpreted by the simulated Envoy</th><th>first in</th></tr>\n";
  for (const auto& [field, where] : run.uninterpreted)
    out += fmt::format("<tr><td><code>{}</code></td><td>{}</td></tr>\n", text(field), text(where));
  return out + "</table>\n";
}

std::string flow_rows(const WorldRun& run) {
  std::string out =
      "<table><tr><th>flow</th><th>calls</th><th>succeeded</th><th>denied</th><th>failed</th><th>plaintext</"
      "th><th>p50</th><th>p99</th><th>answered by</th></tr>\n";
  for (const Flow& flow : run.flows) {
    std::string split;
    std::size_t all = 0;
    for (const auto& [label, count] : flow.split) all += count;
    for (const auto& [label, count] : flow.split) {
      split += fmt::format("{}{} {:.1f}%", split.empty() ? "" : ", ", label,
                           100.0 * static_cast<double>(count) / static_cast<double>(all));
    }
    out += fmt::format(
        "<tr><td>{} &rarr; {}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td><td "
        "class=n>{}</td><td class=n>{}</td><td class=n>{}</td><td>{}</td></tr>\n",
        text(flow.from), text(flow.to), flow.calls, flow.ok, flow.denied, flow.failed, flow.plaintext,
        latency_text(flow.p50), latency_text(flow.p99), text(split));
  }
  return out + "</table>\n";
}

std::string timeline_rows(const WorldRun& run) {
  if (run.timeline.empty()) return "<p>Nothing was done to the mesh.</p>\n";
  std::string out = "<table><tr><th>time</th><th>event</th></tr>\n";
  for (const TimelineEntry& entry : run.timeline) {
    out += fmt::format("<tr><td class=n>{}</td><td{}>{}</td></tr>\n", duration_text(entry.at),
                       entry.fault ? " class=no" : "", text(entry.text));
  }
  return out + "</table>\n";
}

/// Graphviz's drawing, with a name for those who cannot see it.
std::string topology(const Report& report, const WorldRun& run, const std::string& picture) {
  std::size_t svg = picture.find("<svg");
  if (svg == std::string::npos) return "";
  return fmt::format("<h3>Topology</h3>\n<figure><svg role=\"img\" aria-label=\"Topology of {}, seed {}\"{}</figure>\n",
                     text(report.scenario), run.seed, picture.substr(svg + 4));
}

/// Shown by report.js, which makes it work.
constexpr std::string_view replay_controls =
    "<div class=\"replay\" hidden><button type=\"button\" class=\"play\">Play</button>"
    "<input type=\"range\" min=\"0\" max=\"0\" value=\"0\" step=\"1\" aria-label=\"Time of the run\">"
    "<output>the whole run</output><button type=\"button\" class=\"whole\">Whole run</button></div>\n"
    "<div role=\"status\"><ul class=\"now\"></ul></div>\n";

std::string run_section(const Report& report, std::size_t place, const std::string& picture) {
  const WorldRun& run = report.runs[place];
  std::string out = fmt::format(
      "<section class=\"run\" id=\"{}\" data-run=\"{}\">\n<h2>{} world, seed {}: <span class=\"{}\">{}</span></h2>\n",
      run_id(run), place, run.world == "sim" ? "Simulated" : "Live", run.seed, run.passed() ? "ok" : "no",
      run.passed() ? "passed" : "failed");
  for (const Problem& problem : run.problems) out += fmt::format("<p class=no>{}</p>\n", text(text_of(problem)));
  out += verdict_rows(run) + refusal_rows(run) + topology(report, run, picture);
  if (std::string course = course_figure(run); !course.empty())
    out += fmt::format("{}<h3>Course of the run</h3>\n<figure>{}</figure>\n", replay_controls, course);
  if (run.messages) out += "<h3>Messages around the failure</h3>\n" + messages_figure(run);
  out += "<h3>Calls</h3>\n" + flow_rows(run) + "<h3>Timeline</h3>\n" + timeline_rows(run) + uninterpreted_rows(run);
  std::string identity = fmt::format("seed={} commit={}", run.seed, report.commit);
  if (run.world == "sim") identity += fmt::format(" events={} fingerprint={:016x}", run.events, run.fingerprint);
  return out + fmt::format("<h3>To see it again</h3>\n<pre>{}\n{}</pre>\n</section>\n", text(identity),
                           text(replay_command(report, run)));
}

/// One line a run, with a link where it is shown below.
std::string run_rows(const Report& report, const std::vector<std::size_t>& shown) {
  std::string out = "<table><tr><th>run</th><th>verdict</th><th>replay</th></tr>\n";
  for (std::size_t i = 0; i < report.runs.size(); ++i) {
    const WorldRun& run = report.runs[i];
    std::string name = fmt::format("{} world, seed {}", run.world == "sim" ? "simulated" : "live", run.seed);
    if (std::ranges::find(shown, i) != shown.end()) name = fmt::format("<a href=\"#{}\">{}</a>", run_id(run), name);
    out +=
        fmt::format("<tr><td>{}</td><td class={}>{}</td><td><code>{}</code></td></tr>\n", name,
                    run.passed() ? "ok" : "no", run.passed() ? "passed" : "failed", text(replay_command(report, run)));
  }
  return out + "</table>\n";
}

/// JSON in a script element: it must not close the element.
std::string data_element(const Report& report) {
  std::string out = "<script type=\"application/json\" id=\"report\">";
  for (char c : report_json(report).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
    c == '<' ? out += "\\u003c" : out += c;
  return out + "</script>\n";
}

}  // namespace

std::vector<std::size_t> runs_shown(const Report& report) {
  std::vector<std::size_t> out(report.runs.size());
  std::iota(out.begin(), out.end(), 0u);
  if (out.size() <= runs_shown_max) return out;
  std::ranges::stable_partition(out, [&](std::size_t place) { return !report.runs[place].passed(); });
  out.resize(runs_shown_max);
  return out;
}

std::string report_html(const Report& report, const std::vector<std::string>& pictures) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\">\n<title>{} · kumasim</title><style>{}</style></head><body>\n",
      text(report.scenario), report_css);
  out += fmt::format("<h1>{} <span class=\"{}\">{}</span></h1>\n<p>{}</p>\n", text(report.scenario),
                     report.passed() ? "ok" : "no", report.passed() ? "passed" : "failed", text(report.description));
  for (const std::string& line : report.overrides) out += fmt::format("<p class=why>{}</p>\n", text(line));
  std::vector<std::size_t> shown = runs_shown(report);
  if (report.runs.size() > 1) out += run_rows(report, shown);
  for (std::size_t place : shown) out += run_section(report, place, place < pictures.size() ? pictures[place] : "");
  return out + data_element(report) + fmt::format("<script>\n{}</script>\n</body></html>\n", report_js);
}

}  // namespace kumasim::scenario
