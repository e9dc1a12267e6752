#!/bin/sh
# Prove README's two commands on a bare Debian: `bare.sh [COMMAND…]` makes a root folder that holds the smallest Debian
# with Python, make and git, clones HEAD into it, and runs the commands there: `make run`, then `make test`.
# DIR=folder keeps the root there, and a later call goes on in it; else it is temporary. SUITE=bookworm is the release;
# MIRROR=… where this machine's own sources have no such release.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'bare: %s\n' "$*" >&2; }
refuse() {
    say "$*"
    exit 1
}

. setup/registries.sh

suite=${SUITE:-bookworm}
within=/srv/dragoman # where the clone lies below the root

# --- Outside --------------------------------------------------------------------------------------------------------
check_machine() {
    [ "$(uname -s)" = Linux ] || refuse "a root folder of Debian runs on Linux only"
    [ "$(id -u)" = 0 ] || refuse "this needs root, for chroot and mounts: sudo make bare"
    for program in debootstrap unshare setpriv git; do
        command -v "$program" >/dev/null || refuse "$program is missing: apt-get install debootstrap util-linux git"
    done
    unshare --mount --pid --fork true 2>/dev/null ||
        refuse "root may not mount here: a container has to be a privileged one"
    git rev-parse --verify --quiet HEAD >/dev/null || refuse "this is no git checkout, and HEAD is what is tried"
}

choose_folder() {
    if [ -n "${DIR:-}" ]; then
        base=$(realpath -m "$DIR")
        case $base/ in "$(pwd -P)"/*) refuse "DIR lies inside the repository: choose a folder outside it" ;; esac
        mkdir -p "$base"
        [ -e "$base/.bare" ] || [ -z "$(ls -A "$base")" ] || refuse "DIR holds other things: choose an empty folder"
    else
        base=$(mktemp -d "${TMPDIR:-/tmp}/dragoman-bare.XXXXXX")
    fi
    touch "$base/.bare"
    root=$base/root
}

make_root() {
    [ ! -e "$base/.made" ] || return 0
    rm -rf --one-file-system "$root"
    know_sources "$suite"
    MIRROR=${MIRROR:-$(debian_sources "$suite" | awk -v suite="$suite" '$3 == suite { print $2; exit }')}
    scripts=${DEBOOTSTRAP_DIR:-/usr/share/debootstrap}/scripts
    say "making a minimal Debian $suite in $root"
    script=''
    [ -z "$MIRROR" ] || [ -e "$scripts/$suite" ] || script=$scripts/sid # a release newer than debootstrap itself
    # shellcheck disable=SC2086
    apart env "http_proxy=${http_proxy:-$(apt_proxy)}" debootstrap --variant=minbase --include=python3,make,git \
        "$suite" "$root" $MIRROR $script >"$base/debootstrap.log" 2>&1 || {
        tail -n 20 "$base/debootstrap.log" >&2
        refuse "debootstrap failed"
    }
    carry_apt "$suite"
    carry_certificates
    carry_names
    carry_python >"$base/folders"
    touch "$base/.made"
}

clone_head() {
    [ -d "$root$within/.git" ] || git clone --quiet --no-checkout --no-hardlinks . "$root$within"
    git -C "$root$within" fetch --quiet "$PWD" HEAD
    git -C "$root$within" checkout --quiet --detach FETCH_HEAD
    say "HEAD is $(git log -1 --format='%h %s')"
    [ -z "$(git status --porcelain)" ] || say "and what is not committed is not tried"
}

# Mounts and processes are in namespaces of their own, and so go with the first of those processes, which goes with this
# shell, however it ends.
apart() {
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --propagation private --mount-proc \
        "$@" </dev/null &
    child=$!
    status=0
    wait "$child" || status=$?
    child=''
    return "$status"
}

finish() {
    status=$?
    trap '' EXIT INT TERM HUP
    if [ -n "$child" ]; then
        kill -KILL "$child" 2>/dev/null || true # unshare blocks the signals that can be blocked
        wait "$child" 2>/dev/null || true
    fi
    if [ -n "${DIR:-}" ]; then
        say "the root stays in $root"
    else
        rm -rf --one-file-system "$base" 2>/dev/null || { sleep 2 && rm -rf --one-file-system "$base"; }
    fi
    exit "$status"
}

# --- Inside the namespaces ------------------------------------------------------------------------------------------
mount_all() {
    mount --bind "$root" "$root"
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

# chroot would be simpler, but in a chroot the kernel refuses the user namespaces that tests make.
enter_root() {
    mkdir -p "$root/.outside"
    cd "$root"
    pivot_root . .outside
    cd /
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    umount -l /.outside
    rmdir /.outside
}

# Nothing of this machine's environment stays but how to reach archives.
clean_environment() {
    keep=" $(archive_names | tr '\n' ' ') PATH TERM "
    for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
        case $keep in *" $name "*) ;; *) unset "$name" ;; esac
    done
    export PATH HOME=/root
}

# The shell that waits outside had this started in the background, where interrupts are ignored, also by all children:
# tests of interrupts would fail.
try_all() {
    say "inside is Debian $(cat /etc/debian_version), $(python3 --version)"
    failed=0
    results=''
    for command; do
        began=$(date +%s)
        status=0
        (cd "$within" && exec env --default-signal sh -c "$command") || status=$?
        [ "$status" = 0 ] || failed=1
        results="$results
bare: $command: $([ "$status" = 0 ] && echo well || echo "failed with $status") after $(($(date +%s) - began)) s"
    done
    printf '%s\n' "$results"
    return "$failed"
}

if [ "${1:-}" = --inside ]; then
    base=$2 shared=$3 root=$2/root
    shift 3
    mount_all
    enter_root
    clean_environment
    try_all "$@"
else
    [ $# -gt 0 ] || set -- 'make run' 'make test'
    check_machine
    choose_folder
    child=''
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    make_root
    clone_head
    apart sh setup/bare.sh --inside "$base" "$(dirname "$PWD")/shared" "$@"
fi
