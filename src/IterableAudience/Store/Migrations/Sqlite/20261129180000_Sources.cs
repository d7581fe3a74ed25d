using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace IterableAudience.Store.Migrations.Sqlite
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
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "LogDue",
                table: "sync",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.CreateTable(
                name: "baseline",
                columns: table => new
                {
                    ConnectionNo = table.Column<long>(type: "INTEGER", nullable: false),
                    SyncNo = table.Column<long>(type: "INTEGER", nullable: false),
                    Way = table.Column<byte>(type: "INTEGER", nullable: false),
                    ReadAsJson = table.Column<string>(type: "TEXT", nullable: false),
                    IsDirty = table.Column<bool>(type: "INTEGER", nullable: false),
                    NeedsFull = table.Column<bool>(type: "INTEGER", nullable: false),
                    Nameless = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_baseline", x => x.ConnectionNo);
                });

            migrationBuilder.CreateTable(
                name: "preview",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", nullable: false),
                    RequestJson = table.Column<string>(type: "TEXT", nullable: false),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_preview", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "source",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    SourceType = table.Column<string>(type: "TEXT", nullable: false),
                    DefinitionName = table.Column<string>(type: "TEXT", nullable: false),
                    AccountId = table.Column<string>(type: "TEXT", nullable: false),
                    Enabled = table.Column<bool>(type: "INTEGER", nullable: false),
                    ConfigJson = table.Column<string>(type: "TEXT", nullable: false),
                    ExternalId = table.Column<string>(type: "TEXT", nullable: true),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    UpdatedAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_source", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "source_run",
                columns: table => new
                {
                    SyncNo = table.Column<long>(type: "INTEGER", nullable: false),
                    ConnectionNo = table.Column<long>(type: "INTEGER", nullable: false),
                    Way = table.Column<byte>(type: "INTEGER", nullable: false),
                    ReadAsJson = table.Column<string>(type: "TEXT", nullable: false),
                    Nameless = table.Column<long>(type: "INTEGER", nullable: false),
                    RemovalsSkipped = table.Column<bool>(type: "INTEGER", nullable: false),
                    SnapshotTable = table.Column<string>(type: "TEXT", nullable: true),
                    SnapshotColumnsJson = table.Column<string>(type: "TEXT", nullable: false)
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
                  connection INTEGER NOT NULL, part INTEGER NOT NULL, sync INTEGER NOT NULL, live INTEGER NOT NULL, blob BLOB NOT NULL,
                  PRIMARY KEY (connection, part, sync));
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
