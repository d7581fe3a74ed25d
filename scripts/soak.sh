#!/usr/bin/env bash
# Runs mixed small and large syncs for half an hour on both stores, one beside the other, checks every list at the end, and writes what the service held
# and how quick it was to tests/IterableAudience.Benchmarks/results. PostgreSQL's server programs are needed for the second one (Debian: postgresql).
#
#   ./scripts/soak.sh [minutes]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1
minutes=${1:-30}
results=tests/IterableAudience.Benchmarks/results
program=tests/IterableAudience.Benchmarks/bin/Release/net10.0/IterableAudience.Benchmarks.dll
folder=$(mktemp -d)

# The server refuses to run as root.
as_server() { if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
stop() {
    [ ! -f "$folder/data/postmaster.pid" ] || as_server "$bin/pg_ctl" -D "$folder/data" -m fast -w stop >/dev/null
    rm -rf "$folder"
}
trap stop EXIT

dotnet build tests/IterableAudience.Benchmarks --configuration Release --verbosity quiet -p:UseSharedCompilation=false
dotnet publish src/IterableAudience --configuration Release --output out/soak/service --verbosity quiet -p:UseSharedCompilation=false
dotnet publish src/IterableAudience.Simulator --configuration Release --output out/soak/simulator --verbosity quiet -p:UseSharedCompilation=false

dotnet "$program" soak --minutes "$minutes" --programs out/soak --out "$results/soak.md" &
sqlite=$!

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
if [ -x "$bin/initdb" ]; then
    chmod 711 "$folder"
    [ "$(id -u)" != 0 ] || chown postgres "$folder"
    port=$((20000 + RANDOM % 20000))
    as_server "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
    as_server "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=''" -w start >/dev/null
    dotnet "$program" soak --minutes "$minutes" --programs out/soak --store "Host=127.0.0.1;Port=$port;Username=postgres;Database=postgres" --out "$results/soak-postgres.md"
else
    echo "PostgreSQL's server programs are missing: only SQLite is run."
fi
wait "$sqlite"
