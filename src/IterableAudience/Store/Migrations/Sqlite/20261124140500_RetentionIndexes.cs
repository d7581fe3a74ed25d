using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace IterableAudience.Store.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class RetentionIndexes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
            => migrationBuilder.Sql(
                """
                -- What retention looks for, without reading every sync: by age, with and without records; those that it has begun to empty; who runs whose plan.
                CREATE INDEX sync_with_records ON sync ("FinishedAt") WHERE NOT "RecordsPurged";
                CREATE INDEX sync_purged ON sync ("FinishedAt") WHERE "RecordsPurged";
                CREATE INDEX sync_being_purged ON sync ("No") WHERE "RecordsPurged" AND "Partitions" > 0;
                CREATE INDEX sync_of_a_plan ON sync ("PlanSyncNo") WHERE "PlanSyncNo" <> "No";
                """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
            => migrationBuilder.Sql("DROP INDEX sync_with_records; DROP INDEX sync_purged; DROP INDEX sync_being_purged; DROP INDEX sync_of_a_plan;");
    }
}
