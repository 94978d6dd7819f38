#include "scenarios/live/live_store.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "reference-cp/live/system.hpp"

namespace kumasim::scenario {
namespace {

constexpr const char* port = "5432";
constexpr const char* database_user = "kuma";
constexpr const char* database = "postgres";  // initdb makes it
constexpr const char* hba_file = "hba.conf";

bool has_all(const std::filesystem::path& folder) {
  std::error_code ignored;
  return std::ranges::all_of(std::array{"initdb", "postgres", "pg_isready", "psql"},
                             [&](const char* program) { return std::filesystem::exists(folder / program, ignored); });
}

/// That of PATH, else the newest that Debian's packages brought; "" for none.
std::string folder_of_programs() {
  if (auto here = live::find_program("postgres")) {
    std::filesystem::path folder = std::filesystem::path(*here).parent_path();
    if (has_all(folder)) return folder.string();
  }
  std::map<int, std::string> found;  // by version
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored))
    if (has_all(entry.path() / "bin"))
      found[std::atoi(entry.path().filename().c_str())] = (entry.path() / "bin").string();
  return found.empty() ? "" : found.rbegin()->second;
}

}  // namespace

Result<PostgresPrograms> PostgresPrograms::find() {
  PostgresPrograms out;
  out.folder_ = folder_of_programs();
  if (out.folder_.empty())
    return fail(Code::not_found,
                "replicas share a PostgreSQL server, and its programs are not there (Debian package postgresql)");
  if (geteuid() != 0) return out;
  const passwd* user = getpwnam("postgres");
  if (user == nullptr) user = getpwnam("nobody");
  if (user == nullptr || user->pw_uid == 0)
    return fail(Code::not_found, "PostgreSQL refuses to be run by root, and there is no user `postgres`");
  out.user_ = user->pw_uid;
  out.group_ = user->pw_gid;
  return out;
}

live::ChildOptions PostgresPrograms::command(const char* program, std::vector<std::string> arguments) const {
  live::ChildOptions out;
  out.program = folder_ + "/" + program;
  out.arguments = std::move(arguments);
  out.environment = live::environment();
  (*out.environment)["LC_ALL"] = "C";
  if (user_ == 0) return out;
  // The kernel forgets, with the user's change, to end it with us.
  std::vector<std::string> as{fmt::format("--reuid={}", user_),
                              fmt::format("--regid={}", group_),
                              "--clear-groups",
                              "--pdeathsig",
                              "QUIT",
                              out.program};
  out.arguments.insert(out.arguments.begin(), as.begin(), as.end());
  out.program = "setpriv";
  return out;
}

live::ChildOptions PostgresPrograms::make(const std::filesystem::path& folder) const {
  live::ChildOptions out = command("initdb", {"-D", folder.string(), "-U", database_user, "--no-sync", "--auth=trust",
                                              "--locale=C", "--encoding=UTF8"});
  out.working_directory = folder.parent_path().string();
  return out;
}

live::ChildOptions PostgresPrograms::tell(const std::string& address, const std::string& statement) const {
  return command("psql", {"-q", "-X", "-h", address, "-p", port, "-U", database_user, "-d", database, "-c", statement});
}

Result<> PostgresPrograms::open(const std::filesystem::path& folder) const {
  const std::filesystem::path file = folder / hba_file;
  std::ofstream(file) << "host all all 0.0.0.0/0 trust\n";
  return give(file);
}

live::ChildOptions PostgresPrograms::serve(const std::filesystem::path& folder, const std::string& address) const {
  // What it has written outlives it without fsync: a kill ends no machine.
  live::ChildOptions out =
      command("postgres", {"-D", folder.string(), "-p", port, "-h", address, "-k", "", "-F", "-c", "max_connections=60",
                           "-c", "hba_file=" + (folder / hba_file).string()});
  out.working_directory = folder.parent_path().string();
  return out;
}

live::ChildOptions PostgresPrograms::ask(const std::string& address) const {
  return command("pg_isready", {"-q", "-h", address, "-p", port, "-U", database_user, "-d", database, "-t", "1"});
}

Result<> PostgresPrograms::give(const std::filesystem::path& path) const {
  if (user_ == 0 || chown(path.c_str(), user_, group_) == 0) return {};
  return fail(Code::permission_denied, fmt::format("cannot give {} away: {}", path.string(), std::strerror(errno)));
}

std::map<std::string, std::string> LiveStore::settings() const {
  return {{"KUMA_STORE_TYPE", "postgres"},          {"KUMA_STORE_POSTGRES_HOST", address},
          {"KUMA_STORE_POSTGRES_PORT", port},       {"KUMA_STORE_POSTGRES_USER", database_user},
          {"KUMA_STORE_POSTGRES_PASSWORD", "none"}, {"KUMA_STORE_POSTGRES_DB_NAME", database}};
}

}  // namespace kumasim::scenario
