/// What kuma-cp and kuma-dp say of themselves: version, help, completion.
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

namespace {

struct Said {
  int code = -1;
  std::string out;
};

Said run(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  Said said;
  if (pipe == nullptr) return said;
  std::array<char, 4096> buffer;
  while (std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) said.out.append(buffer.data(), count);
  const int status = pclose(pipe);
  said.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return said;
}

class ProgramWords : public ::testing::TestWithParam<const char*> {
 protected:
  std::string name() const { return std::filesystem::path(GetParam()).filename().string(); }
  Said say(const std::string& arguments) const { return run(std::string(GetParam()) + " " + arguments + " 2>&1"); }
};

TEST_P(ProgramWords, TellsItsVersionAsKuma) {
  EXPECT_EQ(say("version").out, "Kuma: 2.12.14\n");
  const std::string detailed =
      "Product:       Kuma\nVersion:       2.12.14\nGit Tag:       unknown\nGit Commit:    unknown\n"
      "Build Date:    unknown\n";
  EXPECT_EQ(say("version -a").out, detailed);
  EXPECT_EQ(say("version --detailed").out, detailed);
  EXPECT_NE(say("--version").code, 0);  // as Kuma's
}

TEST_P(ProgramWords, CompletesInEveryShell) {
  for (const char* shell : {"bash", "fish", "zsh"}) {
    const Said script = say(std::string("completion ") + shell);
    EXPECT_EQ(script.code, 0);
    EXPECT_NE(script.out.find("version"), std::string::npos) << shell;
    EXPECT_NE(script.out.find(" " + name()), std::string::npos) << shell;
  }
  EXPECT_NE(say("completion").code, 0);
  std::string function = "_" + name();
  function[function.find('-')] = '_';
  auto folder = std::filesystem::temp_directory_path() / (name() + "-words-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const auto file = folder / "completion";
  std::ofstream(file) << say("completion bash").out;
  auto completed = [&](const std::string& words, int at) {
    return run("bash -c 'source " + file.string() + "; COMP_WORDS=(" + words + "); COMP_CWORD=" + std::to_string(at) +
               "; " + function + "; echo ${COMPREPLY[@]}'")
        .out;
  };
  EXPECT_EQ(completed(name() + " vers", 1), "version\n");
  EXPECT_EQ(completed(name() + " compl", 1), "completion\n");
  EXPECT_EQ(completed(name() + " completion z", 2), "zsh\n");
  EXPECT_EQ(completed(name() + " version --det", 2), "--detailed\n");
  std::filesystem::remove_all(folder);
}

TEST_P(ProgramWords, HelpsWithEveryCommand) {
  const Said help = say("--help-all");
  EXPECT_EQ(help.code, 0);
  for (const char* word : {"run", "version", "completion", "zsh", "--detailed"})
    EXPECT_NE(help.out.find(word), std::string::npos) << word;
}

INSTANTIATE_TEST_SUITE_P(Programs, ProgramWords, ::testing::Values(KUMA_CP, KUMA_DP),
                         [](const auto& info) { return info.index == 0 ? "KumaCp" : "KumaDp"; });

}  // namespace
