#!/usr/bin/env bash
# Measures, and writes what it measured to tests/IterableAudience.Benchmarks/results.
#
#   ./scripts/bench.sh                    all
#   ./scripts/bench.sh micro [args…]      validation, batching, attribution; arguments go to BenchmarkDotNet (e.g. --job short)
#   ./scripts/bench.sh push [args…]       one push of a million records, end to end, three times (e.g. --records 100000 --runs 1)
#   ./scripts/bench.sh postgres [args…]   the same with a PostgreSQL server on the same machine (its programs must be there)
#   ./scripts/bench.sh small [args…]      pushes of a thousand records to an idle service (e.g. --repetitions 50)
#   ./scripts/bench.sh pace [args…]       how much of a project's rate is used, and how often it is throttled (e.g. --store PostgreSql --allowed 25)
#   ./scripts/bench.sh mirror [args…]     a table of five million rows, synced in full, with one row in a hundred changed, and unchanged (e.g. --rows 1000000)
#   ./scripts/bench.sh console [args…]    the console's pages with 200 connections, 10,000 syncs, one of a million records; live pages (e.g. --repetitions 50)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1
project=tests/IterableAudience.Benchmarks
results=$project/results
program=$project/bin/Release/net10.0/IterableAudience.Benchmarks.dll

build() { dotnet build "$project" --configuration Release --verbosity quiet -p:UseSharedCompilation=false; }
publish() { dotnet publish "$1" --configuration Release --output "out/bench/$2" --verbosity quiet -p:UseSharedCompilation=false; }

micro() {
    local artifacts=out/bench/micro
    rm -rf "$artifacts"
    dotnet "$program" --filter '*' --exporters github --artifacts "$artifacts" "$@"
    if grep -l 'Benchmarks with issues' "$artifacts"/results/*-report-github.md; then
        echo "A benchmark failed; nothing was written." >&2
        return 1
    fi
    {
        printf '# Validation, batching, attribution\n\nMade by `scripts/bench.sh micro`; not edited by hand. %s, commit %s. Each time is for one record or operation.\n' "$(date -u +%F)" "$(git rev-parse --short HEAD)"
        local report
        for report in "$artifacts"/results/*-report-github.md; do
            printf '\n## %s\n\n' "$(basename "$report" -report-github.md | sed 's/.*\.//')"
            cat "$report"
        done
    } >"$results/micro.md"
    echo "Written to $results/micro.md"
}

programs() {
    publish src/IterableAudience service
    publish src/IterableAudience.Simulator simulator
}

push() {
    programs
    dotnet "$program" push --runs 3 --out "$results/push.md" "$@"
}

postgres() {
    programs
    dotnet "$program" push --store PostgreSql --runs 3 --out "$results/push-postgres.md" "$@"
}

small() {
    programs
    dotnet "$program" small --out "$results/small.md" "$@"
}

pace() {
    programs
    dotnet "$program" pace --out "$results/pace.md" "$@"
}

mirror() {
    programs
    dotnet "$program" mirror --out "$results/mirror.md" "$@"
}

console() {
    programs
    dotnet "$program" console --out "$results/console.md" "$@"
}

mkdir -p "$results"
build
case ${1:-} in
    micro | push | postgres | small | pace | mirror | console) "$@" ;;
    '') micro && push && postgres && small && pace && mirror && console ;;
    *) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
