using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace IterableAudience.Store.Migrations.Sqlite
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
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "Members",
                table: "sync",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "Records",
                table: "sync",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Name",
                table: "audience_list",
                type: "TEXT",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "connection_draft",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", nullable: false),
                    Owner = table.Column<string>(type: "TEXT", nullable: false),
                    FieldsJson = table.Column<string>(type: "TEXT", nullable: false),
                    UpdatedAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_connection_draft", x => x.Id);
                });

            // Syncs that were closed before have the numbers in their reports.
            migrationBuilder.Sql(@"UPDATE sync SET ""Records"" = json_extract(""ReportJson"", '$.received.total'), ""FailedRecords"" = json_extract(""ReportJson"", '$.outcomes.rejected') + json_extract(""ReportJson"", '$.outcomes.failed') + json_extract(""ReportJson"", '$.outcomes.forgotten') + json_extract(""ReportJson"", '$.outcomes.not_sent') WHERE ""ReportJson"" IS NOT NULL");
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
