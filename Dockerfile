# syntax=docker/dockerfile:1
# Two images from one file: the service (default) and, with --target simulator, the simulator of Iterable.
#   docker build --build-arg COMMIT=$(git rev-parse HEAD) -t iterable-audience .

FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:10.0.401-noble AS build
ENV DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
WORKDIR /repository

# Packages first: they change seldom. The lock files say exactly which.
COPY global.json Directory.Build.props Directory.Build.targets Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/IterableAudience/IterableAudience.csproj src/IterableAudience/packages.lock.json src/IterableAudience/
COPY src/IterableAudience.Simulator/IterableAudience.Simulator.csproj src/IterableAudience.Simulator/packages.lock.json src/IterableAudience.Simulator/
RUN dotnet restore src/IterableAudience --locked-mode && dotnet restore src/IterableAudience.Simulator --locked-mode

COPY src/ src/
# The repository's history stays out of the build, so the commit that /version answers with comes from outside.
ARG COMMIT=""
# The service is compiled for the image's machine, whatever machine builds it; the compiler for that is restored here.
ARG TARGETARCH
RUN dotnet publish src/IterableAudience --arch $TARGETARCH --configuration Release --output /out/service -p:RestoreLockedMode=true -p:UseAppHost=false -p:SourceRevisionId="$COMMIT" \
 && dotnet publish src/IterableAudience.Simulator --no-restore --configuration Release --output /out/simulator -p:UseAppHost=false -p:SourceRevisionId="$COMMIT"

FROM mcr.microsoft.com/dotnet/aspnet:10.0.12-noble AS simulator
WORKDIR /app
COPY --from=build /out/simulator ./
ENV ASPNETCORE_HTTP_PORTS= \
    Simulator__Url=http://0.0.0.0:8090
EXPOSE 8090
USER $APP_UID
STOPSIGNAL SIGTERM
ENTRYPOINT ["dotnet", "IterableAudience.Simulator.dll"]

FROM mcr.microsoft.com/dotnet/aspnet:10.0.12-noble AS service
WORKDIR /app
COPY --from=build /out/service ./
# The program is root's and can't change itself; it writes to these two folders only. The keys that open the store's secrets lie apart from the store.
RUN mkdir --mode=0700 /data /keys && chown $APP_UID:$APP_UID /data /keys
VOLUME ["/data", "/keys"]
ENV ASPNETCORE_HTTP_PORTS= \
    ASPNETCORE_URLS=http://0.0.0.0:8080 \
    ConnectionStrings__Store="Data Source=/data/iterable-audience.db" \
    Security__KeyRing=/keys \
    Sources__DuckDb__Root=/data/warehouse
EXPOSE 8080
USER $APP_UID
STOPSIGNAL SIGTERM
# The image has neither curl nor wget: the program asks itself, at the address it is told to listen on.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["dotnet", "IterableAudience.dll", "--health-check"]
ENTRYPOINT ["dotnet", "IterableAudience.dll"]
