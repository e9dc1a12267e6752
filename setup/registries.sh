# How this machine reaches its package archives, carried into another root folder. Read by bare.sh, which sets `say`.
# Nothing is known here of any archive: it is all read from the settings of apt, pip, uv and the environment.

certificates=/etc/ssl/certs/ca-certificates.crt

# The variables by which pip, uv and TLS are told of archives. Those that say where to install are of no use elsewhere.
archive_variables='^(PIP_((EXTRA_)?INDEX_URL|FIND_LINKS|NO_INDEX|TRUSTED_HOST|CERT|CLIENT_CERT|PROXY|CONSTRAINT)'
archive_variables=$archive_variables'|PIP_(DEFAULT_TIMEOUT|RETRIES|CONFIG_FILE)'
archive_variables=$archive_variables'|UV_([A-Z0-9_]*INDEX[A-Z0-9_]*|FIND_LINKS|INSECURE_HOST|CONFIG_FILE|HTTP_TIMEOUT)'
archive_variables=$archive_variables'|UV_(NATIVE_TLS|SYSTEM_CERTS)|SSL_CERT_FILE|(REQUESTS|CURL)_CA_BUNDLE'
archive_variables=$archive_variables'|(HTTPS?|ALL|NO|https?|all|no)_(PROXY|proxy))$'

# The names of those that are set here, one a line.
archive_names() { env | sed -n 's/^\([A-Za-z0-9_]*\)=.*/\1/p' | grep -E "$archive_variables" || true; }

# What pip and uv read besides; a home folder is /root on the other side.
archive_files() {
    for file in /etc/pip.conf /etc/xdg/pip/pip.conf "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf" \
        /etc/uv/uv.toml "$HOME/.config/uv/uv.toml"; do
        [ ! -f "$file" ] || echo "$file"
    done
}

# The local paths that settings, read from stdin, name: `find-links = /srv/wheels`, `file:///srv/simple`.
named_paths() {
    sed -E 's#(^|[^a-zA-Z])file://#\1#g; s#[a-zA-Z][a-zA-Z0-9+.-]*://[^[:space:]]*##g' |
        grep -oE "(^|[[:space:]=\"',[])/[^][:space:]\"',]+" | sed -E 's#^[^/]##' | sort -u
}

# Which release a source is of, apt tells only where it has its lists.
know_sources() {
    if [ -z "$(debian_sources "$1")" ] && command -v apt-get >/dev/null; then
        apt-get update -qq || say "apt-get update failed"
    fi
}

# The parts of apt's sources that belong to one release of Debian, as lines of a sources.list.
debian_sources() {
    apt-get indextargets --format "\$(ORIGIN) \$(REPO_URI) \$(RELEASE) \$(COMPONENT)" 'Created-By: Packages' 2>/dev/null |
        awk -v suite="$1" '$1 == "Debian" && index($3, suite) == 1 { print "deb", $2, $3, $4 }' | sort -u
}

# The proxy that apt goes through, for a program that knows only the environment's.
apt_proxy() {
    proxy=''
    ! command -v apt-config >/dev/null || eval "$(apt-config shell proxy Acquire::http::Proxy)"
    printf %s "$proxy"
}

copied() { # a file, to the same path or another below the root
    mkdir -p "$root$(dirname "${2:-$1}")"
    cp -RL "$1" "$root${2:-$1}"
}

# The release as debootstrap leaves it has its own sources.list, right where this machine has none of that release.
carry_apt() {
    sources=$(debian_sources "$1")
    [ -z "$sources" ] || printf '%s\n' "$sources" >"$root/etc/apt/sources.list"
    if command -v apt-config >/dev/null; then
        apt-config dump | grep '^Acquire::' >"$root/etc/apt/apt.conf.d/99carried" || true
    fi
    for given in /etc/apt/auth.conf /etc/apt/auth.conf.d /etc/apt/keyrings /etc/apt/trusted.gpg /etc/apt/trusted.gpg.d; do
        [ ! -e "$given" ] || { rm -rf "${root:?}$given" && copied "$given"; }
    done
}

# update-ca-certificates, when it comes, makes its bundle from the folder below /usr/local.
carry_certificates() {
    if [ -f "$certificates" ]; then
        copied "$certificates"
        copied "$certificates" /usr/local/share/ca-certificates/carried.crt
    fi
}

carry_names() {
    for file in /etc/resolv.conf /etc/hosts; do
        [ ! -f "$file" ] || cat "$file" >"$root$file"
    done
}

# Settings and the files that they name are copied. Folders are printed, for the caller to mount.
carry_python() {
    archive_files | while read -r file; do
        case $file in
        "$HOME"/*) copied "$file" "/root${file#"$HOME"}" ;;
        *) copied "$file" ;;
        esac
    done
    {
        archive_files | while read -r file; do cat "$file"; done
        archive_names | while read -r name; do printenv "$name"; done
    } | named_paths | while read -r path; do
        if [ -e "$root$path" ]; then
            continue
        elif [ -d "$path" ]; then
            mounted_folder "$path"
        elif [ -f "$path" ]; then
            copied "$path"
        fi
    done
}

# A folder of an index is mostly beside its files, which its pages name by `../../files`: those have to be there too.
mounted_folder() {
    case $1 in
    */simple | */simple/) dirname "$1" ;;
    *) echo "$1" ;;
    esac
}
