/// The report for a terminal: verdict, reasons, flows, timeline, and the command that shows it again.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kumasim/scenario/report.hpp"

namespace kumasim::scenario {
namespace {

struct Paint {
  bool on = false;
  std::string operator()(std::string_view text, int code) const {
    return on ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }
};
constexpr int red = 31, green = 32, bold = 1;

std::string short_time(Duration value) {
  auto grain = value >= std::chrono::seconds(1) ? std::chrono::milliseconds(10) : std::chrono::nanoseconds(10'000);
  return duration_text(value / grain * grain);
}

std::string split_text(const Flow& flow) {
  std::size_t all = 0;
  for (const auto& [label, count] : flow.split) all += count;
  std::vector<std::string> parts;
  for (const auto& [label, count] : flow.split) {
    if (parts.size() == 4) {
      parts.push_back("...");
      break;
    }
    parts.push_back(fmt::format("{} {:.1f}%", label, 100.0 * static_cast<double>(count) / static_cast<double>(all)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// Columns as wide as their widest cell.
std::string table(const std::vector<std::vector<std::string>>& rows, std::string_view indent) {
  std::vector<std::size_t> width;
  for (const auto& row : rows) {
    width.resize(std::max(width.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line(indent);
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i + 1 == row.size() ? row[i] : fmt::format("{:<{}}  ", row[i], width[i]);
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string success(const Flow& flow) {
  return flow.calls == 0 ? "-" : percent_text(static_cast<std::int64_t>(flow.ok * 1'000'000 / flow.calls) / 100 * 100);
}

std::string flow_table(const WorldRun& run) {
  std::vector<std::vector<std::string>> rows{
      {"flow", "calls", "success", "denied", "failed", "plaintext", "p50", "p99", "split"}};
  for (const Flow& flow : run.flows) {
    rows.push_back({flow.from + " -> " + flow.to, fmt::format("{}", flow.calls), success(flow),
                    fmt::format("{}", flow.denied), fmt::format("{}", flow.failed), fmt::format("{}", flow.plaintext),
                    latency_text(flow.p50), latency_text(flow.p99), split_text(flow)});
  }
  return table(rows, "  ");
}

std::string verdict_lines(const WorldRun& run, const Paint& paint) {
  std::string out;
  for (const Verdict& verdict : run.verdicts) {
    std::string word = verdict.held        ? paint("ok    ", green)
                       : verdict.skipped   ? std::string("skip  ")
                       : verdict.sometimes ? std::string("never ")
                       : verdict.usually   ? std::string("missed")
                                           : paint("BROKEN", red);
    out += fmt::format("  {} {}: {}\n", word, verdict.title, verdict.seen);
    if (!verdict.broken()) continue;
    if (verdict.when)
      out += fmt::format("         at {}", duration_text(*verdict.when));
    else
      out += "        ";
    out += fmt::format(" {}\n", verdict.why);
    if (!verdict.after.empty()) out += fmt::format("         after: {}\n", verdict.after);
  }
  return out;
}

std::string identity(const Report& report, const WorldRun& run) {
  std::string out = fmt::format("seed={} commit={}", run.seed, report.commit);
  if (run.world == "sim") out += fmt::format(" events={} fingerprint={:016x}", run.events, run.fingerprint);
  return out;
}

std::string one_run(const Report& report, const WorldRun& run, const Paint& paint) {
  std::string out = fmt::format("{} {} in the {} world\n", run.passed() ? paint("PASSED", green) : paint("FAILED", red),
                                paint(report.scenario, bold), run.world == "sim" ? "simulated" : "live");
  for (const Problem& problem : run.problems) out += fmt::format("  {}: {}\n", paint("problem", red), text_of(problem));
  out += verdict_lines(run, paint);
  if (!run.flows.empty()) out += "\n" + flow_table(run);
  if (!run.refusals.empty()) {
    out += "\n  refused by proxies\n";
    for (const Refusal& refusal : run.refusals) {
      out += fmt::format("  {:>9}  {} {}: {}\n", short_time(refusal.at), refusal.proxy, refusal.type, refusal.text);
    }
  }
  if (!run.timeline.empty()) {
    out += "\n  timeline\n";
    for (const TimelineEntry& entry : run.timeline)
      out += fmt::format("  {:>9}  {}\n", short_time(entry.at), entry.text);
  }
  if (!run.uninterpreted.empty()) {
    out += "\n  set in the configuration and not interpreted by the simulated Envoy\n";
    for (const auto& [field, where] : run.uninterpreted) out += fmt::format("    {} ({})\n", field, where);
  }
  for (const std::string& line : report.overrides) out += fmt::format("\n  note: {}", line);
  if (!report.overrides.empty()) out += "\n";
  double ratio =
      static_cast<double>(run.simulated.count()) / static_cast<double>(std::max<std::int64_t>(run.wall.count(), 1));
  out += fmt::format("\n  {}\n", identity(report, run));
  out += run.world == "sim" ? fmt::format("  {} simulated in {}: {:.0f} times as fast as life\n",
                                          short_time(run.simulated), short_time(run.wall), ratio)
                            : fmt::format("  {} with {} of set-up\n", short_time(run.wall), short_time(run.setup));
  out += fmt::format("  replay: {}\n", replay_command(report, run));
  return out;
}

/// Both worlds beside one another.
std::string comparison(const Report& report) {
  const WorldRun& a = report.runs[0];
  const WorldRun& b = report.runs[1];
  std::vector<std::vector<std::string>> rows{{"", a.world, b.world}};
  for (std::size_t i = 0; i < std::min(a.flows.size(), b.flows.size()); ++i) {
    const Flow& x = a.flows[i];
    const Flow& y = b.flows[i];
    std::string flow = x.from + " -> " + x.to;
    rows.push_back({flow + " calls", fmt::format("{}", x.calls), fmt::format("{}", y.calls)});
    rows.push_back({flow + " success", success(x), success(y)});
    rows.push_back({flow + " denied", fmt::format("{}", x.denied), fmt::format("{}", y.denied)});
    rows.push_back({flow + " split", split_text(x), split_text(y)});
    rows.push_back({flow + " p50", latency_text(x.p50), latency_text(y.p50)});
    rows.push_back({flow + " p99", latency_text(x.p99), latency_text(y.p99)});
  }
  for (std::size_t i = 0; i < std::min(a.verdicts.size(), b.verdicts.size()); ++i) {
    auto word = [](const Verdict& verdict) { return verdict.held ? "ok" : verdict.skipped ? "skipped" : "BROKEN"; };
    rows.push_back({a.verdicts[i].title, word(a.verdicts[i]), word(b.verdicts[i])});
  }
  return "\nside by side\n" + table(rows, "  ");
}

/// One line: which fields, of all runs; where each is set is in the report of one run.
std::string uninterpreted_line(const Report& report) {
  std::set<std::string> fields;
  for (const WorldRun& run : report.runs)
    for (const auto& [field, where] : run.uninterpreted) fields.insert(field);
  if (fields.empty()) return "";
  return fmt::format("\nset in the configuration and not interpreted by the simulated Envoy: {}\n",
                     fmt::join(fields, ", "));
}

std::string seeds_table(const Report& report, const Paint& paint) {
  std::string out;
  std::size_t passed = 0;
  const WorldRun* first_failed = nullptr;
  Duration simulated{}, wall{};
  for (const WorldRun& run : report.runs) {
    passed += run.passed() ? 1 : 0;
    simulated += run.simulated;
    wall += run.wall;
    if (!run.passed() && first_failed == nullptr) first_failed = &run;
    out +=
        fmt::format("  {} {}\n", run.passed() ? paint("ok    ", green) : paint("FAILED", red), identity(report, run));
  }
  double ratio = static_cast<double>(simulated.count()) / static_cast<double>(std::max<std::int64_t>(wall.count(), 1));
  out = fmt::format("{} of {} seeds passed; {} simulated in {}: {:.0f} times as fast as life\n", passed,
                    report.runs.size(), short_time(simulated), short_time(wall), ratio) +
        out;
  if (first_failed != nullptr) out += "\n" + one_run(report, *first_failed, paint);
  return out + uninterpreted_line(report);
}

}  // namespace

std::string run_id(const WorldRun& run) { return fmt::format("{}-{}", run.world, run.seed); }

std::string replay_command(const Report& report, const WorldRun& run) {
  std::string out = run.world != "sim"
                        ? fmt::format("tools/kumasim run {} --world live --seed {}", report.file, run.seed)
                        : fmt::format("tools/kumasim replay {} --seed {}", report.file, run.seed);
  if (!run.planted_bug.empty()) out += " --planted-bug " + run.planted_bug;
  if (run.world != "sim") return out;
  return out + fmt::format(" --fingerprint {:016x}", run.fingerprint);
}

std::string report_text(const Report& report, TextOptions options) {
  Paint paint{options.colour};
  bool worlds = report.runs.size() == 2 && report.runs[0].world != report.runs[1].world;
  if (report.runs.size() > 1 && !worlds) return seeds_table(report, paint);
  std::string out;
  for (const WorldRun& run : report.runs) out += (out.empty() ? "" : "\n") + one_run(report, run, paint);
  if (worlds) out += comparison(report);
  return out;
}

}  // namespace kumasim::scenario
