using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace IterableAudience.Store.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class RateBudgets : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
            => migrationBuilder.Sql(
                """
                -- The budget of each Iterable project, where nodes share it (a row is written with every request). Times are microseconds of the
                -- database's clock. last_at: the start that was handed out last; spacing: the distance kept to it; rate: requests per second allowed
                -- at the end of the last pause; strikes: 429 in a row; generation: pauses so far.
                CREATE TABLE rate_budget (
                  project TEXT NOT NULL PRIMARY KEY, asked_at BIGINT NOT NULL, last_at BIGINT NOT NULL, spacing BIGINT NOT NULL, rate DOUBLE PRECISION NOT NULL,
                  paused_until BIGINT NOT NULL, strikes INTEGER NOT NULL, generation INTEGER NOT NULL) WITH (fillfactor = 50);
                """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.DropTable("rate_budget");
    }
}
