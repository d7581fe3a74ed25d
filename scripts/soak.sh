#!/usr/bin/env bash
# Runs mixed small and large syncs for a while on both stores, checks every list at the end, and writes what the service held and how quick it was at
# the start and at the end to tests/IterableAudience.Benchmarks/results: soak.md (SQLite) and soak-postgres.md. PostgreSQL's server programs are needed
# for the second (Debian: postgresql).
#
#   ./scripts/soak.sh [minutes]              half an hour on each store, one after the other
#   ./scripts/soak.sh [minutes] together     both at the same time, each with a service of its own
#   ./scripts/soak.sh [minutes] Sqlite       on one store only; or PostgreSql
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1
minutes=${1:-30}
results=tests/IterableAudience.Benchmarks/results
program=tests/IterableAudience.Benchmarks/bin/Release/net10.0/IterableAudience.Benchmarks.dll

publish() { dotnet publish "$1" --configuration Release --output "out/soak/$2" --verbosity quiet -p:UseSharedCompilation=false; }

soak() {
    local file=$results/soak.md
    [ "$1" = Sqlite ] || file=$results/soak-postgres.md
    dotnet "$program" soak --minutes "$minutes" --programs out/soak --store "$1" --out "$file"
}

[[ $minutes =~ ^[0-9]+$ && ${2:-} =~ ^(together|Sqlite|PostgreSql)?$ ]] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
dotnet build tests/IterableAudience.Benchmarks --configuration Release --verbosity quiet -p:UseSharedCompilation=false
publish src/IterableAudience service
publish src/IterableAudience.Simulator simulator
mkdir -p "$results"

case ${2:-} in
    '')
        status=0
        soak Sqlite || status=$?
        soak PostgreSql || status=$?
        exit "$status"
        ;;
    together)
        soak Sqlite &
        sqlite=$!
        status=0
        soak PostgreSql || status=$?
        wait "$sqlite" || status=$?
        exit "$status"
        ;;
    *) soak "$2" ;;
esac
