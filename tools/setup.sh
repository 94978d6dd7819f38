# Sourced by tools/kumasim and tools/test: installs what is missing and builds. Progress goes to standard error.
#
# setup_packages [MORE]    Debian packages of tools/packages.txt and MORE, installed with apt-get when one is missing
# setup_build TARGET...    configures the release preset when needed and builds the targets (all: every target)

say() { printf '\033[2mkumasim:\033[0m %s\n' "$*" >&2; }

setup_packages() {
  wanted=$(sed -e '/^#/d' -e '/^$/d' "$root/tools/packages.txt"; for p; do echo "$p"; done)
  sorted=$(mktemp)
  # shellcheck disable=SC2086
  missing=$(for p in $wanted; do echo "$p"; done | sort >"$sorted"
    dpkg-query -W -f='${Package} ${db:Status-Status}\n' $wanted 2>/dev/null | sed -n 's/ installed$//p' | sort -u |
      comm -23 "$sorted" -)
  rm -f "$sorted"
  [ -n "$missing" ] || return 0
  say "installing $(echo "$missing" | wc -w) Debian packages"
  as_root=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { say "these packages are missing and need root: $(echo $missing)"; exit 2; }
    as_root=sudo
  fi
  log=$root/build/apt.log
  mkdir -p "$root/build"
  # shellcheck disable=SC2086
  if ! { $as_root apt-get update -q && $as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    say "apt-get failed; the whole log is in $log"
    exit 2
  fi
}

setup_build() {
  build=$root/build/release
  log=$root/build/build.log
  mkdir -p "$root/build"
  if [ ! -f "$build/build.ninja" ]; then
    say "configuring (installs the pinned Envoy into $build/envoy)"
    if ! (cd "$root" && cmake --preset release) >"$log" 2>&1; then
      tail -n 30 "$log" >&2
      say "cmake failed; the whole log is in $log"
      exit 2
    fi
  fi
  if ! ninja -C "$build" -n "$@" 2>/dev/null | grep -q 'no work to do'; then
    say "building $* (a cold build takes 10 to 25 minutes on two cores)"
    if [ -t 2 ]; then
      (cd "$root" && ninja -C "$build" "$@") >&2 || exit 2
    elif ! (cd "$root" && NINJA_STATUS='[%f/%t %es] ' ninja -C "$build" "$@") >"$log" 2>&1; then
      grep -vE '^\[[0-9]+/' "$log" | tail -n 60 >&2
      say "the build failed; the whole log is in $log"
      exit 2
    fi
  fi
}
