/// Files of the machine.
#include "reference-cp/live/disk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kumasim::live {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> system_failure(const std::string& what, int number) {
  auto code = Code::internal;
  if (number == ENOENT || number == ENOTDIR) code = Code::not_found;
  if (number == EACCES || number == EPERM || number == EROFS) code = Code::permission_denied;
  if (number == ENOSPC || number == EDQUOT || number == EMFILE) code = Code::resource_exhausted;
  if (number == EIO) code = Code::data_loss;
  return fail(code, what + ": " + std::generic_category().message(number));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  int number_;
};

/// A new name is durable once its directory is.
void sync_directory(const fs::path& directory) {
  Descriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.open()) ::fsync(descriptor.get());
}

Result<> write_all(int descriptor, const std::string& path, std::uint64_t offset, std::span<const std::byte> from) {
  while (!from.empty()) {
    auto count = ::pwrite(descriptor, from.data(), from.size(), static_cast<off_t>(offset));
    if (count < 0) {
      if (errno == EINTR) continue;
      return system_failure("cannot write " + path, errno);
    }
    from = from.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

class SystemFile final : public File {
 public:
  SystemFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      auto count =
          ::pread(descriptor_.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (count == 0) break;
      if (count > 0)
        done += static_cast<std::size_t>(count);
      else if (errno != EINTR)
        return system_failure("cannot read " + path_, errno);
    }
    return done;
  }
  Result<> write(std::uint64_t offset, std::span<const std::byte> from) override {
    return write_all(descriptor_.get(), path_, offset, from);
  }
  Result<> truncate(std::uint64_t size) override {
    if (::ftruncate(descriptor_.get(), static_cast<off_t>(size)) == 0) return {};
    return system_failure("cannot truncate " + path_, errno);
  }
  Result<> sync() override {
    if (::fdatasync(descriptor_.get()) == 0) return {};
    return system_failure("cannot sync " + path_, errno);
  }
  Result<std::uint64_t> size() override {
    struct stat status{};
    if (::fstat(descriptor_.get(), &status) == 0) return static_cast<std::uint64_t>(status.st_size);
    return system_failure("cannot ask the size of " + path_, errno);
  }

 private:
  Descriptor descriptor_;
  std::string path_;
};

}  // namespace

std::string DirectoryDisk::path(std::string_view name) const { return root_ + "/" + std::string(name); }

Result<std::unique_ptr<File>> DirectoryDisk::open(std::string_view name, OpenMode mode) {
  auto full = path(name);
  if (mode == OpenMode::read_only) {
    auto descriptor = ::open(full.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return system_failure("cannot open " + full, errno);
    return std::make_unique<SystemFile>(descriptor, full);
  }
  auto parent = fs::path(full).parent_path();
  if (auto made = make_directories(parent.string()); !made) return fail(made.error());
  auto is_new = ::access(full.c_str(), F_OK) != 0;
  auto descriptor = ::open(full.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return system_failure("cannot open " + full, errno);
  if (is_new) sync_directory(parent);
  return std::make_unique<SystemFile>(descriptor, full);
}

bool DirectoryDisk::exists(std::string_view name) const { return ::access(path(name).c_str(), F_OK) == 0; }

Result<> DirectoryDisk::remove(std::string_view name) {
  auto full = path(name);
  if (::unlink(full.c_str()) != 0) return system_failure("cannot remove " + full, errno);
  sync_directory(fs::path(full).parent_path());
  return {};
}

Result<> DirectoryDisk::rename(std::string_view from, std::string_view to) {
  auto target = path(to);
  auto parent = fs::path(target).parent_path();
  if (auto made = make_directories(parent.string()); !made) return made;
  if (::rename(path(from).c_str(), target.c_str()) != 0) return system_failure("cannot rename to " + target, errno);
  sync_directory(parent);
  return {};
}

std::vector<std::string> DirectoryDisk::list(std::string_view prefix) const {
  std::vector<std::string> names;
  std::error_code ignored;
  for (fs::recursive_directory_iterator i(root_, ignored), end; !ignored && i != end; i.increment(ignored)) {
    if (!i->is_regular_file(ignored)) continue;
    auto name = fs::relative(i->path(), root_, ignored).generic_string();
    if (name.starts_with(prefix)) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

Result<std::string> read_file(const std::string& path) {
  auto standard_input = path == "-";
  Descriptor descriptor(standard_input ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.open()) return system_failure("cannot open " + path, errno);
  std::string content;
  char bytes[65536];
  for (;;) {
    auto count = ::read(descriptor.get(), bytes, sizeof bytes);
    if (count == 0) return content;
    if (count > 0)
      content.append(bytes, static_cast<std::size_t>(count));
    else if (errno != EINTR)
      return system_failure("cannot read " + path, errno);
  }
}

Result<> write_file(const std::string& path, std::string_view content, WriteOptions options) {
  auto parent = fs::path(path).parent_path();
  if (!parent.empty())
    if (auto made = make_directories(parent.string()); !made) return made;
  auto draft = path + ".tmp";
  // What lies there already may be open to others, or a link of theirs to somewhere else.
  if (options.secret && ::unlink(draft.c_str()) != 0 && errno != ENOENT)
    return system_failure("cannot remove " + draft, errno);
  {
    Descriptor descriptor(options.secret
                              ? ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)
                              : ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!descriptor.open()) return system_failure("cannot write " + path, errno);
    auto written = write_all(descriptor.get(), path, 0, std::as_bytes(std::span(content.data(), content.size())));
    if (!written) return written;
    if (::fsync(descriptor.get()) != 0) return system_failure("cannot sync " + path, errno);
  }
  if (::rename(draft.c_str(), path.c_str()) != 0) return system_failure("cannot write " + path, errno);
  return {};
}

Result<> make_directories(const std::string& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code) return system_failure("cannot make the directory " + path, code.value());
  return {};
}

Result<bool> make_private_directory(const std::string& path) {
  auto parent = fs::path(path).parent_path();
  if (!parent.empty())
    if (auto made = make_directories(parent.string()); !made) return fail(made.error());
  if (::mkdir(path.c_str(), 0700) == 0) return false;
  if (errno != EEXIST) return system_failure("cannot make the directory " + path, errno);
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return system_failure("cannot ask the mode of " + path, errno);
  if (!S_ISDIR(status.st_mode)) return system_failure("cannot make the directory " + path, ENOTDIR);
  return (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

Result<> make_private_file(const std::string& path) {
  Descriptor descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!descriptor.open() && errno != EEXIST) return system_failure("cannot make " + path, errno);
  return {};
}

Result<bool> make_private(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return system_failure("cannot ask the mode of " + path, errno);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return false;
  if (::chmod(path.c_str(), status.st_mode & S_IRWXU) != 0)
    return system_failure("cannot change the mode of " + path, errno);
  return true;
}

}  // namespace kumasim::live
