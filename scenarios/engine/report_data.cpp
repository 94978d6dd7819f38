/// The report for programs: JSON, YAML, JUnit XML.
#include <algorithm>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "kumasim/runtime/markup.hpp"
#include "kumasim/scenario/report.hpp"

namespace kumasim::scenario {
namespace {

/// Null for the latency of a call without an answer.
nlohmann::json seconds(Duration value) {
  return value == never ? nlohmann::json() : nlohmann::json(static_cast<double>(value.count()) / 1e9);
}

nlohmann::json run_json(const Report& report, const WorldRun& run) {
  nlohmann::json out{{"world", run.world},
                     {"seed", run.seed},
                     {"passed", run.passed()},
                     {"plan", run.plan},
                     {"setupSeconds", seconds(run.setup)},
                     {"seconds", seconds(run.simulated)},
                     {"wallSeconds", seconds(run.wall)},
                     {"replay", replay_command(report, run)}};
  if (run.world == "sim") {
    out["events"] = run.events;
    out["fingerprint"] = fmt::format("{:016x}", run.fingerprint);
  }
  if (!run.planted_bug.empty()) out["plantedBug"] = run.planted_bug;
  for (const Problem& problem : run.problems) {
    nlohmann::json item{{"kind", to_string(problem.kind)}, {"text", problem.text}};
    if (problem.at) item["atSeconds"] = seconds(*problem.at);
    out["problems"].push_back(std::move(item));
  }
  for (const Refusal& refusal : run.refusals) {
    out["refusals"].push_back(
        {{"atSeconds", seconds(refusal.at)}, {"proxy", refusal.proxy}, {"type", refusal.type}, {"text", refusal.text}});
  }
  if (!run.uninterpreted.empty()) out["uninterpreted"] = run.uninterpreted;
  out["expectations"] = nlohmann::json::array();
  for (const Verdict& verdict : run.verdicts) {
    nlohmann::json item{
        {"expectation", verdict.title}, {"held", verdict.held}, {"seen", verdict.seen}, {"line", verdict.mark.line}};
    if (verdict.sometimes) item["sometimes"] = true;
    if (verdict.usually) item["usually"] = true;
    if (verdict.skipped) item["skipped"] = true;
    if (verdict.broken()) item["why"] = verdict.why;
    if (verdict.when) item["atSeconds"] = seconds(*verdict.when);
    if (!verdict.after.empty()) item["after"] = verdict.after;
    out["expectations"].push_back(std::move(item));
  }
  out["flows"] = nlohmann::json::array();
  for (const Flow& flow : run.flows) {
    out["flows"].push_back({{"from", flow.from},
                            {"to", flow.to},
                            {"calls", flow.calls},
                            {"ok", flow.ok},
                            {"denied", flow.denied},
                            {"failed", flow.failed},
                            {"plaintext", flow.plaintext},
                            {"encrypted", flow.encrypted},
                            {"split", flow.split},
                            {"p50Seconds", seconds(flow.p50)},
                            {"p99Seconds", seconds(flow.p99)}});
  }
  out["timeline"] = nlohmann::json::array();
  for (const TimelineEntry& entry : run.timeline)
    out["timeline"].push_back({{"atSeconds", seconds(entry.at)}, {"what", entry.text}});
  out["course"] = course_json(run.course);
  if (run.messages) out["messages"] = messages_json(*run.messages);
  return out;
}

void emit_yaml(YAML::Emitter& emitter, const nlohmann::json& value) {
  if (value.is_object()) {
    emitter << YAML::BeginMap;
    for (const auto& [key, item] : value.items()) {
      emitter << YAML::Key << key << YAML::Value;
      emit_yaml(emitter, item);
    }
    emitter << YAML::EndMap;
  } else if (value.is_array()) {
    bool plain = std::ranges::none_of(value, [](const auto& item) { return item.is_structured() || item.is_string(); });
    if (plain) emitter << YAML::Flow;  // a curve is one line
    emitter << YAML::BeginSeq;
    for (const auto& item : value) emit_yaml(emitter, item);
    emitter << YAML::EndSeq;
  } else if (value.is_string()) {
    emitter << YAML::DoubleQuoted << value.get<std::string>();
  } else if (value.is_null()) {
    emitter << YAML::Null;
  } else {
    emitter << value.dump();
  }
}

std::string xml(std::string_view text) {
  std::string out = markup_escaped(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 32 && c != '\n' && c != '\t') c = ' ';  // no XML 1.0 holds them
  }
  return out;
}

}  // namespace

nlohmann::json report_json(const Report& report) {
  nlohmann::json out{{"scenario", report.scenario}, {"file", report.file},           {"commit", report.commit},
                     {"passed", report.passed()},   {"overrides", report.overrides}, {"runs", nlohmann::json::array()}};
  if (!report.description.empty()) out["description"] = report.description;
  for (const WorldRun& run : report.runs) out["runs"].push_back(run_json(report, run));
  return out;
}

Result<Report> report_from_json(const nlohmann::json& json) {
  auto duration = [](const nlohmann::json& value) {
    return value.is_null() ? never : Duration(static_cast<std::int64_t>(value.get<double>() * 1e9));
  };
  try {
    Report report;
    report.scenario = json.at("scenario").get<std::string>();
    report.file = json.at("file").get<std::string>();
    report.commit = json.at("commit").get<std::string>();
    for (const auto& item : json.at("runs")) {
      WorldRun run;
      run.world = item.at("world").get<std::string>();
      run.seed = item.at("seed").get<std::uint64_t>();
      run.planted_bug = item.value("plantedBug", "");
      for (const auto& problem : item.value("problems", nlohmann::json::array()))
        run.problems.push_back({.text = problem.at("text").get<std::string>()});
      run.events = item.value("events", std::uint64_t{0});
      run.fingerprint = std::stoull(item.value("fingerprint", "0"), nullptr, 16);
      for (const auto& verdict : item.at("expectations")) {
        Verdict out;
        out.title = verdict.at("expectation").get<std::string>();
        out.held = verdict.at("held").get<bool>();
        out.sometimes = verdict.value("sometimes", false);
        out.usually = verdict.value("usually", false);
        out.skipped = verdict.value("skipped", false);
        run.verdicts.push_back(std::move(out));
      }
      for (const auto& flow : item.at("flows")) {
        run.flows.push_back({.from = flow.at("from").get<std::string>(),
                             .to = flow.at("to").get<std::string>(),
                             .calls = flow.at("calls").get<std::size_t>(),
                             .ok = flow.at("ok").get<std::size_t>(),
                             .denied = flow.at("denied").get<std::size_t>(),
                             .failed = flow.at("failed").get<std::size_t>(),
                             .plaintext = flow.at("plaintext").get<std::size_t>(),
                             .encrypted = flow.value("encrypted", std::size_t{0}),
                             .split = flow.at("split").get<std::map<std::string, std::size_t>>(),
                             .p50 = duration(flow.at("p50Seconds")),
                             .p99 = duration(flow.at("p99Seconds"))});
      }
      report.runs.push_back(std::move(run));
    }
    return report;
  } catch (const std::exception& error) {
    return fail(Code::invalid_argument, std::string("is not a report of kumasim: ") + error.what());
  }
}

std::string report_yaml(const Report& report) {
  YAML::Emitter emitter;
  emit_yaml(emitter, report_json(report));
  return std::string(emitter.c_str()) + "\n";
}

std::string report_junit(const Report& report) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const WorldRun& run : report.runs) {
    auto failures = std::ranges::count_if(run.verdicts, &Verdict::broken);
    auto skipped = std::ranges::count(run.verdicts, true, &Verdict::skipped);
    std::string suite = fmt::format("{}.{}.seed-{}", report.scenario, run.world, run.seed);
    out += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\">\n",
        xml(suite), run.verdicts.size() + run.problems.size(), failures, run.problems.size(), skipped,
        static_cast<double>(run.wall.count()) / 1e9);
    for (const Problem& problem : run.problems) {
      out += fmt::format("    <testcase classname=\"{}\" name=\"{}\"><error type=\"{}\" message=\"{}\"/></testcase>\n",
                         xml(suite), to_string(problem.kind), to_string(problem.kind), xml(text_of(problem)));
    }
    for (const Verdict& verdict : run.verdicts) {
      out += fmt::format("    <testcase classname=\"{}\" name=\"{}\"", xml(suite), xml(verdict.title));
      if (!verdict.broken()) {
        out += verdict.skipped ? fmt::format("><skipped message=\"{}\"/></testcase>\n", xml(verdict.seen)) : "/>\n";
        continue;
      }
      out += fmt::format("><failure type=\"broken\" message=\"{}\">{}\n{}\nreplay: {}</failure></testcase>\n",
                         xml(verdict.seen), xml(verdict.why), xml(verdict.after), xml(replay_command(report, run)));
    }
    if (!run.uninterpreted.empty()) {
      out += "    <system-out>set in the configuration and not interpreted by the simulated Envoy\n";
      for (const auto& [field, where] : run.uninterpreted) out += xml(fmt::format("{} ({})\n", field, where));
      out += "</system-out>\n";
    }
    if (!run.refusals.empty()) {
      out += "    <system-err>";
      for (const Refusal& refusal : run.refusals) {
        out += xml(fmt::format("{} {} refused {}: {}\n", duration_text(refusal.at), refusal.proxy, refusal.type,
                               refusal.text));
      }
      out += "</system-err>\n";
    }
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace kumasim::scenario
