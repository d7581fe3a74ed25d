using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace IterableAudience.Store.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class HolderRuns : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
            => migrationBuilder.Sql(
                """
                -- Who holds an identifier; derived from member. In sorted runs that don't change: each sync adds some, and those of like size are merged.
                -- gone: it names who holds no more. live: it counts; others are still being written, or on their way out.
                CREATE TABLE holder_run (
                  run INTEGER PRIMARY KEY AUTOINCREMENT, list INTEGER NOT NULL, connection INTEGER NOT NULL,
                  gone INTEGER NOT NULL, live INTEGER NOT NULL, entries INTEGER NOT NULL);
                CREATE INDEX holder_run_list ON holder_run (list);

                -- first: the lowest identifier hash in it; all entries of a hash are in one block. blob: a version byte, then hash and key hash of each entry.
                CREATE TABLE holder_block (
                  run INTEGER NOT NULL, first INTEGER NOT NULL, blob BLOB NOT NULL,
                  PRIMARY KEY (run, first)) WITHOUT ROWID;

                INSERT INTO holder_run (list, connection, gone, live, entries)
                SELECT list, connection, 0, 1, count(*) FROM holder GROUP BY list, connection;
                INSERT INTO holder_block (run, first, blob)
                SELECT r.run, min(h.hash), unhex('01' || group_concat(printf('%016x%016x', h.hash, h.key_hash), '' ORDER BY h.hash, h.key_hash))
                FROM (SELECT list, connection, hash, key_hash, (dense_rank() OVER (PARTITION BY list, connection ORDER BY hash) - 1) / 32 AS block FROM holder) h
                JOIN holder_run r ON r.list = h.list AND r.connection = h.connection
                GROUP BY r.run, h.block;
                DROP TABLE holder;
                """);

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
            => throw new System.NotSupportedException("There is no way back from runs of holders: restore a backup.");
    }
}
