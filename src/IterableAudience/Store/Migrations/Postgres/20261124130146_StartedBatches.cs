using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace IterableAudience.Store.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class StartedBatches : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
            => migrationBuilder.Sql(
                """
                -- Batches of which a request may have gone out: written before the first one.
                CREATE TABLE started (sync BIGINT NOT NULL, stage SMALLINT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (sync, stage, n));
                """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.DropTable("started");
    }
}
