/// A file of static expectations (`kind: Check`), and the verdict on each of its lines.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "scenarios/behaviour/deployment.hpp"
#include "scenarios/behaviour/question.hpp"

namespace kumasim::scenario {

struct Expected {
  std::string text;  ///< as the file has it
  Mark mark;
  Question question;
};

struct CheckFile {
  std::string file;
  std::string name;
  std::vector<std::string> policies;  ///< files and folders, as written: beside the file
  std::string topology;               ///< a scenario whose services are meant; "" where the policies bring Dataplanes
  std::vector<Expected> expectations;

  /// The pairs of services that are asked about, to be called whether or not a Dataplane has such an outbound.
  std::set<std::pair<std::string, std::string>> pairs() const;
};

/// Everything that is wrong, in the order of the file.
std::expected<CheckFile, Diagnostics> read_check(std::string_view text, const std::string& file);

struct CheckVerdict {
  std::string text;
  Mark mark;
  bool held = false;
  std::string seen;  ///< "15s"; of several kinds of calls each that differs
  std::string why;   ///< of the first that does not hold, else of the first: rule, route, listener
  std::vector<std::string>
      policies;  ///< "MeshTimeout web-timeouts": what decides it, as far as the control plane tells
};

struct CheckReport {
  std::string name, file;
  std::vector<CheckVerdict> verdicts;
  std::vector<std::string> notes;
  bool passed() const;
};

/// A service that is asked about and that nobody is, is a diagnostic.
std::expected<CheckReport, Diagnostics> judge(const CheckFile& file, const Deployment& deployment);

std::string check_text(const CheckReport& report);
nlohmann::json check_json(const CheckReport& report);
std::string check_junit(const std::vector<CheckReport>& reports);

}  // namespace kumasim::scenario
