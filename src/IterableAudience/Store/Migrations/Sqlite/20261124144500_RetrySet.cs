using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace IterableAudience.Store.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class RetrySet : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
            => migrationBuilder.Sql(
                """
                -- What the next sync of a connection tries again. part: one of 256 slices of the key-hash space; sync: whose plan it came from.
                -- blob: as in chunk.
                CREATE TABLE retry (
                  connection INTEGER NOT NULL, part INTEGER NOT NULL, sync INTEGER NOT NULL, seq INTEGER NOT NULL,
                  records INTEGER NOT NULL, blob BLOB NOT NULL,
                  PRIMARY KEY (connection, part, sync, seq));
                """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.DropTable("retry");
    }
}
