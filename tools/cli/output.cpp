/// Choice of format.
#include "tools/cli/output.hpp"

#include <fstream>
#include <iostream>

#include <unistd.h>

#include "tools/graph/topology_graph.hpp"

namespace kumasim::cli {
namespace {

std::string render(const scenario::Scenario& scenario, const scenario::Report& report, const std::string& format,
                   bool colour) {
  if (format == "json") return scenario::report_json(report).dump(2) + "\n";
  if (format == "yaml") return scenario::report_yaml(report);
  if (format == "junit") return scenario::report_junit(report);
  if (format != "html") return scenario::report_text(report, {.colour = colour});
  std::vector<std::string> pictures(report.runs.size());
  for (std::size_t place : scenario::runs_shown(report)) {
    auto picture = scenario::draw_graph(scenario, &report.runs[place], scenario::GraphFormat::svg);
    if (picture)
      pictures[place] = std::move(*picture);
    else
      std::cerr << "kumasim: the report has no picture: " << picture.error().message << "\n";
  }
  return scenario::report_html(report, pictures);
}

}  // namespace

bool write_report(const scenario::Scenario& scenario, const scenario::Report& report, const std::string& format,
                  const std::string& file) {
  bool terminal = isatty(STDOUT_FILENO) == 1;
  if (file.empty()) {
    std::cout << render(scenario, report, format, terminal) << std::flush;
    return true;
  }
  std::ofstream out(file, std::ios::binary);
  out << render(scenario, report, format, false) << std::flush;
  if (!out) {
    std::cerr << "kumasim: cannot write " << file << "\n";
    return false;
  }
  std::cout << scenario::report_text(report, {.colour = terminal}) << "report: " << file << "\n";
  return true;
}

}  // namespace kumasim::cli
