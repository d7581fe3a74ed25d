using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace IterableAudience.Store.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Nodes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "ClaimEpoch",
                table: "sync",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<string>(
                name: "ClaimedBy",
                table: "sync",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "ProgressJson",
                table: "sync",
                type: "text",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "node",
                columns: table => new
                {
                    Id = table.Column<string>(type: "text", nullable: false),
                    Until = table.Column<long>(type: "bigint", nullable: false),
                    Grace = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_node", x => x.Id);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "node");

            migrationBuilder.DropColumn(
                name: "ClaimEpoch",
                table: "sync");

            migrationBuilder.DropColumn(
                name: "ClaimedBy",
                table: "sync");

            migrationBuilder.DropColumn(
                name: "ProgressJson",
                table: "sync");
        }
    }
}
