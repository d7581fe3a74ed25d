using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace IterableAudience.Store.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "account",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    DefinitionName = table.Column<string>(type: "TEXT", nullable: false),
                    OptionsJson = table.Column<string>(type: "TEXT", nullable: false),
                    ProtectedSecret = table.Column<string>(type: "TEXT", nullable: false),
                    ProjectKey = table.Column<string>(type: "TEXT", nullable: true),
                    ExternalId = table.Column<string>(type: "TEXT", nullable: true),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    UpdatedAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_account", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "api_token",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    Role = table.Column<string>(type: "TEXT", nullable: false),
                    Hash = table.Column<string>(type: "TEXT", nullable: false),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_api_token", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "audience_list",
                columns: table => new
                {
                    No = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    DataCenter = table.Column<string>(type: "TEXT", nullable: false),
                    ListId = table.Column<long>(type: "INTEGER", nullable: false),
                    ClaimedBySync = table.Column<long>(type: "INTEGER", nullable: true),
                    LedgerVersion = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_audience_list", x => x.No);
                });

            migrationBuilder.CreateTable(
                name: "connection",
                columns: table => new
                {
                    No = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Id = table.Column<string>(type: "TEXT", nullable: true),
                    DestinationId = table.Column<string>(type: "TEXT", nullable: false),
                    SourceId = table.Column<string>(type: "TEXT", nullable: true),
                    Enabled = table.Column<bool>(type: "INTEGER", nullable: false),
                    ListNo = table.Column<long>(type: "INTEGER", nullable: false),
                    AudienceId = table.Column<long>(type: "INTEGER", nullable: false),
                    UpdateExistingUsersOnly = table.Column<bool>(type: "INTEGER", nullable: false),
                    IdentifiersJson = table.Column<string>(type: "TEXT", nullable: false),
                    ScheduleJson = table.Column<string>(type: "TEXT", nullable: false),
                    SyncSettingsJson = table.Column<string>(type: "TEXT", nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false),
                    ListCreatedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    LastSkippedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    ExternalId = table.Column<string>(type: "TEXT", nullable: true),
                    Deleted = table.Column<bool>(type: "INTEGER", nullable: false),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    UpdatedAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_connection", x => x.No);
                });

            migrationBuilder.CreateTable(
                name: "destination",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    AccountId = table.Column<string>(type: "TEXT", nullable: false),
                    Enabled = table.Column<bool>(type: "INTEGER", nullable: false),
                    ExternalId = table.Column<string>(type: "TEXT", nullable: true),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    UpdatedAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_destination", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "setting",
                columns: table => new
                {
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    Value = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_setting", x => x.Name);
                });

            migrationBuilder.CreateTable(
                name: "sync",
                columns: table => new
                {
                    No = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Id = table.Column<string>(type: "TEXT", nullable: true),
                    ConnectionNo = table.Column<long>(type: "INTEGER", nullable: false),
                    ListNo = table.Column<long>(type: "INTEGER", nullable: false),
                    Trigger = table.Column<byte>(type: "INTEGER", nullable: false),
                    Full = table.Column<bool>(type: "INTEGER", nullable: false),
                    DryRun = table.Column<bool>(type: "INTEGER", nullable: false),
                    Resend = table.Column<bool>(type: "INTEGER", nullable: false),
                    Phase = table.Column<byte>(type: "INTEGER", nullable: false),
                    Outcome = table.Column<byte>(type: "INTEGER", nullable: false),
                    Active = table.Column<bool>(type: "INTEGER", nullable: false),
                    Error = table.Column<string>(type: "TEXT", nullable: false),
                    StartedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    FinishedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    CancelRequested = table.Column<bool>(type: "INTEGER", nullable: false),
                    Partitions = table.Column<int>(type: "INTEGER", nullable: false),
                    ExpectedRecords = table.Column<long>(type: "INTEGER", nullable: true),
                    PlanSyncNo = table.Column<long>(type: "INTEGER", nullable: false),
                    PlanHash = table.Column<string>(type: "TEXT", nullable: true),
                    PlanLedgerVersion = table.Column<long>(type: "INTEGER", nullable: false),
                    PlanConnectionVersion = table.Column<int>(type: "INTEGER", nullable: false),
                    CutStage = table.Column<int>(type: "INTEGER", nullable: false),
                    CountsJson = table.Column<string>(type: "TEXT", nullable: false),
                    ReportJson = table.Column<string>(type: "TEXT", nullable: true),
                    IdempotencyKey = table.Column<string>(type: "TEXT", nullable: true),
                    BodyHash = table.Column<string>(type: "TEXT", nullable: true),
                    RecordsPurged = table.Column<bool>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_sync", x => x.No);
                });

            migrationBuilder.CreateIndex(
                name: "IX_account_Name",
                table: "account",
                column: "Name",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_api_token_Hash",
                table: "api_token",
                column: "Hash",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_audience_list_DataCenter_ListId",
                table: "audience_list",
                columns: new[] { "DataCenter", "ListId" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_connection_DestinationId",
                table: "connection",
                column: "DestinationId");

            migrationBuilder.CreateIndex(
                name: "IX_connection_Id",
                table: "connection",
                column: "Id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_connection_ListNo",
                table: "connection",
                column: "ListNo");

            migrationBuilder.CreateIndex(
                name: "IX_destination_AccountId",
                table: "destination",
                column: "AccountId");

            migrationBuilder.CreateIndex(
                name: "IX_destination_Name",
                table: "destination",
                column: "Name",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_sync_ConnectionNo_IdempotencyKey",
                table: "sync",
                columns: new[] { "ConnectionNo", "IdempotencyKey" },
                unique: true,
                filter: "\"IdempotencyKey\" IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_sync_ConnectionNo_No",
                table: "sync",
                columns: new[] { "ConnectionNo", "No" });

            migrationBuilder.CreateIndex(
                name: "IX_sync_Id",
                table: "sync",
                column: "Id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ux_sync_active",
                table: "sync",
                column: "ConnectionNo",
                unique: true,
                filter: "\"Active\"");

            migrationBuilder.Sql(SchemaSql.Read("Sqlite.Initial.sql"));
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            foreach (var table in new[] { "chunk", "verdict", "plan_part", "batch", "result", "failure", "request", "member", "holder", "ledger_count" })
            {
                migrationBuilder.DropTable(table);
            }

            migrationBuilder.DropTable(
                name: "account");

            migrationBuilder.DropTable(
                name: "api_token");

            migrationBuilder.DropTable(
                name: "audience_list");

            migrationBuilder.DropTable(
                name: "connection");

            migrationBuilder.DropTable(
                name: "destination");

            migrationBuilder.DropTable(
                name: "setting");

            migrationBuilder.DropTable(
                name: "sync");
        }
    }
}
