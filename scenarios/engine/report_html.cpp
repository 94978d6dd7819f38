/// The report as one HTML file that needs nothing else.
#include <algorithm>

#include <fmt/format.h>

#include "kumasim/runtime/markup.hpp"
#include "kumasim/scenario/report.hpp"

namespace kumasim::scenario {
namespace {

constexpr std::string_view style = R"(
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1rem;color:#1d2433;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;margin:.6rem 0}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #dde2ec;vertical-align:top}
th{font-weight:600;color:#566}td.n{text-align:right;font-variant-numeric:tabular-nums}
.ok{color:#12703a;font-weight:600}.no{color:#b3261e;font-weight:600}
code,pre{font:13px/1.4 ui-monospace,monospace;background:#f4f6fa;border-radius:4px;padding:.1rem .3rem}
pre{padding:.6rem;overflow-x:auto;white-space:pre-wrap}.why{color:#566;font-size:.9rem;overflow-wrap:anywhere}
figure{margin:1rem 0;overflow-x:auto}figure svg{max-width:100%;height:auto}
@media(prefers-color-scheme:dark){body{background:#14171f;color:#dfe4ee}th{color:#9aa6ba}th,td{border-color:#2c3344}code,pre{background:#1e232f}figure{background:#fff;border-radius:6px;padding:.5rem}.ok{color:#5fd08c}.no{color:#ff8a80}.why{color:#9aa6ba}}
)";

std::string text(std::string_view raw) { return markup_escaped(raw); }

std::string verdict_rows(const WorldRun& run) {
  std::string out = "<table><tr><th>verdict</th><th>expectation</th><th>seen</th></tr>\n";
  for (const Verdict& verdict : run.verdicts) {
    out += fmt::format("<tr><td class=\"{}\">{}</td><td>{}", verdict.broken() ? "no" : "ok",
                       verdict.held        ? "held"
                       : verdict.sometimes ? "never"
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

}  // namespace

std::string report_html(const Report& report, const std::vector<std::string>& pictures) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width\">\n<title>{} · kumasim</title><style>{}</style></head><body>\n",
      text(report.scenario), style);
  out += fmt::format("<h1>{} <span class=\"{}\">{}</span></h1>\n<p>{}</p>\n", text(report.scenario),
                     report.passed() ? "ok" : "no", report.passed() ? "passed" : "failed", text(report.description));
  for (const std::string& line : report.overrides) out += fmt::format("<p class=why>{}</p>\n", text(line));
  for (std::size_t i = 0; i < report.runs.size(); ++i) {
    const WorldRun& run = report.runs[i];
    out += fmt::format("<h2>{} world, seed {}: <span class=\"{}\">{}</span></h2>\n",
                       run.world == "sim" ? "Simulated" : "Live", run.seed, run.passed() ? "ok" : "no",
                       run.passed() ? "passed" : "failed");
    for (const Problem& problem : run.problems) out += fmt::format("<p class=no>{}</p>\n", text(text_of(problem)));
    if (i < pictures.size() && !pictures[i].empty()) {
      std::size_t svg = pictures[i].find("<svg");
      out += "<figure>" + (svg == std::string::npos ? pictures[i] : pictures[i].substr(svg)) + "</figure>\n";
    }
    out += verdict_rows(run) + refusal_rows(run) + flow_rows(run) + timeline_rows(run) + uninterpreted_rows(run);
    std::string identity = fmt::format("seed={} commit={}", run.seed, report.commit);
    if (run.world == "sim") identity += fmt::format(" events={} fingerprint={:016x}", run.events, run.fingerprint);
    out += fmt::format("<pre>{}\n{}</pre>\n", text(identity), text(replay_command(report, run)));
  }
  return out + "</body></html>\n";
}

}  // namespace kumasim::scenario
