#!/usr/bin/env bash
# Builds everything, starts the service with a simulator of Iterable, pushes two days of sample records and checks the list.
#
#   ./scripts/demo.sh            exits 0 when the list is exactly the expected audience, else says what differs and exits 1
#   ./scripts/demo.sh --keep     stays up afterwards and prints the addresses of the console and of Swagger UI, and the admin token
#
# Needs a .NET 10 SDK and nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v dotnet >/dev/null || ! dotnet --list-sdks | grep '^10\.' >/dev/null; then
    echo "The demo needs a .NET 10 SDK: https://dotnet.microsoft.com/download/dotnet/10.0" >&2
    exit 1
fi

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
# No build server may stay behind.
export MSBUILDDISABLENODEREUSE=1
out=$PWD/out/demo

# Whether the code is clean is for the build and the tests to say; a newer SDK that warns about more must not stop the demo.
publish() {
    dotnet publish "$1" --configuration Release --output "$out/$2" --verbosity quiet \
        -p:UseSharedCompilation=false -p:RunAnalyzers=false -p:TreatWarningsAsErrors=false -p:NuGetAudit=false
}

echo "Building the service, the simulator and the demo …"
publish src/IterableAudience service
publish src/IterableAudience.Simulator simulator
publish samples/IterableAudience.Demo driver
echo "Built in ${SECONDS} s."

# exec: Ctrl-C and SIGTERM reach the driver itself, and it stops what it started.
exec dotnet "$out/driver/IterableAudience.Demo.dll" demo \
    --service "$out/service/IterableAudience.dll" \
    --simulator "$out/simulator/IterableAudience.Simulator.dll" \
    --samples samples "$@"
