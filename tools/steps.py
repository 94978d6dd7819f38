"""What tools/coverage and tools/fuzz do alike: say where they are, run a command, build a preset of the project."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def say(text):
    print(f"kumasim: {text}", file=sys.stderr, flush=True)


def give_up(text):
    say(text)
    sys.exit(2)


def run(what, command, **more):
    try:
        return subprocess.run([str(word) for word in command], cwd=ROOT, **more)
    except FileNotFoundError as error:
        give_up(f"{what}: there is no {error.filename}")


def must(what, command, **more):
    """What the command prints, where that is taken; nothing goes on where it fails."""
    done = run(what, command, **more)
    if done.returncode != 0:
        give_up(f"{what} failed with status {done.returncode}: {' '.join(str(word) for word in command[:4])} ...")
    return done.stdout


def build(preset, folder, target, jobs, packages=()):
    """Installs what the build and `packages` need, configures the preset in the folder, and builds the target."""
    setup = f'root="{ROOT}"; . "$root/tools/setup.sh"; setup_packages {" ".join(packages)}'
    must("installing packages", ["sh", "-euc", setup], stdout=sys.stderr)
    if not (folder / "build.ninja").exists():
        say(f"configuring {folder}")
        must("configuring", ["cmake", "--preset", preset, "-B", folder], stdout=subprocess.DEVNULL)
    must("the build", ["ninja", "-C", folder, f"-j{jobs}", target],
         env={**os.environ, "NINJA_STATUS": "[%f/%t %es] "}, stdout=sys.stderr)
