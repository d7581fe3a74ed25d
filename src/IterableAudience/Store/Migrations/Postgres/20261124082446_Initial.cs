using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace IterableAudience.Store.Migrations.Postgres
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
                    Id = table.Column<string>(type: "text", nullable: false),
                    Name = table.Column<string>(type: "text", nullable: false),
                    DefinitionName = table.Column<string>(type: "text", nullable: false),
                    OptionsJson = table.Column<string>(type: "text", nullable: false),
                    ProtectedSecret = table.Column<string>(type: "text", nullable: false),
                    ProjectKey = table.Column<string>(type: "text", nullable: true),
                    ExternalId = table.Column<string>(type: "text", nullable: true),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false),
                    UpdatedAt = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_account", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "api_token",
                columns: table => new
                {
                    Id = table.Column<string>(type: "text", nullable: false),
                    Name = table.Column<string>(type: "text", nullable: false),
                    Role = table.Column<string>(type: "text", nullable: false),
                    Hash = table.Column<string>(type: "text", nullable: false),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_api_token", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "audience_list",
                columns: table => new
                {
                    No = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    DataCenter = table.Column<string>(type: "text", nullable: false),
                    ListId = table.Column<long>(type: "bigint", nullable: false),
                    ClaimedBySync = table.Column<long>(type: "bigint", nullable: true),
                    LedgerVersion = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_audience_list", x => x.No);
                });

            migrationBuilder.CreateTable(
                name: "connection",
                columns: table => new
                {
                    No = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    Id = table.Column<string>(type: "text", nullable: true),
                    DestinationId = table.Column<string>(type: "text", nullable: false),
                    SourceId = table.Column<string>(type: "text", nullable: true),
                    Enabled = table.Column<bool>(type: "boolean", nullable: false),
                    ListNo = table.Column<long>(type: "bigint", nullable: false),
                    AudienceId = table.Column<long>(type: "bigint", nullable: false),
                    UpdateExistingUsersOnly = table.Column<bool>(type: "boolean", nullable: false),
                    IdentifiersJson = table.Column<string>(type: "text", nullable: false),
                    ScheduleJson = table.Column<string>(type: "text", nullable: false),
                    SyncSettingsJson = table.Column<string>(type: "text", nullable: false),
                    Version = table.Column<int>(type: "integer", nullable: false),
                    ListCreatedAt = table.Column<long>(type: "bigint", nullable: true),
                    LastSkippedAt = table.Column<long>(type: "bigint", nullable: true),
                    ExternalId = table.Column<string>(type: "text", nullable: true),
                    Deleted = table.Column<bool>(type: "boolean", nullable: false),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false),
                    UpdatedAt = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_connection", x => x.No);
                });

            migrationBuilder.CreateTable(
                name: "destination",
                columns: table => new
                {
                    Id = table.Column<string>(type: "text", nullable: false),
                    Name = table.Column<string>(type: "text", nullable: false),
                    AccountId = table.Column<string>(type: "text", nullable: false),
                    Enabled = table.Column<bool>(type: "boolean", nullable: false),
                    ExternalId = table.Column<string>(type: "text", nullable: true),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false),
                    UpdatedAt = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_destination", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "setting",
                columns: table => new
                {
                    Name = table.Column<string>(type: "text", nullable: false),
                    Value = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_setting", x => x.Name);
                });

            migrationBuilder.CreateTable(
                name: "sync",
                columns: table => new
                {
                    No = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    Id = table.Column<string>(type: "text", nullable: true),
                    ConnectionNo = table.Column<long>(type: "bigint", nullable: false),
                    ListNo = table.Column<long>(type: "bigint", nullable: false),
                    Trigger = table.Column<byte>(type: "smallint", nullable: false),
                    Full = table.Column<bool>(type: "boolean", nullable: false),
                    DryRun = table.Column<bool>(type: "boolean", nullable: false),
                    Resend = table.Column<bool>(type: "boolean", nullable: false),
                    Phase = table.Column<byte>(type: "smallint", nullable: false),
                    Outcome = table.Column<byte>(type: "smallint", nullable: false),
                    Active = table.Column<bool>(type: "boolean", nullable: false),
                    Error = table.Column<string>(type: "text", nullable: false),
                    StartedAt = table.Column<long>(type: "bigint", nullable: false),
                    FinishedAt = table.Column<long>(type: "bigint", nullable: true),
                    CancelRequested = table.Column<bool>(type: "boolean", nullable: false),
                    Partitions = table.Column<int>(type: "integer", nullable: false),
                    ExpectedRecords = table.Column<long>(type: "bigint", nullable: true),
                    PlanSyncNo = table.Column<long>(type: "bigint", nullable: false),
                    PlanHash = table.Column<string>(type: "text", nullable: true),
                    PlanLedgerVersion = table.Column<long>(type: "bigint", nullable: false),
                    PlanConnectionVersion = table.Column<int>(type: "integer", nullable: false),
                    CutStage = table.Column<int>(type: "integer", nullable: false),
                    CountsJson = table.Column<string>(type: "text", nullable: false),
                    ReportJson = table.Column<string>(type: "text", nullable: true),
                    IdempotencyKey = table.Column<string>(type: "text", nullable: true),
                    BodyHash = table.Column<string>(type: "text", nullable: true),
                    RecordsPurged = table.Column<bool>(type: "boolean", nullable: false)
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

            migrationBuilder.Sql(SchemaSql.Read("Postgres.Initial.sql"));
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
