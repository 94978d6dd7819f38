/// kumasim-xds-score [AREA | AREA/CASE]...: generation against the conformance corpus, without a server.
#include <cstdio>
#include <map>
#include <string>

#include <fmt/format.h>

#include "tests/golden/corpus.hpp"

int main(int argc, char** argv) {
  using namespace kumasim::cp::golden;
  auto root = corpus();
  if (!root) {
    fmt::print("no corpus at ../shared/conformance\n");
    return 0;
  }
  struct Score {
    std::size_t equal = 0, cases = 0, matched = 0, total = 0;
  };
  std::map<std::string, Score> scores;
  for (int i = argc > 1 ? 1 : 0; i < (argc > 1 ? argc : 1); ++i) {
    std::string wanted = argc > 1 ? argv[i] : "";
    std::size_t slash = wanted.find('/');
    bool one = slash != std::string::npos;
    for (const Case& subject : cases(*root, wanted.substr(0, slash))) {
      if (one && subject.id() != wanted) continue;
      Verdict verdict = judge(subject);
      Score& score = scores[subject.area];
      score.equal += verdict.equal ? 1 : 0;
      ++score.cases;
      score.matched += verdict.matched;
      score.total += verdict.total;
      if (verdict.equal) continue;
      std::string unread;
      for (const std::string& document : verdict.unread) unread += " [unread " + document + "]";
      fmt::print("FAIL {} ({}/{}){}\n", subject.id(), verdict.matched, verdict.total, unread);
      if (one)
        for (const std::string& difference : verdict.differences) fmt::print("  {}\n", difference);
    }
  }
  for (const auto& [area, score] : scores)
    fmt::print("{:28} {:3}/{:<3} cases  {:5}/{:<5} resources\n", area, score.equal, score.cases, score.matched,
               score.total);
}
