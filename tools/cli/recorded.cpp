#include "tools/cli/recorded.hpp"

#include <iostream>

#include <fmt/format.h>

#include "kumasim/scenario/problem.hpp"
#include "kumasim/scenario/quantity.hpp"
#include "reference-cp/app/kumactl/yaml_text.hpp"
#include "tools/cli/progress_bar.hpp"

namespace kumasim::cli {

std::unique_ptr<scenario::RecordedRun> record(const scenario::Scenario& scenario, const RunName& name,
                                              std::optional<Duration> until) {
  ProgressBar bar(fmt::format("{} seed {}", scenario.name, name.seed.value_or(1)));
  auto run = std::make_unique<scenario::RecordedRun>(
      scenario, scenario::RecordOptions{.seed = name.seed.value_or(1), .planted_bug = name.planted_bug, .until = until},
      [&](Duration done, Duration) { bar.show(0, 0, scenario::duration_text(done)); });
  if (!until && !same_run(name, run->run().fingerprint)) return nullptr;
  if (run->came_up()) return run;
  for (const scenario::Problem& problem : run->run().problems)
    std::cerr << "kumasim: " << scenario::text_of(problem) << "\n";
  return nullptr;
}

void print_value(const nlohmann::json& value, const std::string& format) {
  std::cout << (format == "yaml" ? cp::yaml_text(value) : value.dump(2) + "\n");
}

}  // namespace kumasim::cli
