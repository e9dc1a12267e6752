#!/bin/sh
# Make this machine and .venv ready: `setup.sh run` for the dragoman command, `setup.sh test` for its tests as well.
# Only what is missing is installed, so that a second call takes a moment.
set -eu
cd "$(dirname "$0")/.."
tier=$1

say() { printf 'setup: %s\n' "$*" >&2; }

. setup/packages.sh

# --- Python ---------------------------------------------------------------------------------------------------------
find_python() {
    for candidate in python3.11 python3.12 python3.13 python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11, 2))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    say "Python 3.11.2 or newer is needed and was not found: apt-get install python3"
    exit 1
}

# --- The virtual environment ----------------------------------------------------------------------------------------
lock=requirements.lock
[ "$tier" = run ] || lock=requirements-test.lock

# What a ready environment was made from; an environment for the tests does for the command too.
state_of() {
    { pwd; cat setup/setup.sh "$1" pyproject.toml libs/*/pyproject.toml services/*/pyproject.toml \
        deploy/standalone/pyproject.toml; } | cksum
}

is_ready() { [ -x .venv/bin/dragoman ] && [ "$(cat ".venv/.ready-$tier" 2>/dev/null)" = "$(state_of "$lock")" ]; }

make_venv() {
    # Scripts hold the path of their environment: one that was moved or copied is made anew.
    if [ -e .venv/.path ] && [ "$(cat .venv/.path)" != "$PWD" ]; then
        rm -rf .venv
    fi
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        say "making .venv with $python"
        "$python" -m venv .venv
    fi
    pwd >.venv/.path
}

install_locked() {
    if ! .venv/bin/uv --version >/dev/null 2>&1; then
        sed -n '/^uv==/,/[^\\]$/p' requirements.lock >.venv/uv.lock
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.lock
    fi
    say "installing $(grep -c '==' "$lock") packages as pinned in $lock"
    # Compiled now, by all cores: else each of the many processes compiles what it imports, where none may write.
    .venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r "$lock"
    set --
    for room in libs/* services/* deploy/standalone; do
        [ -f "$room/pyproject.toml" ] && set -- "$@" --editable "./$room"
    done
    .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation "$@"
    # What `venv` brought besides pip: nothing here needs it, and it grows old unseen.
    .venv/bin/uv pip uninstall --quiet --python .venv/bin/python setuptools 2>/dev/null || true
    .venv/bin/python -m compileall -q -j 0 libs services deploy
}

if ! is_ready; then
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null || want "$(basename "$(readlink -f "$python")")-venv" python3-venv
    want_packages
    install_wanted
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        say "$python cannot make virtual environments: install its venv package (python3-venv)"
        exit 1
    fi
    make_venv
    install_locked
    state_of "$lock" >".venv/.ready-$tier"
    state_of requirements.lock >.venv/.ready-run
else
    want_packages
    install_wanted
fi
