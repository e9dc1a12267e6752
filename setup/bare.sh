#!/bin/sh
# Prove README's two commands on a bare Debian: `bare.sh [COMMAND…]` makes a root folder that holds the smallest Debian
# with Python, make and git, clones HEAD into it, and runs the commands there: make run, then make test.
# DIR=folder keeps the root in that folder, and a second call goes on in it; else it is temporary. SUITE=bookworm.
# MIRROR=… where this machine's own sources have no such release.
set -eu
cd "$(dirname "$0")/.."
SUITE=${SUITE:-bookworm}

say() { printf 'bare: %s\n' "$*" >&2; }
refuse() {
    say "$*"
    exit 1
}

. setup/registries.sh

within=/srv/dragoman # where the clone lies below the root

# --- Outside --------------------------------------------------------------------------------------------------------
check_machine() {
    [ "$(uname -s)" = Linux ] || refuse "a root folder of Debian runs on Linux only"
    [ "$(id -u)" = 0 ] || refuse "this needs root, for chroot and mounts: sudo make bare"
    for program in debootstrap unshare chroot git; do
        command -v "$program" >/dev/null || refuse "$program is missing: apt-get install debootstrap util-linux git"
    done
    git rev-parse --verify --quiet HEAD >/dev/null || refuse "this is no git checkout, and what is tried is its HEAD"
    unshare --mount --pid --fork true 2>/dev/null ||
        refuse "this machine lets nobody mount: a container has to be privileged (docker run --privileged)"
}

choose_folder() {
    if [ -n "${DIR:-}" ]; then
        mkdir -p "$DIR"
        base=$(cd "$DIR" && pwd -P)
        case $base/ in "$(pwd -P)"/*) refuse "DIR lies inside the repository: choose a folder outside it" ;; esac
        [ -e "$base/.bare" ] || [ -z "$(ls -A "$base")" ] || refuse "DIR is neither empty nor made by make bare: $base"
    else
        base=$(mktemp -d "${TMPDIR:-/tmp}/dragoman-bare.XXXXXX")
    fi
    root=$base/root
}

make_root() {
    [ ! -e "$base/.bare" ] || return 0
    rm -rf --one-file-system "$root"
    MIRROR=${MIRROR:-$(debian_sources "$SUITE" | awk -v suite="$SUITE" '$3 == suite { print $2; exit }')}
    say "making a minimal Debian $SUITE in $root"
    http_proxy=${http_proxy:-$(apt_proxy)} debootstrap --variant=minbase --include=python3,make,git \
        "$SUITE" "$root" $MIRROR >"$base/debootstrap.log" 2>&1 ||
        { tail -n 20 "$base/debootstrap.log" >&2 && refuse "debootstrap failed"; }
    carry_apt "$SUITE"
    carry_certificates
    carry_names
    carry_python >"$base/folders"
    rm -rf "$root$within"
    git clone --quiet --no-hardlinks . "$root$within"
    [ -z "$(git status --porcelain)" ] || say "what is not committed is not tried"
    touch "$base/.bare"
}

# Mounts and processes live in namespaces of their own: they go with the last process, however that comes to its end.
run_inside() {
    say "HEAD is $(git -C "$root$within" log -1 --format='%h %s')"
    unshare --mount --pid --fork --kill-child --propagation private \
        sh "$0" --inside "$base" "$PWD/../shared" "$@" </dev/null &
    child=$!
    wait "$child"
}

finish() {
    status=$?
    trap - EXIT INT TERM HUP
    [ -z "$child" ] || kill "$child" 2>/dev/null || true
    if [ -n "${DIR:-}" ]; then
        say "the root stays in $root"
    else
        rm -rf --one-file-system "$base"
    fi
    exit "$status"
}

# --- Inside the namespaces ------------------------------------------------------------------------------------------
mount_all() {
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    while read -r folder; do mount_to_read "$folder" "$root$folder"; done <"$base/folders"
    [ ! -d "$shared" ] || mount_to_read "$shared" "$root$(dirname "$within")/shared"
}

mount_to_read() {
    mkdir -p "$2"
    mount --bind "$1" "$2"
    mount -o remount,bind,ro "$2"
}

# Nothing of this machine's environment but how to reach archives. A shell in the background ignores interrupts, and its
# children inherit that, which tests of interrupts would not survive.
run_clean() {
    keep=" $(archive_names | tr '\n' ' ') TERM "
    for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
        case $keep in *" $name "*) ;; *) unset "$name" ;; esac
    done
    export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    chroot "$root" env --default-signal sh -c 'cd "$1" && eval "$2"' sh "$within" "$1"
}

try_all() {
    say "inside is Debian $(cat "$root/etc/debian_version"), $(chroot "$root" python3 --version)"
    failed=0
    for command; do
        began=$(date +%s)
        status=0
        (run_clean "$command") || status=$?
        [ "$status" = 0 ] || failed=1
        results="${results:-}
bare: $command: $([ "$status" = 0 ] && echo well || echo "failed with $status") after $(($(date +%s) - began)) s"
    done
    printf '%s\n' "$results"
    return "$failed"
}

if [ "${1:-}" = --inside ]; then
    base=$2 shared=$3 root=$2/root
    shift 3
    mount_all
    try_all "$@"
else
    check_machine
    choose_folder
    child=''
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    make_root
    [ $# -gt 0 ] || set -- 'make run' 'make test'
    run_inside "$@"
fi
