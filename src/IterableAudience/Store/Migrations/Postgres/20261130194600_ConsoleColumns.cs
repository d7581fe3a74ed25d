using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace IterableAudience.Store.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class ConsoleColumns : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "FailedRecords",
                table: "sync",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "Members",
                table: "sync",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "Records",
                table: "sync",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Name",
                table: "audience_list",
                type: "text",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "connection_draft",
                columns: table => new
                {
                    Id = table.Column<string>(type: "text", nullable: false),
                    Owner = table.Column<string>(type: "text", nullable: false),
                    FieldsJson = table.Column<string>(type: "text", nullable: false),
                    UpdatedAt = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_connection_draft", x => x.Id);
                });

            // Syncs that were closed before have the numbers in their reports.
            migrationBuilder.Sql(@"UPDATE sync SET ""Records"" = (""ReportJson""::json->'received'->>'total')::bigint, ""FailedRecords"" = (""ReportJson""::json->'outcomes'->>'rejected')::bigint + (""ReportJson""::json->'outcomes'->>'failed')::bigint + (""ReportJson""::json->'outcomes'->>'forgotten')::bigint + (""ReportJson""::json->'outcomes'->>'not_sent')::bigint WHERE ""ReportJson"" IS NOT NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "connection_draft");

            migrationBuilder.DropColumn(
                name: "FailedRecords",
                table: "sync");

            migrationBuilder.DropColumn(
                name: "Members",
                table: "sync");

            migrationBuilder.DropColumn(
                name: "Records",
                table: "sync");

            migrationBuilder.DropColumn(
                name: "Name",
                table: "audience_list");
        }
    }
}
