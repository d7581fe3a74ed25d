using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace IterableAudience.Store.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Sources : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "FromSource",
                table: "sync",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "LogDue",
                table: "sync",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.CreateTable(
                name: "baseline",
                columns: table => new
                {
                    ConnectionNo = table.Column<long>(type: "bigint", nullable: false),
                    SyncNo = table.Column<long>(type: "bigint", nullable: false),
                    Way = table.Column<byte>(type: "smallint", nullable: false),
                    ReadAsJson = table.Column<string>(type: "text", nullable: false),
                    IsDirty = table.Column<bool>(type: "boolean", nullable: false),
                    NeedsFull = table.Column<bool>(type: "boolean", nullable: false),
                    Nameless = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_baseline", x => x.ConnectionNo);
                });

            migrationBuilder.CreateTable(
                name: "preview",
                columns: table => new
                {
                    Id = table.Column<string>(type: "text", nullable: false),
                    RequestJson = table.Column<string>(type: "text", nullable: false),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_preview", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "source",
                columns: table => new
                {
                    Id = table.Column<string>(type: "text", nullable: false),
                    Name = table.Column<string>(type: "text", nullable: false),
                    SourceType = table.Column<string>(type: "text", nullable: false),
                    DefinitionName = table.Column<string>(type: "text", nullable: false),
                    AccountId = table.Column<string>(type: "text", nullable: false),
                    Enabled = table.Column<bool>(type: "boolean", nullable: false),
                    ConfigJson = table.Column<string>(type: "text", nullable: false),
                    ExternalId = table.Column<string>(type: "text", nullable: true),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false),
                    UpdatedAt = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_source", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "source_run",
                columns: table => new
                {
                    SyncNo = table.Column<long>(type: "bigint", nullable: false),
                    ConnectionNo = table.Column<long>(type: "bigint", nullable: false),
                    Way = table.Column<byte>(type: "smallint", nullable: false),
                    ReadAsJson = table.Column<string>(type: "text", nullable: false),
                    Nameless = table.Column<long>(type: "bigint", nullable: false),
                    RemovalsSkipped = table.Column<bool>(type: "boolean", nullable: false),
                    SnapshotTable = table.Column<string>(type: "text", nullable: true),
                    SnapshotColumnsJson = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_source_run", x => x.SyncNo);
                });

            migrationBuilder.CreateIndex(
                name: "IX_connection_SourceId",
                table: "connection",
                column: "SourceId");

            migrationBuilder.CreateIndex(
                name: "IX_source_AccountId",
                table: "source",
                column: "AccountId");

            migrationBuilder.CreateIndex(
                name: "IX_source_run_ConnectionNo",
                table: "source_run",
                column: "ConnectionNo");

            migrationBuilder.Sql(
                """
                -- The rows of a source as a sync read them, where the service compares them itself. part: a slice of the key-hash space; sync: who read them;
                -- live: they are the baseline (else it is still open whether they become it). blob: a version byte, then key, hash of the values and operation of each row, by key.
                CREATE TABLE baseline_part (
                  connection BIGINT NOT NULL, part INTEGER NOT NULL, sync BIGINT NOT NULL, live SMALLINT NOT NULL, blob BYTEA NOT NULL,
                  PRIMARY KEY (connection, part, sync));
                ALTER TABLE baseline_part ALTER COLUMN blob SET STORAGE EXTERNAL;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "baseline");

            migrationBuilder.DropTable(
                name: "baseline_part");

            migrationBuilder.DropTable(
                name: "preview");

            migrationBuilder.DropTable(
                name: "source");

            migrationBuilder.DropTable(
                name: "source_run");

            migrationBuilder.DropIndex(
                name: "IX_connection_SourceId",
                table: "connection");

            migrationBuilder.DropColumn(
                name: "FromSource",
                table: "sync");

            migrationBuilder.DropColumn(
                name: "LogDue",
                table: "sync");
        }
    }
}
