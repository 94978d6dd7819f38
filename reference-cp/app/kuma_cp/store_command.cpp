#include "reference-cp/app/kuma_cp/store_command.hpp"

#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "reference-cp/app/kuma_cp/store_files.hpp"
#include "reference-cp/live/disk.hpp"
#include "reference-cp/store/export_format.hpp"
#include "reference-cp/store/transfer.hpp"

namespace kumasim::cp {
namespace {

constexpr const char* standard_stream = "-";

Result<> print_all(const std::string& text) {
  bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  bool flushed = std::fflush(stdout) == 0;
  if (!written || !flushed) return fail(Code::unavailable, "the export cannot be written to the standard output");
  return {};
}

}  // namespace

StoreCommand::StoreCommand(CLI::App& app, std::string& config_file) {
  group_ = app.add_subcommand("store", "Carry the whole store to a file and back");
  group_->require_subcommand(1);
  export_ = group_->add_subcommand("export",
                                   "Write every resource with its version, times and status to FILE, secrets too "
                                   "(mode 0600), whether the control plane runs or not");
  auto* import_command =
      group_->add_subcommand("import",
                             "Fill the store from FILE, as it was exported, while the control plane does "
                             "not run: all of it, or nothing where FILE or the store does not allow it");
  for (auto* command : {export_, import_command})
    command->add_option("-c,--config-file", config_file, "Configuration file (YAML)");
  export_->add_option("FILE", file_, "Where to write; - is the standard output")->required();
  import_command->add_option("FILE", file_, "What to read; - is the standard input")->required();
  import_command->add_flag("--replace", replace_, "Remove what the store holds, which is refused otherwise");
}

bool StoreCommand::parsed() const { return group_->parsed(); }

Result<> StoreCommand::run(const Config& config, Log& log) const {
  if (config.store_type == "memory")
    return fail(Code::invalid_argument,
                export_->parsed()
                    ? "a store of type memory is in its process alone: there is nothing to export"
                    : "a store of type memory ends with its process: begin one with `kuma-cp run --import`",
                "store.type");
  if (config.store_type == "postgres")
    return fail(Code::invalid_argument, "a store of type postgres is carried with PostgreSQL's pg_dump and pg_restore",
                "store.type");
  return export_->parsed() ? write(config) : read(config, log);
}

Result<> StoreCommand::write(const Config& config) const {
  auto resources = read_running_store(sqlite_path(config), live::read_file);
  if (!resources) return fail(resources.error());
  auto count = resources->size();
  auto text = print_export(std::move(*resources));
  if (!text) return fail(text.error());
  if (file_ == standard_stream) return print_all(*text);
  if (auto done = live::write_file(file_, *text, {.secret = true}); !done) return done;
  fmt::print("exported {} resources to {}\n", count, file_);
  return {};
}

Result<> StoreCommand::read(const Config& config, Log& log) const {
  auto resources = read_export(file_);
  if (!resources) return fail(resources.error());
  if (auto made = make_work_directory(config, log); !made) return made;
  auto journal = open_journal(config, log);
  if (!journal) return fail(journal.error());
  auto path = sqlite_path(config);
  auto filled = fill_store(**journal, *resources, {.replace = replace_});
  if (auto closed = (*journal)->close(); !closed)
    log.warn("kuma-cp", "store not tidied", {{"error", closed.error().message}});
  if (!filled && filled.error().code == Code::already_exists)
    return fail(Code::already_exists,
                fmt::format("{}: {}; pass --replace to remove them", path, filled.error().message));
  if (!filled) return filled;
  fmt::print("imported {} resources into {}\n", resources->size(), path);
  return {};
}

Result<std::vector<Resource>> read_export(const std::string& file) {
  auto text = live::read_file(file);
  if (!text) return fail(text.error());
  return parse_export(*text, file == standard_stream ? "standard input" : file);
}

}  // namespace kumasim::cp
