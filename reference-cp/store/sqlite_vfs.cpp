/// SQLite's calls for files, mapped to a Disk. Only what a database in exclusive write-ahead mode needs: no shared
/// memory.
#include "reference-cp/store/sqlite_vfs.hpp"

#include <cstring>
#include <new>
#include <span>

#include <fmt/format.h>
#include <sqlite3.h>

namespace kumasim::cp {
namespace {

constexpr int name_bytes_max = 512;

/// SQLite gives the memory of an open file; our File hangs behind SQLite's own header.
struct OpenFile {
  sqlite3_file base;
  File* file;
  Disk* disk;
  bool remove_on_close;
  char name[name_bytes_max];
};

OpenFile& of(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }

int close_file(sqlite3_file* base) {
  OpenFile& open = of(base);
  delete open.file;
  open.file = nullptr;
  if (open.remove_on_close) (void)open.disk->remove(open.name);
  return SQLITE_OK;
}

int read_file(sqlite3_file* base, void* into, int bytes, sqlite3_int64 offset) {
  auto* begin = static_cast<std::byte*>(into);
  auto done = of(base).file->read(static_cast<std::uint64_t>(offset), {begin, static_cast<std::size_t>(bytes)});
  if (!done) return SQLITE_IOERR_READ;
  if (*done == static_cast<std::size_t>(bytes)) return SQLITE_OK;
  std::memset(begin + *done, 0, static_cast<std::size_t>(bytes) - *done);
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* base, const void* from, int bytes, sqlite3_int64 offset) {
  auto* begin = static_cast<const std::byte*>(from);
  auto done = of(base).file->write(static_cast<std::uint64_t>(offset), {begin, static_cast<std::size_t>(bytes)});
  return done ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

int truncate_file(sqlite3_file* base, sqlite3_int64 size) {
  return of(base).file->truncate(static_cast<std::uint64_t>(size)) ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

int sync_file(sqlite3_file* base, int) { return of(base).file->sync() ? SQLITE_OK : SQLITE_IOERR_FSYNC; }

int size_file(sqlite3_file* base, sqlite3_int64* out) {
  auto size = of(base).file->size();
  if (!size) return SQLITE_IOERR_FSTAT;
  *out = static_cast<sqlite3_int64>(*size);
  return SQLITE_OK;
}

int lock_file(sqlite3_file*, int) { return SQLITE_OK; }

int check_lock(sqlite3_file*, int* out) {
  *out = 0;
  return SQLITE_OK;
}

int control_file(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_bytes(sqlite3_file*) { return 4096; }
int characteristics(sqlite3_file*) { return 0; }

constexpr sqlite3_io_methods io_methods = {
    .iVersion = 1,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_file,
    .xLock = lock_file,
    .xUnlock = lock_file,
    .xCheckReservedLock = check_lock,
    .xFileControl = control_file,
    .xSectorSize = sector_bytes,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

}  // namespace

/// The calls of a VFS itself.
struct SqliteVfsCalls {
  static SqliteVfs& of(sqlite3_vfs* vfs) { return *static_cast<SqliteVfs*>(vfs->pAppData); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* base, int flags, int* out_flags) {
    auto* file = new (base) OpenFile{};
    Disk& disk = of(vfs).disk_;
    std::string path = name == nullptr ? fmt::format("sqlite-temporary-{}", of(vfs).random_.next()) : std::string(name);
    if (path.size() >= name_bytes_max) return SQLITE_CANTOPEN;
    bool create = (flags & SQLITE_OPEN_CREATE) != 0;
    if (!create && !disk.exists(path)) return SQLITE_CANTOPEN;
    auto opened = disk.open(path, OpenMode::create_or_open);
    if (!opened) return SQLITE_CANTOPEN;
    file->file = opened->release();
    file->disk = &disk;
    file->remove_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    std::memcpy(file->name, path.c_str(), path.size() + 1);
    base->pMethods = &io_methods;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs* vfs, const char* name, int) {
    auto done = of(vfs).disk_.remove(name);
    return done || done.error().code == Code::not_found ? SQLITE_OK : SQLITE_IOERR_DELETE;
  }

  static int access(sqlite3_vfs* vfs, const char* name, int, int* out) {
    *out = of(vfs).disk_.exists(name) ? 1 : 0;
    return SQLITE_OK;
  }

  static int full_path(sqlite3_vfs*, const char* name, int bytes, char* out) {
    std::size_t length = std::strlen(name);
    if (length >= static_cast<std::size_t>(bytes)) return SQLITE_CANTOPEN;
    std::memcpy(out, name, length + 1);
    return SQLITE_OK;
  }

  static int randomness(sqlite3_vfs* vfs, int bytes, char* out) {
    of(vfs).random_.fill({reinterpret_cast<std::byte*>(out), static_cast<std::size_t>(bytes)});
    return bytes;
  }

  static int pause(sqlite3_vfs*, int microseconds) { return microseconds; }

  /// SQLite keeps no times of its own in a store; a fixed one keeps runs alike.
  static int current_time(sqlite3_vfs*, double* out) {
    *out = 2440587.5;
    return SQLITE_OK;
  }

  static int last_error(sqlite3_vfs*, int, char*) { return 0; }
};

SqliteVfs::SqliteVfs(Disk& disk, Random& random) : disk_(disk), random_(random), vfs_(std::make_unique<sqlite3_vfs>()) {
  // A name for each life: SQLite finds a VFS by it. The number never leaves the process.
  static std::uint64_t count = 0;
  name_ = fmt::format("kumasim-disk-{}", ++count);
  *vfs_ = {};
  vfs_->iVersion = 1;
  vfs_->szOsFile = sizeof(OpenFile);
  vfs_->mxPathname = name_bytes_max;
  vfs_->zName = name_.c_str();
  vfs_->pAppData = this;
  vfs_->xOpen = SqliteVfsCalls::open;
  vfs_->xDelete = SqliteVfsCalls::remove;
  vfs_->xAccess = SqliteVfsCalls::access;
  vfs_->xFullPathname = SqliteVfsCalls::full_path;
  vfs_->xRandomness = SqliteVfsCalls::randomness;
  vfs_->xSleep = SqliteVfsCalls::pause;
  vfs_->xCurrentTime = SqliteVfsCalls::current_time;
  vfs_->xGetLastError = SqliteVfsCalls::last_error;
  sqlite3_vfs_register(vfs_.get(), 0);
}

SqliteVfs::~SqliteVfs() { sqlite3_vfs_unregister(vfs_.get()); }

}  // namespace kumasim::cp
