# What this machine lacks, and how to get it. Read by setup.sh, which sets `tier` and `say`.
# A thing that cannot be installed is named and left out; what works without it goes on.

wanted='' # a line a package: the names it may have, the first that the archive knows is taken

want() { wanted="$wanted$*
"; }

# The names under which Debian ships an Apertium pair: with two letters or three, in either order.
iso3() {
    case $1 in
    bg) echo bul ;; ca) echo cat ;; da) echo dan ;; de) echo deu ;; en) echo eng ;; es) echo spa ;; eu) echo eus ;;
    fr) echo fra ;; gl) echo glg ;; hi) echo hin ;; is) echo isl ;; it) echo ita ;; mk) echo mkd ;; nb) echo nob ;;
    nl) echo nld ;; nn) echo nno ;; oc) echo oci ;; pt) echo por ;; ro) echo ron ;; ru) echo rus ;; sv) echo swe ;;
    uk) echo ukr ;; ur) echo urd ;; *) echo "$1" ;;
    esac
}

want_pair() {
    [ "$1" = "$2" ] && return
    a=$(iso3 "$1") b=$(iso3 "$2")
    if ! apertium -l 2>/dev/null | grep -qxE " *($a-$b|$1-$2)"; then
        want "apertium-$a-$b" "apertium-$b-$a" "apertium-$1-$2" "apertium-$2-$1"
    fi
}

want_command() { command -v "$1" >/dev/null 2>&1 || want "$2"; }
want_file() { # a package, and the patterns of which one has to match
    package=$1
    shift
    for found in $*; do # expands the patterns
        [ ! -e "$found" ] || return 0
    done
    want "$package"
}

want_packages() {
    source=${SOURCE:-en} target=${TARGET:-es}
    if [ "${ENGINE:-apertium}" = apertium ]; then
        want_pair "${source%%-*}" "${target%%-*}"
    fi
    if [ "$tier" = test ]; then
        want_file rabbitmq-server '/usr/lib/rabbitmq/bin/rabbitmq-server'
        want_file postgresql '/usr/lib/postgresql/*/bin/postgres'
        want_command sqlite3 sqlite3
        want_command promtool prometheus
        want_command openssl openssl
        want_command curl curl
        want_command soffice libreoffice-writer-nogui
        want_command pdftoppm poppler-utils
        want_command chromium chromium
        want_file libatomic1 '/usr/lib/*/libatomic.so.1' '/usr/lib*/libatomic.so.1' # the browser driver's node has it
        want_file fonts-liberation '/usr/share/fonts/truetype/liberation*' '/usr/share/fonts/liberation*'
    fi
}

install_wanted() {
    [ -n "$wanted" ] || return 0
    first_names=$(printf '%s' "$wanted" | awk '{printf " %s", $1}')
    if ! command -v apt-get >/dev/null; then
        say "missing:$first_names (named as in Debian; this machine has no apt-get). Going on with what works."
        return 0
    fi
    if [ "$(id -u)" = 0 ]; then
        root='env'
    elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        root='sudo env'
    else
        say "missing:$first_names. Neither root nor sudo: run apt-get install --no-install-recommends$first_names" \
            "as root. Going on with what works."
        return 0
    fi
    say "installing with apt-get, which can take some minutes:$first_names"
    $root apt-get update -qq || say "apt-get update failed"
    packages=$(printf '%s' "$wanted" | while read -r names; do first_available $names; done)
    # shellcheck disable=SC2086
    [ -z "$packages" ] || install_packages $packages
}

first_available() {
    for name; do
        if LC_ALL=C apt-cache policy "$name" 2>/dev/null | grep -q 'Candidate: [^(]'; then
            echo "$name"
            return
        fi
    done
    say "the package archive has no $1. Going on without."
}

# RabbitMQ and PostgreSQL are wanted for their programs: the tests start their own, and the machine's are not started.
install_packages() {
    policy=/usr/sbin/policy-rc.d
    ours=no
    if [ "$tier" = test ] && [ ! -e "$policy" ]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null
        $root chmod 755 "$policy"
    fi
    if ! said=$($root DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" 2>&1 </dev/null)
    then
        printf '%s\n' "$said" >&2
        say "apt-get could not install all of: $*. Going on with what works."
    fi
    [ "$ours" = no ] || $root rm -f "$policy"
}
