#!/usr/bin/env bash
# Installs what the tests need where it can, builds, runs every test, and ends with the line "N passed, N failed, N skipped".
#
#   ./scripts/test.sh                                     all tests
#   ./scripts/test.sh --filter-class '*SamplesTests'      arguments go to `dotnet test`
#
# With CI=true the restore must match the lock files, and a missing part is a failure instead of skipped tests.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1
# Hundreds of hosts start: what each compiles is written without a second mapping of the memory, which is a sixth of the tests' CPU time.
export DOTNET_EnableWriteXorExecute=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Closes a run that didn't get as far as the tests.
give_up() {
    echo "$1" >&2
    echo "0 passed, 0 failed, 0 skipped"
    exit 1
}

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

# Another apt may hold the lock: wait for it instead of failing.
apt_install() {
    local try
    for try in 1 2 3 4 5 6 7 8 9 10 11 12; do
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } && return 0
        [ "$try" = 12 ] || sleep 10
    done >"$log" 2>&1
    tail -5 "$log" >&2
    return 1
}

# need <what> <check> <package>…: makes sure that the check succeeds, by installing the Debian packages where that is possible.
need() {
    local what=$1 check=$2
    shift 2
    if "$check" >/dev/null 2>&1; then return 0; fi
    if can_install; then
        echo "Installing $what ($*) …"
        apt_install "$@" && "$check" >/dev/null 2>&1 && return 0
    fi
    [ "${CI:-}" = true ] && give_up "$what is missing and could not be installed ($*)."
    echo "$what is missing; the tests that need it are skipped. On Debian and Ubuntu: apt-get install $*"
}

has_sdk() { command -v dotnet >/dev/null && dotnet --list-sdks | grep '^10\.' >/dev/null; }

# The server's programs, where the tests look for them: Debian keeps them out of the PATH.
has_postgresql() {
    local initdb
    for initdb in /usr/lib/postgresql/*/bin/initdb "$(command -v initdb)"; do
        [ -x "$initdb" ] && [ -x "$(dirname "$initdb")/pg_ctl" ] && return 0
    done
    return 1
}

# The tests start servers of their own on free ports. Installing the package starts one, too, which nobody asked for: it is stopped again. One that
# ran before is left alone, and none is ever dropped.
need_postgresql() {
    has_postgresql && return 0
    local before version name
    before=$(pg_lsclusters --no-header 2>/dev/null)
    need "PostgreSQL's server" has_postgresql postgresql
    [ -n "$before" ] || pg_lsclusters --no-header 2>/dev/null | while read -r version name _; do pg_ctlcluster "$version" "$name" stop; done
}

has_chromium() { command -v chromium >/dev/null || [ -x /usr/bin/chromium ]; }

# What the tests need besides the SDK, one line each.
install_needs() {
    need_postgresql
    need "Chromium" has_chromium chromium fonts-liberation
}

has_sdk || give_up "The tests need a .NET 10 SDK: https://dotnet.microsoft.com/download/dotnet/10.0"
install_needs

dotnet build IterableAudience.sln --configuration Release || give_up "The build failed."

dotnet test --solution IterableAudience.sln --configuration Release --no-build --no-progress --no-ansi "$@" 2>&1 | tee "$log"
code=${PIPESTATUS[0]}

# Whoever sees only the end of a long log sees what failed, too.
if [ "$code" != 0 ]; then
    echo
    echo "What failed:"
    grep -a -A8 '^failed ' "$log" | cut -c1-300 | head -60
fi

count() { sed -nE "s/^ +$1: ([0-9]+)\$/\1/p" "$log" | tail -1; }
passed=$(count succeeded) failed=$(count failed) skipped=$(count skipped)
if [ "$code" = 0 ] && [ "${passed:-0}" = 0 ]; then
    echo "No test ran." >&2
    code=1
fi
echo "${passed:-0} passed, ${failed:-0} failed, ${skipped:-0} skipped"
exit "$code"
